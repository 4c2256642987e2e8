// How much room text takes on a terminal, and names made to fit. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lastack::cli {

// Columns of text that `printable` has made safe: two for wide characters (East Asian, emoji), none for combining marks.
[[nodiscard]] std::size_t columns_of(std::string_view text);

// At most `columns` wide: what is too long loses its middle, because both ends of a file's name tell files apart.
[[nodiscard]] std::string shorten_middle(std::string_view text, std::size_t columns);

// shorten_middle, then blanks up to exactly `columns`.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns);

}  // namespace lastack::cli
