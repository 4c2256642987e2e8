// Reads a repository's primary.xml (and filelists.xml) into the pool. The files are verified before, but "as the repository meant it" does
// not mean well-meant: a document type is refused, and packages whose names nothing should be built from are hidden.
#pragma once

#include "package/solv/package_pool.hpp"

#include "lastack/result.hpp"

#include <filesystem>

namespace lastack::package::solv {

// Adds the packages of `primary` and, when given, the file lists to `repo`. Errors: PackageErrc::bad_metadata naming the file and what
// libsolv said; `repo` then holds part of it.
[[nodiscard]] Result<void> read_metadata(PackagePool& pool, ::Repo* repo, const std::filesystem::path& primary,
                                         const std::filesystem::path& filelists);

// Hides every package of `repo` that is not acceptable (see nevra_match.hpp); how many they were.
[[nodiscard]] unsigned hide_unacceptable(PackagePool& pool, const ::Repo* repo);

}  // namespace lastack::package::solv
