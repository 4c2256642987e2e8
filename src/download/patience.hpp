// What is left of the time that a file as a whole may take (TimeBudget), over its attempts and mirrors. Time costs, bytes earn some of it
// back. Pure.
#pragma once

#include "base/time.hpp"

#include "lastack/request.hpp"

#include <cstdint>

namespace lastack::download {

// What else goes on, by which a transfer's rate is judged.
struct RestOfRun {
    unsigned transfers = 1;    // at work, this one included
    double other_servers = 0;  // bytes per second that the fastest of them gave lately; 0: not known
};

// Bytes that earn a second.
[[nodiscard]] double least_rate(const TimeBudget& budget, const RestOfRun& rest);

class Patience {
public:
    // `received`: bytes of the file that are there already; they earn nothing.
    Patience(const TimeBudget& budget, std::uint64_t received);

    // The next mirror's turn. One that was not asked before gets a part even when the others used it all up; a server may be silent for
    // `timeout`, which is a part at least.
    void begin_mirror(bool is_new, Duration timeout);
    // Waiting for a server took that long, and then the file had this many bytes; what comes a second time earns nothing.
    void pass(Duration time, std::uint64_t received, const RestOfRun& rest);

    [[nodiscard]] Duration left() const noexcept { return left_; }
    [[nodiscard]] bool is_over() const noexcept { return left_ <= Duration{0}; }
    // The mirror's part of it: time for another one that is at hand.
    [[nodiscard]] bool is_over_here() const noexcept { return left_here_ <= Duration{0}; }
    // Whether a mirror that was not asked yet is still given its part.
    [[nodiscard]] bool has_parts() const noexcept { return parts_ > 0; }

    [[nodiscard]] Duration spent() const noexcept { return spent_; }
    [[nodiscard]] std::uint64_t received() const noexcept { return most_received_ - received_before_; }

private:
    TimeBudget budget_;
    Duration time_;
    Duration left_;
    Duration most_here_;
    Duration left_here_;
    Duration spent_{0};
    std::uint64_t received_before_;
    std::uint64_t most_received_;
    unsigned parts_;
};

}  // namespace lastack::download
