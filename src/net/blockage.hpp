// Whether a thread holds up its turn or is merely kept from the processor by a busy machine. Pure: samples in, verdict out.
//
// Only two kinds of time count against the thread: processor time that it used, and time in which it slept in a call (seen asleep twice in
// the same turn, with hardly any processor time between). Time in which it was ready to run and had to wait counts for nothing, however
// long.
#pragma once

#include <chrono>
#include <cstdint>

namespace lastack::net {

struct ThreadSample {
    std::chrono::steady_clock::time_point at;
    std::uint64_t turn = 0;       // Turn::number(): odd while a turn is under way
    std::uint64_t heartbeat = 0;  // the one that was posted and did not run yet; 0: none
    bool asleep = false;          // the kernel's states S and D
    std::chrono::nanoseconds processor_time{0};
};

class Blockage {
public:
    // `interval`: how far apart samples are meant to be. A sampler that comes late was itself kept waiting, so no more counts.
    Blockage(std::chrono::nanoseconds limit, std::chrono::nanoseconds interval) : limit_{limit}, interval_{interval} {}

    // True once per turn that was held up for the limit. Outside of any labelled turn an unanswered heartbeat stands for a turn; there
    // processor time counts a tenth, because many short handlers may have come before the heartbeat.
    [[nodiscard]] bool found(const ThreadSample& sample);

private:
    static constexpr int short_handlers = 10;

    std::chrono::nanoseconds limit_;
    std::chrono::nanoseconds interval_;
    ThreadSample last_;
    std::chrono::nanoseconds held_up_{0};
    bool told_ = false;
};

}  // namespace lastack::net
