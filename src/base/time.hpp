// One clock for every deadline: CLOCK_BOOTTIME, which goes on while the machine sleeps. Only `net::Network` and program entry points
// read it; everything else is given `now`.
#pragma once

#include <chrono>
#include <ctime>

namespace lastack {

struct Clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Clock>;
    static constexpr bool is_steady = true;

    static time_point now() noexcept {
        timespec t{};
        clock_gettime(CLOCK_BOOTTIME, &t);
        return time_point{std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec}};
    }
};

using TimePoint = Clock::time_point;
using Duration = Clock::duration;

}  // namespace lastack
