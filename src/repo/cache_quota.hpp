// yum and dnf let the cache grow for ever; cache_quota bounds it: the packages and unfinished downloads that came first go first. What is
// needed to answer a command at once stays: metadata, indexes, states.
#pragma once

#include "repo/cache.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace lastack::repo {

// What can go: a package, or all files of one unfinished download.
struct Removable {
    std::string directory;  // relative to the cache's
    std::vector<std::string> names;
    std::uint64_t bytes = 0;
    std::int64_t came_at = 0;  // nanoseconds since 1970
};

// How many of the first in `removable`, oldest first, have to go so that of `total` bytes at most `quota` stay. Sorts. Pure.
[[nodiscard]] std::size_t beyond_quota(std::vector<Removable>& removable, std::uint64_t total, std::uint64_t quota);

struct QuotaOutcome {
    std::size_t removed = 0;  // files
    std::uint64_t bytes = 0;  // of them
    std::uint64_t left = 0;   // of the whole cache
};

// `needed` stays whatever its age. Errors: RepoErrc::cache_unusable, and of the local system.
[[nodiscard]] Result<QuotaOutcome> keep_quota(const Cache& cache, std::uint64_t quota, const std::set<std::filesystem::path>& needed);

}  // namespace lastack::repo
