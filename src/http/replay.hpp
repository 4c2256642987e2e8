// May this request be sent again, and how? Pure: the retry rules A to N of docs/design/connections.md, after the connection's Lifecycle has
// said what became of the request. A POST of which a byte was sent is never repeated: it may have been obeyed.
#pragma once

#include "net/lifecycle.hpp"

#include <cstdint>

namespace lastack::http {

enum class Replay : std::uint8_t {
    no,           // the failure is the server's: report it
    again,        // resend at once on any connection
    again_fresh,  // resend at once, only on a connection that never carried a request
};

// Resends of one request so far, by cause.
struct Resends {
    unsigned unsent = 0;  // A: the connection died before the first byte was out
    unsigned stale = 0;   // B, E, M: it had died unused
};

constexpr unsigned most_unsent = 8;
constexpr unsigned most_stale = 2;

// `answer_began`: part of a head came. `repeatable`: doing it twice does no harm, or nothing of it was sent.
[[nodiscard]] constexpr Replay may_replay(net::Fate fate, bool answer_began, const Resends& so_far, bool repeatable = true) noexcept {
    if (!repeatable) {
        return Replay::no;
    }
    switch (fate) {
        case net::Fate::elsewhere:  // A: free, but not for ever
            return so_far.unsent < most_unsent ? Replay::again : Replay::no;
        case net::Fate::stale:
            if (so_far.stale >= most_stale || (answer_began && so_far.stale > 0)) {
                return Replay::no;  // B: twice; E: once
            }
            return so_far.stale == 0 ? Replay::again : Replay::again_fresh;
        default:
            return Replay::no;  // D, F, G, H, L, N
    }
}

}  // namespace lastack::http
