// Whether to go on waiting for a mirror while others are at hand: judged against the transfer's own pace and what is known of the others.
// Pure.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>

namespace lastack::download {

struct OtherMirrors {
    bool at_hand = false;     // one is left that has not failed since this file last made progress
    bool known_good = false;  // and one of them succeeded lately
    Duration first_byte{0};   // what the best of those takes to answer
};

// How long opening a connection may take. Unset: the whole `timeout`.
[[nodiscard]] std::optional<Duration> dial_limit(const OtherMirrors& others);

// How long a server may be silent before the transfer is left. `longest_gap`: between arrivals so far; unset before the first byte.
// Unset: the whole `timeout`.
[[nodiscard]] std::optional<Duration> silence_limit(std::optional<Duration> longest_gap, const OtherMirrors& others);

// Whether the rest is better fetched elsewhere. Seconds.
struct MoveQuestion {
    double running = 0;      // since the connection was at work
    double here = 0;         // until the rest is here at the present rate
    double there = 0;        // until another mirror would have brought it
    bool exploring = false;  // this mirror was tried only to see whether it is faster
};
[[nodiscard]] bool worth_moving(const MoveQuestion& question);

// Whether a mirror of unknown speed is worth a try for the rest.
[[nodiscard]] bool worth_exploring(double running, double here, unsigned explored);

}  // namespace lastack::download
