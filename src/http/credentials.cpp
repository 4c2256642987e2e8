#include "http/credentials.hpp"

#include "base/base64.hpp"

#include <algorithm>
#include <charconv>

namespace lastack::http {

namespace {

bool is_control(char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7F;
}

std::optional<std::string> percent_decode_strictly(std::string_view text) {
    constexpr std::size_t escape_length = 3;
    std::string out;
    while (!text.empty()) {
        char c = text.front();
        std::size_t used = 1;
        if (c == '%') {
            const std::string_view digits = text.substr(1, escape_length - 1);
            unsigned value = 0;
            const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
            if (error != std::errc{} || end != digits.data() + escape_length - 1) {
                return std::nullopt;
            }
            c = static_cast<char>(value);
            used = escape_length;
        }
        if (is_control(c)) {
            return std::nullopt;
        }
        out += c;
        text.remove_prefix(used);
    }
    return out;
}

}  // namespace

std::optional<Credentials> decode_user_info(std::string_view user_info) {
    if (user_info.empty()) {
        return std::nullopt;
    }
    const auto colon = user_info.find(':');
    auto username = percent_decode_strictly(user_info.substr(0, colon));
    auto password = percent_decode_strictly(colon == std::string_view::npos ? std::string_view{} : user_info.substr(colon + 1));
    if (!username || !password) {
        return std::nullopt;
    }
    return Credentials{.username = std::move(*username), .password = std::move(*password)};
}

bool has_control_character(const Credentials& credentials) {
    return std::ranges::any_of(credentials.username, is_control) || std::ranges::any_of(credentials.password, is_control);
}

std::optional<std::string> basic_value(const Credentials& credentials) {
    if (credentials.username.find(':') != std::string::npos || has_control_character(credentials)) {
        return std::nullopt;
    }
    return "Basic " + base64_encode(credentials.username + ":" + credentials.password);
}

}  // namespace lastack::http
