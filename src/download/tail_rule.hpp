// When the end of a large file is worth a second connection, where that end begins, and whether it helped. Pure.
#pragma once

#include "base/time.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace lastack::download {

// Bytes per second lately: older ones fade.
class FadingRate {
public:
    void add(std::uint64_t bytes, Duration time);
    [[nodiscard]] double per_second() const noexcept { return time_ > 0 ? bytes_ / time_ : 0; }
    [[nodiscard]] Duration measured() const noexcept { return measured_; }

private:
    double bytes_ = 0;
    double time_ = 0;  // seconds
    Duration measured_{0};
};

// A file below it is not looked at.
constexpr std::uint64_t least_with_tail = std::uint64_t{2} << 20;

struct TailQuestion {
    std::uint64_t position = 0;  // bytes that are there or on their way from the beginning
    std::uint64_t size = 0;      // of the file
    double rate = 0;             // bytes per second of the transfer under way
    double other_rate = 0;       // of one from the mirror that would bring the end; 0: not known
    Duration measured{0};        // how long `rate` was looked at
};

// The first byte of the end that a second connection should bring. Unset: what is left is not worth one, or not known well enough.
[[nodiscard]] std::optional<std::uint64_t> tail_begin(const TailQuestion& question);

constexpr auto tail_trial = std::chrono::seconds{3};

// After the trial: both together are clearly faster than one was alone.
[[nodiscard]] bool tail_helps(double alone, double together);

}  // namespace lastack::download
