// A list of mirrors as yum reads it: one URL per line. Pure.
#pragma once

#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::download {

inline constexpr std::uint64_t max_mirror_list_size = std::uint64_t{1} << 20;  // what lies beyond it is not looked at
inline constexpr std::size_t max_mirrors = 512;                                // of one list or file; those after it are left out

// The http and https URLs in their order, each once, at least one. Every other line (comments, other schemes, text) is passed over.
// Errors: DownloadErrc::bad_list when no URL is left, or for an HTML page or a metalink; the cause shows how the document begins.
[[nodiscard]] Result<std::vector<std::string>> parse_mirror_list(std::string_view text);

}  // namespace lastack::download
