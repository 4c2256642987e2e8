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

// Whether there is an index of `source`, not made by another version or of other bytes, nor writable for somebody with fewer rights than
// who runs this. Whether its own bytes are as they were written is only looked at when they are used.
[[nodiscard]] bool has_index(const repo::MetadataFile& source);

// The same, and its own bytes are as they were written.
[[nodiscard]] bool has_whole_index(const repo::MetadataFile& source);

// Adds the packages of the index of `source` to `repo`. Returns how many are not in it, as their names are unacceptable. Nothing: there is
// no index that can be used (see above; or it is damaged), and `repo` is empty.
[[nodiscard]] std::optional<unsigned> load_index(s_Repo* repo, const repo::MetadataFile& source);

// Reads `source` in a pool of its own and writes its index. Errors: as read_metadata(), and of the local system.
[[nodiscard]] Result<void> make_index(const repo::MetadataFile& source, std::stop_token stop);

}  // namespace lastack::package::solv
