// What WWW-Authenticate and Proxy-Authenticate ask for (RFC 9110 section 11.6.1). Pure; takes any bytes. What breaks the grammar is skipped
// up to the next comma outside of quotes, and the rest is kept: servers that quote badly are common, and a challenge that lost what it
// needs is not usable anyway.
#pragma once

#include "http/message.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastack::http {

constexpr std::size_t max_challenges = 16;            // per answer; further ones are not read
constexpr std::size_t max_challenge_parameters = 32;  // per challenge; further ones are skipped
constexpr std::size_t max_parameter_length = 4096;    // a longer value is skipped: it would have to be sent back with every request

using Parameters = std::vector<std::pair<std::string, std::string>>;  // names in lower case, each once: the first one counts

// The value without quotes and escapes, free of control characters other than a tab.
[[nodiscard]] std::optional<std::string_view> find_parameter(const Parameters& parameters, std::string_view lower_case_name);

struct Challenge {
    std::string scheme;   // lower case
    std::string token68;  // of schemes that have no parameters, "Negotiate YII..."
    Parameters parameters;

    friend bool operator==(const Challenge&, const Challenge&) = default;
};

// All fields of that name, in their order; each field begins anew, a challenge never goes from one to the next.
[[nodiscard]] std::vector<Challenge> parse_challenges(const Fields& fields, std::string_view field_name);

// The bare list of parameters in Authentication-Info and Proxy-Authentication-Info.
[[nodiscard]] Parameters parse_authentication_info(const Fields& fields, std::string_view field_name);

}  // namespace lastack::http
