// Whether a transaction may write to its root: asked before anything is downloaded for it.
#pragma once

#include "lastack/result.hpp"

#include <filesystem>

namespace lastack::package {

// Looks at the root and its rpm database, or where they would be made; changes nothing. librpm takes a root that is mounted for reading
// only for a full one. Errors: Errc::not_permitted, Errc::io_failed; the cause names the directory.
[[nodiscard]] Result<void> check_root_access(const std::filesystem::path& installroot);

}  // namespace lastack::package
