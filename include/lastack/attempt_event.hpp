// Each attempt at a file or document as a value: which mirror, over which connection, how long each phase took, what came of it and what
// is done next.
#pragma once

#include "lastack/error.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lastack {

enum class AfterAttempt : std::uint8_t {
    done,          // it brought the whole
    again,         // the same mirror once more
    other_mirror,  // the next attempt goes to another one
    give_up,       // the file failed
};

// Why an attempt was ended from our side although nothing had failed yet.
enum class LeftMirror : std::uint8_t {
    no,
    stalled,       // silent for too long, with another mirror at hand
    faster_known,  // another mirror would bring the rest in much less time
    exploring,     // slow, and another mirror's rate is not known yet
    too_slow,      // its part of the file's TimeBudget is used up, with another mirror at hand
    out_of_time,   // all of that is
};

struct AttemptEvent {
    std::string url;                      // asked for, without secrets
    std::size_t mirror = 0;               // its place in the request's list of URLs
    unsigned number = 1;                  // of the attempt for this file, counted from 1; 0: the end of a large file, beside them
    std::string address;                  // "ip:port" of the server; empty: no connection came about
    bool reused = false;                  // the connection had carried a request before
    std::chrono::nanoseconds started{0};  // CLOCK_BOOTTIME
    std::chrono::nanoseconds setup{0};    // waiting for a connection: a place within the limits, name, TCP, tunnel, TLS
    std::chrono::nanoseconds waiting{0};  // from then to the answer's first byte
    std::chrono::nanoseconds body{0};     // from then to the end of the attempt
    std::uint64_t received = 0;           // bytes of answers, heads included
    std::optional<Error> error;           // unset: it succeeded
    LeftMirror left = LeftMirror::no;
    AfterAttempt next = AfterAttempt::done;
    std::chrono::nanoseconds delay{0};  // before the next one
};

// One line: "attempt 2 http://host/file (192.0.2.1:80, reused): 4096 bytes in 0.120 s, connection reset; other mirror".
[[nodiscard]] std::string describe(const AttemptEvent& event);

}  // namespace lastack
