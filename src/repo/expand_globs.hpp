// Lists that stand in files: an item glob:/etc/yum/exclude.d/*.conf stands for the lines of these files. Blocks on disk.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

[[nodiscard]] bool is_glob_item(std::string_view item);

// Puts what the files hold in the places of these items, in the order of the files' names: list items, '#' begins a comment line. Files
// are looked for below `root` when the directory of the pattern is there, else as written; none is no error. The error is a
// sentence part that names the file.
[[nodiscard]] std::expected<void, std::string> expand_globs(std::vector<std::string>& items, const std::filesystem::path& root);

}  // namespace lastack::repo
