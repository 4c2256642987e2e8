// Brings the metadata of all enabled repositories up to date over the one client. Each repository goes its own way without waiting for
// another: mirror list or metalink, repomd.xml (conditional when cached), signature, the files that are wanted, their index, publication.
// A kill at any moment leaves the old generation or the new one. Blocks; a thread per repository.
#pragma once

#include "repo/cache.hpp"
#include "repo/config.hpp"
#include "repo/expire_filter.hpp"
#include "repo/indexer.hpp"
#include "repo/metadata_file.hpp"
#include "repo/refresh_state.hpp"
#include "repo/repomd_trust.hpp"

#include "lastack/client.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

// A repository that can be used in this run.
struct ReadyRepo {
    RepoConfig config;
    std::vector<std::string> base_urls;  // baseurl and the mirrors', in order of preference, no trailing slash
    std::vector<MetadataFile> files;     // of the wanted types those that repomd.xml names; primary is the first
    std::filesystem::path packages;      // directory for its rpms in the cache
    Repomd repomd;                       // the generation that is used
    RefreshState state;                  // when it was checked, where, and who signed it
    bool refreshed = false;              // false: the cached copy was current or not yet expired

    [[nodiscard]] const MetadataFile* file(std::string_view type) const;  // nullptr: not wanted, or the repository has none
};

struct RefreshFailure {
    std::string repo_id;
    Error error;
};

struct RefreshOutcome {
    std::vector<ReadyRepo> ready;         // in the order of Config::repos
    std::vector<RefreshFailure> skipped;  // skip_if_unavailable=1, unreachable, and nothing of it in the cache
    std::vector<std::string> warnings;    // sentences: old metadata in use, frozen repositories
};

enum class Expiry : std::uint8_t {
    honour,  // metadata younger than metadata_expire is used without asking the server; older when no server can be asked
    ignore,  // ask every server (makecache, --refresh); what cannot be asked is an error
    never,   // use what is cached, however old, and no network (-C)
};

struct RefreshRequest {
    const Config& config;
    Cache& cache;
    Client& client;
    Expiry expiry = Expiry::honour;
    Timeliness timeliness = Timeliness::newest;  // for metadata_expire_filter
    // Of repomd.xml's <data>; "comps" is the group file in whatever compression. One that a repository does not have is not there.
    std::vector<std::string> types{"primary"};
    Indexer* indexer = nullptr;    // nullptr: files are only read through once, to see that they are what they should be
    RepomdTrust* trust = nullptr;  // nullptr: no signature is looked at
    ProgressObserver* progress = nullptr;
    std::stop_token stop{};
    std::function<std::int64_t()> wall_clock{};  // seconds since 1970, from any thread; unset: the system's
};

// Fails with the first repository that is needed and not to be had (its old cache stays as it is).
[[nodiscard]] Result<RefreshOutcome> refresh(const RefreshRequest& request);

}  // namespace lastack::repo
