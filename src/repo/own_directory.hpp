// Directories of the cache that nobody else may write to, and what killed runs left in them.
#pragma once

#include "lastack/result.hpp"

#include <filesystem>
#include <functional>
#include <string_view>

namespace lastack::repo {

// Made when absent. A symbolic link, somebody else's directory or one that others may write to is RepoErrc::cache_unusable.
[[nodiscard]] Result<void> make_own_directory(const std::filesystem::path& path);

// Whether `name` is BASE.XXXXXX as mkostemp makes it.
[[nodiscard]] bool is_temporary_of(std::string_view name, std::string_view base);

// Removes the files (never directories) whose names are unwanted; what cannot be removed stays.
void remove_files(const std::filesystem::path& directory, const std::function<bool(std::string_view name)>& unwanted);

}  // namespace lastack::repo
