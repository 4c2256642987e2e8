// file: URLs: where they lead, and the opened file behind one.
#pragma once

#include "base/file.hpp"

#include "lastack/request.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace lastack::download {

[[nodiscard]] bool is_file_url(std::string_view url);

// "file:/path", "file:///path" or "file://localhost/path", percent-decoded. Pure. Errors: Errc::invalid_argument for another host, a
// relative path, broken percent-encoding and an encoded NUL.
[[nodiscard]] Result<std::filesystem::path> path_of_file_url(std::string_view url);

// What of a file is wanted.
struct LocalPart {
    std::filesystem::path path;
    FileDescriptor file;
    std::uint64_t first = 0;
    std::uint64_t size = 0;  // of the part
};

// Only a regular file, which a symbolic link may lead to; nothing else is opened. Blocks on disk. Errors: those of path_of_file_url,
// DownloadErrc::source_not_found, source_unusable; http::HttpErrc::bad_range when it ends before the range begins;
// DownloadErrc::size_mismatch, too_large.
[[nodiscard]] Result<LocalPart> open_local(std::string_view url, const std::optional<ByteRange>& range, std::optional<std::uint64_t> size,
                                           std::uint64_t size_limit);

}  // namespace lastack::download
