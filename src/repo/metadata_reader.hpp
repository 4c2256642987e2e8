// A verified metadata file as a stream of what it holds when open: the one that reads asks for bytes, and gets them with all checks made
// while they stream by. Memory does not grow with the file, and a bomb stops at the declared size.
#pragma once

#include "repo/metadata_file.hpp"

#include "lastack/result.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>

namespace lastack::repo {

// Who sees to it that XML is well-formed. The prolog (UTF-8, no DOCTYPE) is looked at here in any case.
enum class WellFormed : unsigned char { checked_here, left_to_parser };

class MetadataReader {
public:
    // Errors: as read(), and of the local system.
    [[nodiscard]] static Result<MetadataReader> open(const MetadataFile& file, WellFormed well_formed, std::stop_token stop = {});
    ~MetadataReader();
    MetadataReader(MetadataReader&&) noexcept;
    MetadataReader& operator=(MetadataReader&&) noexcept;

    // The next bytes; 0 (for a buffer that is not empty): the end, and only then size and digests are known to be right. What was made
    // of the bytes must not be used before. Errors, which stay: RepoErrc::bad_metadata (damaged, other size or digest, no XML, a DOCTYPE,
    // beyond a limit), Errc::cancelled, and of the local system.
    [[nodiscard]] Result<std::size_t> read(std::span<std::byte> buffer);

private:
    struct Impl;
    explicit MetadataReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace lastack::repo
