// Directories of the cache as descriptors, opened without following links: a symbolic link is at most removed itself and never a way out.
#pragma once

#include "base/file.hpp"

#include "lastack/result.hpp"

#include <string>
#include <vector>

namespace lastack::repo {

// RepoErrc::cache_unusable.
[[nodiscard]] Error cannot_clean(int error_number, const std::string& what);

// The names in a directory; `directory` stays open and unmoved.
[[nodiscard]] Result<std::vector<std::string>> names_in(int directory);

// Not valid when `name` is no directory (a link to one is none) or not there.
[[nodiscard]] Result<FileDescriptor> open_directory_at(int parent, const std::string& name);

}  // namespace lastack::repo
