// What most commands begin with: the cache with its lock, metadata brought up to date, packages known.
#pragma once

#include "cli/session.hpp"
#include "package/sack.hpp"
#include "repo/cache.hpp"
#include "repo/refresh.hpp"

#include "lastack/result.hpp"

#include <vector>

namespace lastack::cli {

struct LoadedPackages {
    package::Sack sack;
    std::vector<repo::ReadyRepo> repos;
};

enum class Metadata : unsigned char {
    needed,      // of all enabled repositories, of which there must be one
    wanted,      // of those that are enabled, if any
    not_needed,  // installed packages only: no repository is asked
};

[[nodiscard]] Error no_repositories();

// Refreshes the metadata as the command line wants it; warnings are told. More requests are expected to follow.
[[nodiscard]] Result<repo::RefreshOutcome> refresh_outcome(Session& session, repo::Cache& cache, const repo::Config& config);
// The same of the session's repositories; what is skipped is told as a warning.
[[nodiscard]] Result<std::vector<repo::ReadyRepo>> refresh_metadata(Session& session, repo::Cache& cache);

[[nodiscard]] Result<LoadedPackages> load_packages(Session& session, repo::Cache& cache, Metadata metadata);

}  // namespace lastack::cli
