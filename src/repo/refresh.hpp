// Brings the metadata of all enabled repositories up to date over the one client: mirror lists, repomd.xml (conditional when cached), then
// the files it names, all repositories in parallel at each stage. Publishes a new generation by one rename, so a kill at any moment leaves
// the old one or the new one. Blocks; runs on the main thread.
#pragma once

#include "repo/cache.hpp"
#include "repo/config.hpp"

#include "lastack/client.hpp"
#include "lastack/result.hpp"

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace lastack::repo {

// A repository that can be used in this run.
struct ReadyRepo {
    RepoConfig config;
    std::vector<std::string> base_urls;  // baseurl and the mirror list's, in order of preference, no trailing slash
    std::filesystem::path primary;       // decompressed primary.xml, size and digest of the open file verified
    std::filesystem::path packages;      // directory for its rpms in the cache
    bool refreshed = false;              // false: the cached copy was current or not yet expired
};

struct RefreshFailure {
    std::string repo_id;
    Error error;
};

struct RefreshOutcome {
    std::vector<ReadyRepo> ready;         // in the order of Config::repos
    std::vector<RefreshFailure> skipped;  // skip_if_unavailable=1 and unreachable
};

enum class Expiry : unsigned char {
    honour,  // metadata younger than metadata_expire is used without asking the server
    ignore,  // ask every server (makecache)
};

// Fails with the first repository that is needed and not to be had (its old cache stays as it is).
[[nodiscard]] Result<RefreshOutcome> refresh(const Config& config, Cache& cache, Client& client, Expiry expiry, ProgressObserver* progress,
                                             std::stop_token stop);

}  // namespace lastack::repo
