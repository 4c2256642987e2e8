#include "base/text.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace lastack {

namespace {

// One code point of UTF-8, strictly (no overlong forms, no surrogates); length 0 when the bytes at hand are not one.
struct CodePoint {
    char32_t value = 0;
    std::size_t length = 0;
};

CodePoint decode(std::string_view text) {
    const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) {
        return {first, 1};
    }
    std::size_t length = 0;
    char32_t value = 0;
    char32_t smallest = 0;
    if ((first & 0xE0) == 0xC0) {
        length = 2, value = first & 0x1Fu, smallest = 0x80;
    } else if ((first & 0xF0) == 0xE0) {
        length = 3, value = first & 0x0Fu, smallest = 0x800;
    } else if ((first & 0xF8) == 0xF0) {
        length = 4, value = first & 0x07u, smallest = 0x10000;
    } else {
        return {};
    }
    if (text.size() < length) {
        return {};
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) {
            return {};
        }
        value = (value << 6) | (byte(i) & 0x3Fu);
    }
    if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return {};
    }
    return {value, length};
}

// What could move the cursor, recolour the terminal or reorder what the user reads.
bool is_dangerous(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x2069) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0x00AD || c == 0x061C || c == 0x180E ||
           (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

// Writing systems put a few marks on one character; what stacks up more covers the lines above and below.
constexpr unsigned most_marks = 8;

bool is_mark(char32_t c) {
    return (c >= 0x0300 && c <= 0x036F) || (c >= 0x0483 && c <= 0x0489) || (c >= 0x0591 && c <= 0x05BD) || (c >= 0x0610 && c <= 0x061A) ||
           (c >= 0x064B && c <= 0x065F) || c == 0x0E31 || (c >= 0x0E34 && c <= 0x0E3A) || (c >= 0x0E47 && c <= 0x0E4E) ||
           (c >= 0x1AB0 && c <= 0x1AFF) || (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) || (c >= 0xFE00 && c <= 0xFE0F) ||
           (c >= 0xFE20 && c <= 0xFE2F) || (c >= 0xE0100 && c <= 0xE01EF);
}

void append_escape(std::string& out, char32_t c) {
    std::array<char, 16> buffer{};
    const char* format = c <= 0xFF ? "\\x%02x" : "\\u%04x";
    const int n = std::snprintf(buffer.data(), buffer.size(), format, static_cast<unsigned>(c));
    out.append(buffer.data(), static_cast<std::size_t>(n));
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string printable(std::string_view text, KeepLines keep_lines) {
    std::string out;
    out.reserve(text.size());
    unsigned marks = 0;  // on the character at hand
    while (!text.empty()) {
        const CodePoint point = decode(text);
        marks = point.length != 0 && is_mark(point.value) ? marks + 1 : 0;
        if (marks > most_marks) {
            out += marks == most_marks + 1 ? "..." : "";
            text.remove_prefix(point.length);
            continue;
        }
        if (point.length == 0) {
            append_escape(out, static_cast<unsigned char>(text[0]));
            text.remove_prefix(1);
            continue;
        }
        const bool kept_line = keep_lines == KeepLines::yes && (point.value == '\n' || point.value == '\t');
        if (is_dangerous(point.value) && !kept_line) {
            append_escape(out, point.value);
        } else {
            out += text.substr(0, point.length);
        }
        text.remove_prefix(point.length);
    }
    return out;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
    if (text.empty() || text[0] < '0' || text[0] > '9') {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

std::string to_lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        c = lower(c);
    }
    return out;
}

bool iequals(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

std::string to_hex(std::span<const unsigned char> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const unsigned char b : bytes) {
        out += digits[b >> 4];
        out += digits[b & 0xF];
    }
    return out;
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
    std::vector<std::string> pieces;
    while (!text.empty()) {
        const auto end = text.find_first_of(separators);
        if (const auto piece = text.substr(0, end); !piece.empty()) {
            pieces.emplace_back(piece);
        }
        if (end == std::string_view::npos) {
            break;
        }
        text.remove_prefix(end + 1);
    }
    return pieces;
}

std::string format_number(std::uint64_t number) {
    constexpr std::array<char, 7> symbols{' ', 'k', 'M', 'G', 'T', 'P', 'E'};
    // yum's thresholds: a unit is used up to 999, one decimal is shown below 9.95.
    double value = static_cast<double>(number);
    std::size_t depth = 0;
    while (value > 999 && depth + 1 < symbols.size()) {
        value /= 1024;
        ++depth;
    }
    std::array<char, 32> buffer{};
    const char* format = depth > 0 && value < 9.95 ? "%.1f %c" : "%.0f %c";
    const int n = std::snprintf(buffer.data(), buffer.size(), format, value, symbols[depth]);
    return {buffer.data(), static_cast<std::size_t>(n)};
}

}  // namespace lastack
