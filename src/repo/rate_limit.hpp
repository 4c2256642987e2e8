// yum's throttle. Pure.
#pragma once

#include <cstdint>

namespace lastack::repo {

struct RateLimit {
    std::uint64_t bytes_per_second = 0;  // 0: no limit
    double part = 0;                     // of `bandwidth`, to 1; 0: bytes_per_second is what counts

    friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

// Bytes per second; 0: no limit, also for a part of a bandwidth that nobody told (0).
[[nodiscard]] std::uint64_t rate_of(const RateLimit& limit, std::uint64_t bandwidth);

}  // namespace lastack::repo
