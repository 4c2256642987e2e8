// The installed packages of a root, read through librpm. rpmdb.cpp is the only place outside lastack-transact that touches librpm: it opens
// the database read-only and closes it before it returns, so no state of librpm is left beside the client's threads.
#pragma once

#include "package/solv/package_pool.hpp"

#include "lastack/result.hpp"

#include <filesystem>

namespace lastack::package::solv {

// Fills the pool's installed repository; each package knows its header number. A root without a database has nothing installed and is
// left as it is. Errors: PackageErrc::rpmdb_unreadable with librpm's words.
[[nodiscard]] Result<void> read_rpmdb(PackagePool& pool, const std::filesystem::path& root);

}  // namespace lastack::package::solv
