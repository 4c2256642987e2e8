// Text in columns as yum lays it out: columns as wide as their content, what is left of the line shared among them. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::cli {

inline constexpr unsigned narrowest_line = 40;

struct Cell {
    std::string text;    // already safe to show
    bool right = false;  // right-aligned
};

// Columns on a terminal that UTF-8 text takes.
[[nodiscard]] std::size_t display_width(std::string_view text);

// Widths that fill `available` together: those wanted when they fit, the rest shared and what does not divide given to `remainder`; when
// they do not fit, the widest give up what is missing, none below its `least`.
[[nodiscard]] std::vector<std::size_t> column_widths(std::vector<std::size_t> wanted, const std::vector<std::size_t>& least,
                                                     std::size_t available, std::size_t remainder);

// One line, a blank between columns, no blanks at its end, without newline. A text that is wider than its column pushes the next columns
// to a line of their own.
[[nodiscard]] std::string format_row(const std::vector<Cell>& cells, const std::vector<std::size_t>& widths, std::string_view indent);

}  // namespace lastack::cli
