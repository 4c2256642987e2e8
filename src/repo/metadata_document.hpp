// A metadata file decoded piece by piece into a reader that takes it as it comes.
#pragma once

#include "repo/metadata_file.hpp"

#include "lastack/result.hpp"

#include <cstddef>
#include <span>
#include <stop_token>

namespace lastack::repo {

class MetadataDocument {
public:
    virtual ~MetadataDocument() = default;
    // A piece of the open document, cut anywhere. What is wrong stays wrong.
    [[nodiscard]] virtual Result<void> feed(std::span<const std::byte> piece) = 0;
    // It has ended.
    [[nodiscard]] virtual Result<void> end() = 0;
};

// Reads all of `file`, whose size and digests when open are checked on the way: those of the document are told in place of what the reader
// makes of other bytes. Errors: RepoErrc::bad_metadata, those of the reader, Errc::cancelled, and of the local system.
[[nodiscard]] Result<void> read_document(const MetadataFile& file, MetadataDocument& document, std::stop_token stop = {});

}  // namespace lastack::repo
