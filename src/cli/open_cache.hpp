// The cache with its lock, as commands get it: one after another.
#pragma once

#include "cli/session.hpp"
#include "repo/cache.hpp"

#include "lastack/result.hpp"

namespace lastack::cli {

// While another process holds the lock it says so once and waits for its end, unless exit_on_lock=1. Errors: as repo::Cache::open,
// Errc::cancelled when the user stops the waiting.
[[nodiscard]] Result<repo::Cache> open_cache(Session& session);

}  // namespace lastack::cli
