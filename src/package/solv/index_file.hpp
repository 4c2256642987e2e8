// A repository's packages as libsolv reads them at once: the file beside the metadata that it was made of. A cache, so anything about it
// that is not as it should be means that there is none, and it is made anew.
#pragma once

#include "repo/metadata_file.hpp"

#include "lastack/result.hpp"

#include <filesystem>
#include <optional>
#include <stop_token>

struct s_Repo;  // libsolv's

namespace lastack::package::solv {

// "OBJECT.solv"
[[nodiscard]] std::filesystem::path index_path(const repo::MetadataFile& source);

// How many packages of `source` are not in its index, as their names are unacceptable. Nothing: there is no index of `source` that can be
// trusted: absent, damaged, made by another version or of other bytes, or writable for somebody with fewer rights than who runs this.
[[nodiscard]] std::optional<unsigned> check_index(const repo::MetadataFile& source);

// The same, and its packages are added to `repo`.
[[nodiscard]] std::optional<unsigned> load_index(s_Repo* repo, const repo::MetadataFile& source);

// Reads `source` in a pool of its own and writes its index. Errors: as read_metadata(), and of the local system.
[[nodiscard]] Result<void> make_index(const repo::MetadataFile& source, std::stop_token stop);

}  // namespace lastack::package::solv
