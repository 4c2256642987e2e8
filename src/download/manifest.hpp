// A list of files in JSON: an array of objects, or {"files": [...]}. Pure: bytes in, checked values out. The format is in
// docs/guide/get.md.
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

inline constexpr std::size_t max_manifest_size = std::size_t{64} << 20;
inline constexpr std::size_t max_manifest_files = 1'000'000;

struct ManifestFile {
    std::vector<std::string> urls;  // "url", then "urls", then "mirrors"; http, https or file; 1 to max_mirrors
    std::string path;               // relative, leads nowhere else; no other file has it; empty: not told
    std::optional<std::uint64_t> size;
    std::vector<Digest> digests;  // one per algorithm

    friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

// `name` is what messages call the document. Strict: an unknown key, a key that stands there twice and a value of the wrong type are
// errors, because nobody knows what was meant. Errors: DownloadErrc::bad_list; the cause begins with "NAME:LINE: files[INDEX]: ".
[[nodiscard]] Result<std::vector<ManifestFile>> parse_manifest(std::string_view text, std::string_view name);

}  // namespace lastack::download
