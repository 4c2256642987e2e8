// Bytes per second over the last seconds: a rate that follows what happens now and does not jump with every packet. Pure.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <deque>

namespace lastack::cli {

class RateWindow {
public:
    static constexpr Duration length = std::chrono::seconds{5};
    static constexpr Duration grain = std::chrono::milliseconds{100};  // samples closer together are one

    explicit RateWindow(TimePoint begun, std::uint64_t bytes = 0) : samples_{{begun, bytes}} {}

    // `bytes` is the count so far. One that goes down (a file started over) begins a new window.
    void add(TimePoint now, std::uint64_t bytes);

    // Bytes per second over `length`, or since the beginning when that was later. Falls to 0 while nothing comes.
    [[nodiscard]] double rate(TimePoint now) const;

private:
    struct Sample {
        TimePoint time;
        std::uint64_t bytes = 0;
    };
    std::deque<Sample> samples_;  // the first is what stood at the window's beginning; never empty
};

}  // namespace lastack::cli
