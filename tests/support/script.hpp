// What a scripted origin is told to do: steps on the wire, and replies made of them. Values only.
#pragma once

#include "base/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lastack::test {

struct Header {
    std::string name;
    std::string value;
};

struct SeenRequest {
    int connection = 0;            // 1: the first accepted
    int number_on_connection = 0;  // 1: its first
    std::string method;
    std::string target;
    std::string version;
    std::vector<Header> headers;
    TimePoint time{};        // when its last byte was read
    bool after_fin = false;  // it came when our FIN was out already: nobody will answer it

    [[nodiscard]] std::string_view path() const;                         // the target without its query
    [[nodiscard]] std::string_view header(std::string_view name) const;  // the first of that name; empty when there is none
    [[nodiscard]] bool has(std::string_view name) const;
};

// `more` holds the bytes back, so that the next Send, or the FIN of the next step, leaves in the same segment.
struct Send {
    std::string bytes;
    bool more = false;
};
struct SendEndless {
    std::string pattern;
    std::uint64_t limit = 0;  // bytes; 0: until the peer closes
};
// What close(2) looks like from the peer's side: FIN, then RST for whatever it still sends. The descriptor is kept, so that the peer's
// own FIN or RST is recorded.
struct CloseFin {};
// Half close: FIN, and what the peer still sends is read and dropped.
struct ShutdownWrite {};
// RST (SO_LINGER 0).
struct Reset {};
struct WaitUntil {
    std::string gate;
};
struct WaitForPeerClose {};
// Until this many bytes lie behind the current request.
struct WaitReadable {
    std::size_t bytes = 1;
};
// Pace of every later Send and SendEndless on this connection; 0 takes the limit away. Only for tests whose subject is a rate.
struct Throttle {
    std::uint64_t bytes_per_second = 0;
};
// Only for tests whose subject is a moment ("FIN one millisecond later").
struct Delay {
    std::chrono::nanoseconds time{};
};

using Step = std::variant<Send, SendEndless, CloseFin, ShutdownWrite, Reset, WaitUntil, WaitForPeerClose, WaitReadable, Throttle, Delay>;
using Steps = std::vector<Step>;

enum class Framing : std::uint8_t { content_length, chunked, until_close };

enum class After : std::uint8_t {
    as_agreed,  // FIN when either side said `Connection: close`, or when only the FIN ends the body
    keep,       // stays open whatever was said
    close,      // FIN, said or not
};

struct Reply {
    int status = 200;
    std::vector<Header> headers;  // besides Content-Length and Transfer-Encoding, which follow from `framing` unless given here
    std::string body;
    Framing framing = Framing::content_length;
    std::size_t chunk_size = 4096;
    After after = After::as_agreed;
    Steps before;                // run when the request has come, before the first byte of the answer
    Steps then;                  // run after its last byte, before `after` is looked at
    std::optional<Steps> raw{};  // these instead of all above; the connection then stays open unless a step ends it

    [[nodiscard]] static Reply steps(Steps all);
    [[nodiscard]] static Reply redirect(std::string location, int status = 302);
};

// The bytes of an answer, for scripts that cut them up. No body for HEAD, 1xx, 204 and 304.
[[nodiscard]] std::string response_head(const Reply& reply);
[[nodiscard]] std::string response_bytes(const Reply& reply, std::string_view method = "GET");
[[nodiscard]] std::string chunked(std::string_view body, std::size_t chunk_size = 4096);

// All that is done to answer `request`.
[[nodiscard]] Steps steps_of(const Reply& reply, const SeenRequest& request);

// A head that is complete in `bytes` (up to and with the empty line) as a request; nothing while it is incomplete. Bodies of requests are
// not supported: a download client sends none.
struct ParsedRequest {
    SeenRequest request;
    std::size_t size = 0;
};
[[nodiscard]] std::optional<ParsedRequest> parse_request(std::string_view bytes);

}  // namespace lastack::test
