// Challenges of a server that may mean harm: the limits hold, nothing that is sent back can end a line, and the tries come to an end.
#include "http/authentication.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using lastack::http::AuthenticationAttempts;
using lastack::http::Authenticator;
using lastack::http::Verdict;

void require(bool held) {
    if (!held) {
        std::abort();
    }
}

bool is_clean(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

lastack::http::Fields fields_of(std::string_view text) {
    lastack::http::Fields fields;
    for (;;) {
        const auto end = text.find('\n');
        fields.add("WWW-Authenticate", std::string{text.substr(0, end)});
        if (end == std::string_view::npos) {
            return fields;
        }
        text.remove_prefix(end + 1);
    }
}

// The answer is read back as a field of its own: one challenge-like thing of the scheme that was asked for.
void check_value(const std::string& value) {
    require(is_clean(value));
    lastack::http::Fields fields;
    fields.add("Authorization", value);
    const auto parsed = lastack::http::parse_challenges(fields, "Authorization");
    require(parsed.size() == 1 && (parsed.front().scheme == "basic" || parsed.front().scheme == "digest"));
    if (parsed.front().scheme == "digest") {
        require(lastack::http::find_parameter(parsed.front().parameters, "username").has_value());
        require(lastack::http::find_parameter(parsed.front().parameters, "response").has_value());
        require(lastack::http::find_parameter(parsed.front().parameters, "nonce").has_value());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto fields = fields_of(text);
    const auto challenges = lastack::http::parse_challenges(fields, "WWW-Authenticate");
    require(challenges.size() <= lastack::http::max_challenges);
    for (const auto& challenge : challenges) {
        require(!challenge.scheme.empty() && challenge.parameters.size() <= lastack::http::max_challenge_parameters);
        for (const auto& [name, value] : challenge.parameters) {
            require(!name.empty() && value.size() <= lastack::http::max_parameter_length && is_clean(value));
        }
    }

    Authenticator authenticator{{"us\"er", "secret"}, Authenticator::BasicUnasked::no, [] { return std::optional<std::string>{"cnonce"}; }};
    AuthenticationAttempts attempts;
    unsigned tries = 0;
    while (authenticator.challenged(attempts, challenges) == Verdict::try_again) {
        require(++tries <= Authenticator::max_challenges_per_request);
        const auto value = authenticator.value_for(attempts, "GET", "/a?b");
        require(value.has_value());
        check_value(*value);
    }
    require(tries <= 1);  // the same challenges again are a no
    authenticator.answered(attempts, lastack::http::parse_authentication_info(fields, "WWW-Authenticate"));

    if (const auto credentials = lastack::http::decode_user_info(text)) {
        require(!lastack::http::has_control_character(*credentials));
        if (const auto value = lastack::http::basic_value(*credentials)) {
            require(is_clean(*value));
        }
    }
    return 0;
}
