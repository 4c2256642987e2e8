// May this request be sent again, and how? Pure: the table of docs/design/connections.md (retry rules A to M).
#pragma once

#include "http/message.hpp"

#include <cstdint>

namespace lastack::http {

// How far an exchange came before its connection died.
struct ExchangeEnd {
    bool reused = false;       // the connection had carried a request before
    bool timed_out = false;    // silence, not a close
    std::size_t written = 0;   // request bytes that the kernel took
    std::size_t received = 0;  // bytes of the answer
    bool head_complete = false;
    int status = 0;  // when the head is complete
};

enum class Replay : std::uint8_t {
    no,           // the failure is the server's: report it
    again,        // resend at once on any connection
    again_fresh,  // resend at once, only on a connection that never carried a request
};

// `resends` counts the resends of this request so far.
[[nodiscard]] constexpr Replay may_replay(const ExchangeEnd& end, unsigned resends) noexcept {
    constexpr unsigned most_resends = 2;
    if (!end.reused || end.timed_out || resends >= most_resends) {
        return Replay::no;  // D, L: a fresh connection that dies, or silence, is the server's failure
    }
    if (end.head_complete && end.status != 408) {
        return Replay::no;  // F, G: there is an answer
    }
    if (end.received > 0 && resends > 0) {
        return Replay::no;  // E: once
    }
    return resends == 0 ? Replay::again : Replay::again_fresh;  // A, B, M; every method we send is idempotent
}

}  // namespace lastack::http
