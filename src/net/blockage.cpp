#include "net/blockage.hpp"

#include <algorithm>
#include <utility>

namespace lastack::net {

bool Blockage::found(const ThreadSample& sample) {
    const ThreadSample before = std::exchange(last_, sample);
    const bool in_turn = sample.turn % 2 != 0;
    const bool same = sample.turn == before.turn && (in_turn || (sample.heartbeat != 0 && sample.heartbeat == before.heartbeat));
    if (!same) {
        held_up_ = std::chrono::nanoseconds{0};
        told_ = false;
        return false;
    }
    const auto used = sample.processor_time - before.processor_time;
    const auto passed = std::min<std::chrono::nanoseconds>(sample.at - before.at, interval_);
    const bool slept = sample.asleep && before.asleep && used < passed / 2;
    held_up_ += in_turn ? used : used / short_handlers;
    held_up_ += slept ? passed - used : std::chrono::nanoseconds{0};
    return held_up_ >= limit_ && !std::exchange(told_, true);
}

}  // namespace lastack::net
