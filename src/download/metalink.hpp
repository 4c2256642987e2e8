// Metalinks, version 3 (with the alternates of Fedora's MirrorManager) and version 4 (RFC 5854), as values. Pure: bytes in, checked values
// out. Signatures, pieces, torrents and words for people are left out.
#pragma once

#include "lastack/digest.hpp"
#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::download {

inline constexpr std::size_t max_metalink_size = std::size_t{8} << 20;
inline constexpr std::size_t max_metalink_files = 10'000;
inline constexpr std::size_t max_alternates = 64;  // of one file

// Another state of the same file that mirrors may still have.
struct MetalinkAlternate {
    std::optional<std::uint64_t> timestamp;
    std::optional<std::uint64_t> size;
    std::vector<Digest> digests;  // as MetalinkFile's

    friend bool operator==(const MetalinkAlternate&, const MetalinkAlternate&) = default;
};

struct MetalinkFile {
    std::string name;  // relative, leads nowhere else, and its first segment does not begin with a dot: nobody chose it here
    std::optional<std::uint64_t> timestamp;
    std::optional<std::uint64_t> size;
    std::vector<Digest> digests;    // strongest first, one per algorithm; may be empty
    std::vector<std::string> urls;  // http and https, best first, at least one; of more than max_mirrors the best
    std::vector<MetalinkAlternate> alternates;

    friend bool operator==(const MetalinkFile&, const MetalinkFile&) = default;
};

struct Metalink {
    std::vector<MetalinkFile> files;  // at least one; no name twice

    friend bool operator==(const Metalink&, const Metalink&) = default;
};

// `name` is what messages call the document: its URL or path, without secrets. Hashes of unknown kinds and URLs of other schemes are
// passed over; a hash of a known kind that cannot be one is an error, as everything that would leave the directory of the download.
// Errors: DownloadErrc::bad_list; the cause begins with "NAME:LINE:COLUMN: ".
[[nodiscard]] Result<Metalink> parse_metalink(std::string_view text, std::string_view name);

// Those that a file is to be checked with: without md5 and sha1 where there is a stronger one.
[[nodiscard]] std::vector<Digest> digests_to_check(const std::vector<Digest>& digests);

}  // namespace lastack::download
