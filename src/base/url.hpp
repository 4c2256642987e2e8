// An absolute http, https or ftp URL, split and checked (RFC 3986, with the limits of hostile-input practice: control characters, spaces,
// backslashes and percent-encoded hosts are errors, never repaired). Pure.
#pragma once

#include "lastack/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lastack {

// Scheme, host and port: what two requests must share to share a connection or a credential.
struct Origin {
    std::string scheme;  // "http", "https" or "ftp"
    std::string host;    // lower case; an IPv6 address without brackets
    std::uint16_t port = 80;

    friend auto operator<=>(const Origin&, const Origin&) = default;
};

[[nodiscard]] std::string to_string(const Origin& origin);  // "http://host:port", the port always shown

struct Url {
    Origin origin;
    std::string user_info;  // as written before '@', still percent-encoded; never shown
    std::string target;     // path and query, begins with '/'; no fragment

    friend bool operator==(const Url&, const Url&) = default;

    [[nodiscard]] std::string str() const;         // without user info: safe to show; default ports are left out
    [[nodiscard]] std::string host_field() const;  // for the Host field: port only when it is not the scheme's default
    [[nodiscard]] std::string_view path() const;   // target without the query
};

enum class Schemes : std::uint8_t { http_only, http_and_ftp };  // https is http

// At most 8 KiB. Errors: Errc::invalid_argument with `url` redacted and `cause` naming the part that is wrong.
[[nodiscard]] Result<Url> parse_url(std::string_view text, Schemes schemes = Schemes::http_only);

// Resolves a reference against `base` (RFC 3986 section 5): absolute, "//host", "/path", "path", "?query".
// The result is an http(s) URL or an error.
[[nodiscard]] Result<Url> resolve_url(const Url& base, std::string_view reference);

// `base` + '/' + `relative` with exactly one slash between; for repository files. `relative` must be a plain relative path: no scheme,
// no leading '/', no empty, "." or ".." segment (also percent-encoded), no backslash or control character. Spaces and other unsafe
// bytes are percent-encoded. Errors: Errc::invalid_argument.
[[nodiscard]] Result<std::string> join_url(std::string_view base, std::string_view relative);

// The text with any user info of a URL taken out, for messages about URLs that did not parse.
[[nodiscard]] std::string redact_url(std::string_view text);

}  // namespace lastack
