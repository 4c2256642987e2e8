// Reads a metadata file through once without keeping anything: for commands that want it in the cache and have no index to make of it.
#pragma once

#include "repo/metadata_file.hpp"

#include "lastack/result.hpp"

#include <stop_token>

namespace lastack::repo {

// Errors: RepoErrc::bad_metadata (damaged, other size or digest when open, no XML, a DOCTYPE), Errc::cancelled and of the local system.
// Files that are no XML (modules) are only checked by size and digest.
[[nodiscard]] Result<void> check_metadata(const MetadataFile& file, const std::stop_token& stop);

}  // namespace lastack::repo
