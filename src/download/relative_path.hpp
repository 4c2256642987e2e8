// Paths that a document gives to files: below the directory of the download and nowhere else. Pure.
#pragma once

#include "lastack/result.hpp"

#include <string_view>

namespace lastack::download {

// Segments between single slashes, none of them empty, "." or "..", of text that is safe to show (no control characters, valid UTF-8), and
// no longer than the kernel takes.
// Errors: Errc::invalid_argument; the cause says what such a path must be and shows this one.
[[nodiscard]] Result<void> check_relative_path(std::string_view path);

}  // namespace lastack::download
