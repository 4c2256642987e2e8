// What a server means by Retry-After (RFC 9110 section 10.2.3), and by the dates that it compares with. Pure.
#pragma once

#include "http/message.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lastack::http {

// Whatever a server says, it is no more than this.
inline constexpr std::chrono::seconds longest_retry_after = std::chrono::hours{24};

// IMF-fixdate, RFC 850 and asctime dates (RFC 9110 section 5.6.7). Nothing for anything else. `now` tells the century of an RFC 850 date.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text, std::chrono::sys_seconds now);

// As IMF-fixdate; from 1970 to 9999.
[[nodiscard]] std::string write_http_date(std::chrono::sys_seconds when);

// Seconds, or a date seen from the answer's own Date field, else from our wall clock. A date that has passed is 0. Nothing for garbage.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, std::optional<std::string_view> date,
                                                                    std::chrono::sys_seconds now);

// Of an answer; nothing without the field, or with several that differ.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(const ResponseHead& head, std::chrono::sys_seconds now);

}  // namespace lastack::http
