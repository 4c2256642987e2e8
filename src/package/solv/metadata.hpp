// Reads a repository's primary.xml (and filelists.xml) into the pool, as a stream. The files are verified, but "as the repository meant it"
// does not mean well-meant: a document type is refused, and packages whose names nothing should be built from are left out.
#pragma once

#include "package/solv/package_pool.hpp"
#include "repo/metadata_file.hpp"

#include "lastack/result.hpp"

#include <stop_token>

namespace lastack::package::solv {

// What a repository is extended with keeps the packages it has: filelists.xml only adds files to those that primary.xml named.
enum class Reading : unsigned char { packages, extension };

// Errors: PackageErrc::bad_metadata naming the file and what libsolv or the checks said, Errc::cancelled, and of the local system; `repo`
// then holds part of it.
[[nodiscard]] Result<void> read_metadata(::Pool* pool, ::Repo* repo, const repo::MetadataFile& file, Reading reading,
                                         std::stop_token stop = {});

// Takes every package out of `repo` that is not acceptable (see nevra_match.hpp); how many they were.
[[nodiscard]] unsigned remove_unacceptable(::Pool* pool, ::Repo* repo);

}  // namespace lastack::package::solv
