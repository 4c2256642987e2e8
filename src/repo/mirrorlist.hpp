// A mirror list as yum reads it: one URL per line. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

inline constexpr std::uint64_t max_mirrorlist_size = std::uint64_t{1} << 20;
inline constexpr std::size_t max_mirrors = 512;

// The http and https URLs in their order, each once, without trailing slash and without a trailing "/repodata/repomd.xml"; the first 512.
// Every other line (comments, other schemes, text) is passed over.
[[nodiscard]] std::vector<std::string> parse_mirrorlist(std::string_view text);

// Whether the document is a metalink instead, which deserves a message of its own.
[[nodiscard]] bool looks_like_metalink(std::string_view text);

}  // namespace lastack::repo
