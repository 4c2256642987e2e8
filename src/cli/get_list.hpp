// Lists of files for `lastack get -i`. The format is in docs/guide/get.md.
#pragma once

#include "cli/get_plan.hpp"

#include <string_view>
#include <vector>

namespace lastack::cli {

inline constexpr std::size_t most_listed_files = 1'000'000;

// One file per line: URLs (mirrors of each other), and `sha256=`, `sha512=`, `size=` and `path=` words, in any order. Empty lines and
// those that begin with '#' are left out. `name` is the list's, for messages.
// Errors: Errc::invalid_argument with the line's number; a bad line spoils the list, because nobody knows what it meant.
[[nodiscard]] Result<std::vector<WantedFile>> parse_get_list(std::string_view text, std::string_view name);

}  // namespace lastack::cli
