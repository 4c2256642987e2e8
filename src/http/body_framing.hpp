// Where the body of an answer ends (RFC 9112 section 6.3), and whether the connection lives on (section 9.3). Pure.
#pragma once

#include "http/message.hpp"

#include "lastack/result.hpp"

#include <chrono>
#include <optional>

namespace lastack::http {

enum class FramingKind : std::uint8_t {
    none,    // no body: HEAD, 1xx, 204, 304
    length,  // exactly `length` bytes
    chunked,
    until_close,  // all that comes until the connection ends
};

struct Framing {
    FramingKind kind = FramingKind::none;
    std::uint64_t length = 0;

    friend bool operator==(const Framing&, const Framing&) = default;
};

// Errors: HttpErrc::bad_framing for what must not be guessed at: several lengths, a length that is no plain number, a transfer coding other
// than exactly "chunked".
[[nodiscard]] Result<Framing> body_framing(Method method, const ResponseHead& head);

// Whether the server keeps the connection after this answer, as far as its head says.
[[nodiscard]] bool keeps_connection(const ResponseHead& head, const Framing& framing);

// Keep-Alive: timeout=N, max=M (RFC 2068 heritage): hints, absent or unreadable ones are nothing.
struct KeepAliveHint {
    std::optional<std::chrono::seconds> timeout;
    std::optional<std::uint64_t> max;
};
[[nodiscard]] KeepAliveHint keep_alive_hint(const ResponseHead& head);

}  // namespace lastack::http
