// repomd.xml as values. Pure: bytes in, checked values out; everything the network could bend is refused with the place where it stands.
#pragma once

#include "lastack/digest.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

inline constexpr std::uint64_t max_repomd_size = std::uint64_t{8} << 20;
inline constexpr std::uint64_t max_metadata_size = std::uint64_t{1} << 30;       // of a file as it is downloaded
inline constexpr std::uint64_t max_open_metadata_size = std::uint64_t{4} << 30;  // and decompressed

// md5 and sha1, of which two files with the same digest can be made. Refused unless a repository's allow_weak_digests says otherwise.
enum class WeakDigests : bool { refused, allowed };
[[nodiscard]] constexpr bool is_weak(DigestAlgorithm algorithm) {
    return algorithm == DigestAlgorithm::md5 || algorithm == DigestAlgorithm::sha1;
}

// One <data>. There is at least one digest that is not weak (unless these are allowed), and `href` stays inside the repository.
struct RepomdFile {
    std::string type;
    std::string href;
    std::vector<Digest> digests;       // all must match
    std::vector<Digest> open_digests;  // of the decompressed file; empty: not told
    std::optional<std::uint64_t> size;
    std::optional<std::uint64_t> open_size;
    std::vector<Digest> header_digests;        // of a zchunk file's header; empty: not told
    std::optional<std::uint64_t> header_size;  // and its size
    std::optional<std::uint64_t> timestamp;    // unset also when it is no number

    friend bool operator==(const RepomdFile&, const RepomdFile&) = default;
};

struct Repomd {
    std::string revision;
    std::vector<RepomdFile> files;

    [[nodiscard]] const RepomdFile* find(std::string_view type) const;
    [[nodiscard]] const RepomdFile& primary() const { return *find("primary"); }  // parse_repomd saw to it that there is one

    friend bool operator==(const Repomd&, const Repomd&) = default;
};

// `name` is what messages call the document: its URL or path. UTF-8 only; any DOCTYPE is an error. Errors: RepoErrc::bad_repomd and, for
// an href, RepoErrc::bad_location; both begin with "NAME:LINE:COLUMN: ".
[[nodiscard]] Result<Repomd> parse_repomd(std::string_view text, std::string_view name, WeakDigests weak = WeakDigests::refused);

// Whether a file of it has weak digests only.
[[nodiscard]] bool needs_weak_digests(const Repomd& repomd);

// Whether `served` is from an earlier time than `cached`: by the primary's timestamp and by the revision where both are numbers.
[[nodiscard]] bool is_older(const Repomd& served, const Repomd& cached);

}  // namespace lastack::repo
