// Codes of the download layer: the content is not what was asked for, or every way to it failed.
#pragma once

#include <system_error>

namespace lastack::download {

enum class DownloadErrc {
    size_mismatch = 1,  // more or fewer bytes than announced, or the server says so up front
    digest_mismatch,    // all bytes came and are not the right ones
    too_large,          // beyond the limit for a document of unknown size
    check_failed,       // the caller's own check refuses what came
    source_not_found,   // a file: URL leads to nothing
    source_unusable,    // or to what is no readable regular file
    bad_list,           // a metalink, manifest or list of mirrors that cannot be used
};

[[nodiscard]] const std::error_category& download_category() noexcept;
[[nodiscard]] std::error_code make_error_code(DownloadErrc code) noexcept;

}  // namespace lastack::download

template <>
struct std::is_error_code_enum<lastack::download::DownloadErrc> : std::true_type {};
