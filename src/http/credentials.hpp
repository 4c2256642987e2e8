// Who we are for one origin or one proxy. Nothing here or in authentication.hpp puts a password or a field's value into an Error or a log.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace lastack::http {

// The bytes that are sent; UTF-8 as far as servers of today expect it, but not checked to be.
struct Credentials {
    std::string username;
    std::string password;

    friend auto operator<=>(const Credentials&, const Credentials&) = default;
};

// The part of a URL before '@' ("user", "user:password"), percent-decoded; the first ':' divides it. Nothing when it is empty, an escape
// is broken or a control character comes out.
[[nodiscard]] std::optional<Credentials> decode_user_info(std::string_view user_info);

// Control characters can be sent by no scheme (RFC 7617 section 2) and could end a field's line.
[[nodiscard]] bool has_control_character(const Credentials& credentials);

// "Basic dXNlcjpwdw=="; nothing when a user name with ':' or a control character makes that impossible.
[[nodiscard]] std::optional<std::string> basic_value(const Credentials& credentials);

}  // namespace lastack::http
