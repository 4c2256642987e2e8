// A metadata file decompressed and checked in one pass: size and digests are compared while the bytes stream by, so a bomb stops at the
// declared size and the final name never holds anything unchecked.
#pragma once

#include "lastack/digest.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <vector>

namespace lastack::repo {

struct Decompression {
    std::filesystem::path from;
    std::filesystem::path to;  // in an existing directory; TO.XXXXXX is used beside it
    std::optional<std::uint64_t> open_size;
    std::vector<Digest> open_digests;
    std::uint64_t size_limit = 0;  // most bytes written when `open_size` is unset
};

// Errors: RepoErrc::bad_metadata (damaged, other size or digest, no XML, a DOCTYPE), Errc::cancelled, Errc::no_space and kin.
[[nodiscard]] Result<void> decompress_xml(const Decompression& job, std::stop_token stop = {});

}  // namespace lastack::repo
