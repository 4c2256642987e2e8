#include "cli/terminal_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace lastack::cli {

namespace {

struct CodeRange {
    char32_t first;
    char32_t last;
};

// Marks that stand on the character before, joiners and variation selectors.
constexpr std::array no_width{CodeRange{0x0300, 0x036F},  CodeRange{0x0483, 0x0489}, CodeRange{0x0591, 0x05BD}, CodeRange{0x0610, 0x061A},
                              CodeRange{0x064B, 0x065F},  CodeRange{0x0E31, 0x0E31}, CodeRange{0x0E34, 0x0E3A}, CodeRange{0x0E47, 0x0E4E},
                              CodeRange{0x1AB0, 0x1AFF},  CodeRange{0x1DC0, 0x1DFF}, CodeRange{0x200B, 0x200F}, CodeRange{0x2060, 0x2064},
                              CodeRange{0x20D0, 0x20FF},  CodeRange{0xFE00, 0xFE0F}, CodeRange{0xFE20, 0xFE2F}, CodeRange{0xFEFF, 0xFEFF},
                              CodeRange{0xE0100, 0xE01EF}};

// East Asian Width W and F, emoji among them. What a terminal draws narrower leaves a gap; what it draws wider would break the line.
constexpr std::array double_width{
    CodeRange{0x1100, 0x115F},   CodeRange{0x231A, 0x231B},   CodeRange{0x2329, 0x232A},   CodeRange{0x23E9, 0x23F3},
    CodeRange{0x25FD, 0x25FE},   CodeRange{0x2600, 0x27BF},   CodeRange{0x2B1B, 0x2B55},   CodeRange{0x2E80, 0x303E},
    CodeRange{0x3041, 0xA4CF},   CodeRange{0xA960, 0xA97C},   CodeRange{0xAC00, 0xD7A3},   CodeRange{0xF900, 0xFAFF},
    CodeRange{0xFE10, 0xFE19},   CodeRange{0xFE30, 0xFE6B},   CodeRange{0xFF01, 0xFF60},   CodeRange{0xFFE0, 0xFFE6},
    CodeRange{0x16FE0, 0x18D08}, CodeRange{0x1AFF0, 0x1B2FB}, CodeRange{0x1F000, 0x1FAFF}, CodeRange{0x20000, 0x3FFFD}};

bool is_in(const auto& ranges, char32_t code) {
    const auto after = std::ranges::upper_bound(ranges, code, {}, &CodeRange::first);
    return after != ranges.begin() && code <= std::prev(after)->last;
}

std::size_t width_of(char32_t code) { return is_in(no_width, code) ? 0 : is_in(double_width, code) ? 2 : 1; }

struct Character {
    std::string_view bytes;
    std::size_t columns = 1;
};

// A byte that is no UTF-8 counts as a character of one column.
Character next_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (length == 1 || length > text.size()) {
        return {.bytes = text.substr(0, 1)};
    }
    char32_t code = lead & (0xFFu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
    }
    return {.bytes = text.substr(0, length), .columns = width_of(code)};
}

std::vector<Character> characters_of(std::string_view text) {
    std::vector<Character> characters;
    while (!text.empty()) {
        characters.push_back(next_character(text));
        text.remove_prefix(characters.back().bytes.size());
    }
    return characters;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (const Character& each : characters_of(text)) {
        columns += each.columns;
    }
    return columns;
}

std::string shorten_middle(std::string_view text, std::size_t columns) {
    if (columns_of(text) <= columns) {
        return std::string{text};
    }
    const std::string_view dots = std::string_view{"..."}.substr(0, std::min<std::size_t>(3, columns));
    const std::size_t tail_room = (columns - dots.size()) / 2;
    const std::size_t head_room = columns - dots.size() - tail_room;
    const auto characters = characters_of(text);
    std::string head;
    std::size_t used = 0;
    for (const Character& each : characters) {
        if (used + each.columns > head_room) {
            break;
        }
        used += each.columns;
        head += each.bytes;
    }
    std::size_t tail_bytes = 0;
    used = 0;
    for (auto each = characters.rbegin(); each != characters.rend() && used + each->columns <= tail_room; ++each) {
        used += each->columns;
        tail_bytes += each->bytes.size();
    }
    return head + std::string{dots} + std::string{text.substr(text.size() - tail_bytes)};
}

std::string fitted(std::string_view text, std::size_t columns) {
    std::string out = shorten_middle(text, columns);
    const std::size_t used = columns_of(out);
    return out.append(columns - std::min(used, columns), ' ');
}

}  // namespace lastack::cli
