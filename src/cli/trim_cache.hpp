// The end of a command that brought something into the cache: cache_quota.
#pragma once

#include "cli/session.hpp"
#include "repo/cache.hpp"

#include <filesystem>
#include <set>

namespace lastack::cli {

// Says what it removed, and warns where that was not enough or failed: no reason for the command to fail. `needed` stays.
void trim_cache(Session& session, const repo::Cache& cache, const std::set<std::filesystem::path>& needed = {});

}  // namespace lastack::cli
