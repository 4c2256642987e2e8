// Codes of the HTTP layer: answers that are no HTTP, answers that say no, and bodies that end wrongly.
#pragma once

#include <system_error>

namespace lastack::http {

enum class HttpErrc {
    bad_head = 1,        // status line or fields that break RFC 9112: the peer may not speak HTTP
    head_too_large,      // a line, the head, or the heads of all answers to one request are beyond the limits
    bad_framing,         // contradictory or unknown Content-Length / Transfer-Encoding
    bad_chunk,           // a chunked body that breaks RFC 9112 section 7.1
    truncated,           // the connection ended before the body did; what came is kept for a resume
    bad_redirect,        // a redirect without a usable Location, or to a scheme that is not allowed
    too_many_redirects,  // more than the limit in a row, or a loop
    not_found,           // 404 or 410
    forbidden,           // 401, 403, 407, 451: the server wants credentials or refuses
    client_error,        // any other 4xx
    server_error,        // 5xx, but for 503
    unexpected_status,   // a status that is no answer to what was asked (1xx flood, 206 unasked, 304 unasked)
    bad_range,           // 206 with bytes other than those asked for
    too_slow,            // below `minrate` over a whole `timeout`
    unavailable,         // 503: the server has too much to do, or is being repaired
};

[[nodiscard]] const std::error_category& http_category() noexcept;
[[nodiscard]] std::error_code make_error_code(HttpErrc code) noexcept;

}  // namespace lastack::http

template <>
struct std::is_error_code_enum<lastack::http::HttpErrc> : std::true_type {};
