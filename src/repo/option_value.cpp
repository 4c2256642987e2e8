#include "repo/option_value.hpp"

#include "base/text.hpp"

#include <charconv>

namespace lastack::repo {

namespace {

constexpr double longest_seconds = 10.0 * 366 * 24 * 3600;
constexpr double most_bytes = static_cast<double>(std::uint64_t{1} << 50);

std::unexpected<std::string> refuse(std::string_view text, std::string_view expected) {
    constexpr std::size_t shown_length = 60;
    return std::unexpected("'" + printable(text.substr(0, shown_length)) + "' is not " + std::string{expected});
}

struct Quantity {
    double number = 0;
    char unit = 0;  // lower case; 0: none
};

// Digits with at most one dot and one letter behind; from_chars alone would let "inf", "1e9" and a sign through.
std::optional<Quantity> parse_quantity(std::string_view text) {
    Quantity quantity;
    if (!text.empty() && text.back() != '.' && (text.back() < '0' || text.back() > '9')) {
        quantity.unit = to_lower(text.substr(text.size() - 1)).front();
        text = trim(text.substr(0, text.size() - 1));
    }
    if (text.empty() || text.front() == '.' || text.find_first_not_of("0123456789.") != std::string_view::npos) {
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity.number, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return quantity;
}

}  // namespace

Parsed<bool> parse_boolean(std::string_view text) {
    const std::string word = to_lower(text);
    if (word == "1" || word == "yes" || word == "true" || word == "on") {
        return true;
    }
    if (word == "0" || word == "no" || word == "false" || word == "off") {
        return false;
    }
    return refuse(text, "a boolean (1, 0, yes, no, true, false)");
}

Parsed<std::optional<std::chrono::milliseconds>> parse_seconds(std::string_view text) {
    constexpr std::string_view expected = "a time (90, 90s, 1.5m, 1.2h, 2d, never)";
    if (iequals(text, "never") || text == "-1") {
        return std::nullopt;
    }
    const auto quantity = parse_quantity(text);
    if (!quantity) {
        return refuse(text, expected);
    }
    double factor = 1;
    switch (quantity->unit) {
        case 0:
        case 's':
            break;
        case 'm':
            factor = 60;
            break;
        case 'h':
            factor = 3600;
            break;
        case 'd':
            factor = 24 * 3600;
            break;
        default:
            return refuse(text, expected);
    }
    const double seconds = quantity->number * factor;
    if (seconds > longest_seconds) {
        return refuse(text, "a time of at most ten years; 'never' has no end");
    }
    return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

Parsed<std::uint64_t> parse_bytes(std::string_view text) {
    constexpr std::string_view expected = "a number of bytes (1000, 1.5k, 2M, 1G)";
    const auto quantity = parse_quantity(text);
    if (!quantity) {
        return refuse(text, expected);
    }
    double factor = 1;
    switch (quantity->unit) {
        case 0:
            break;
        case 'k':
            factor = 1024;
            break;
        case 'm':
            factor = 1024.0 * 1024;
            break;
        case 'g':
            factor = 1024.0 * 1024 * 1024;
            break;
        default:
            return refuse(text, expected);
    }
    const double bytes = quantity->number * factor;
    if (bytes > most_bytes) {
        return refuse(text, expected);
    }
    return static_cast<std::uint64_t>(bytes);
}

Parsed<RateLimit> parse_throttle(std::string_view text) {
    constexpr std::string_view expected = "a rate (1000, 1.5k, 2M, 1G bytes per second, or 0% to 100% of bandwidth)";
    if (text.ends_with('%')) {
        const auto quantity = parse_quantity(trim(text.substr(0, text.size() - 1)));
        if (!quantity || quantity->unit != 0 || quantity->number > 100) {
            return refuse(text, expected);
        }
        return RateLimit{.part = quantity->number / 100};
    }
    const auto bytes = parse_bytes(text);
    return bytes ? Parsed<RateLimit>{RateLimit{.bytes_per_second = *bytes}} : refuse(text, expected);
}

Parsed<std::uint64_t> parse_number(std::string_view text, std::uint64_t lowest, std::uint64_t highest) {
    const auto number = parse_decimal(text == "<off>" ? "0" : text);
    if (!number || *number < lowest || *number > highest) {
        return refuse(text, "a number from " + std::to_string(lowest) + " to " + std::to_string(highest));
    }
    return *number;
}

std::vector<std::string> parse_list(std::string_view text) { return split(text, ", \t\r\n"); }

}  // namespace lastack::repo
