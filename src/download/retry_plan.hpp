// After a failed attempt: go on where, when, or give up. Pure.
#pragma once

#include "base/time.hpp"

#include "lastack/error.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace lastack::download {

enum class FailureClass : unsigned char {
    interrupted,     // this side closed the connection: the same again, at once
    final,           // cancelled, or our own disk: no mirror can help
    mirror,          // this mirror will not serve this file (404, refused redirect, wrong content): the next one may
    transient,       // may well work in a moment
    slow_to_change,  // refused, unreachable: worth a short wait or two, not the whole budget
};

[[nodiscard]] FailureClass classify(const Error& error);

// Of class `mirror`: what came was wrong, which another request may not be, unlike a plain "not here".
[[nodiscard]] bool is_worth_a_second_round(const Error& error);

// What the attempts for one file came to so far.
struct AttemptHistory {
    unsigned attempts = 0;          // made, the failed one included; those that only struck a mirror out do not count
    unsigned retries = 10;          // most attempts; 0: bounded by progress only
    unsigned without_progress = 0;  // counted ones in a row that brought no byte
    std::size_t mirror = 0;         // the one that failed
    std::vector<bool> struck_out;   // per mirror: no more attempts for this file
    // Per mirror: its share of `without_progress`, which does not count once it is struck out. Empty: not told.
    std::vector<unsigned> fruitless = {};
};

struct Retry {
    std::size_t mirror = 0;
    Duration delay{0};

    friend bool operator==(const Retry&, const Retry&) = default;
};

// `history.struck_out[history.mirror]` is taken as set when the class is `mirror`. Nothing: give up.
[[nodiscard]] std::optional<Retry> plan_retry(FailureClass failure, const AttemptHistory& history);

}  // namespace lastack::download
