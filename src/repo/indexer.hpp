// What a refresh does with metadata before it publishes the new generation: whoever can read packages builds an index of them. So nothing
// becomes the current generation that cannot be read. An interface, as the packages' layer lies above this one.
#pragma once

#include "repo/config.hpp"
#include "repo/metadata_file.hpp"

#include "lastack/result.hpp"

#include <span>
#include <stop_token>

namespace lastack::repo {

class Indexer {
public:
    Indexer() = default;
    virtual ~Indexer() = default;
    Indexer(const Indexer&) = delete;
    Indexer& operator=(const Indexer&) = delete;

    // Whether there is an index of exactly this file, which then is not read again until the index turns out to be damaged. Any thread.
    [[nodiscard]] virtual bool has(const MetadataFile& file) const = 0;

    // Reads `files` (primary first) and makes their index, or finds it already made. Called on the thread of one repository, for several
    // repositories at once; blocks. Errors: RepoErrc::bad_metadata (damaged, other size or digest when open, not XML, a DOCTYPE, beyond
    // a limit), Errc::cancelled, and of the local system.
    [[nodiscard]] virtual Result<void> build(const RepoConfig& repo, std::span<const MetadataFile> files, std::stop_token stop) = 0;
};

}  // namespace lastack::repo
