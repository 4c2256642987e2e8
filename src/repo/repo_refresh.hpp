// One repository's refresh, from what is cached of it to what can be used. Blocks; one thread.
#pragma once

#include "repo/generation.hpp"
#include "repo/object_store.hpp"
#include "repo/refresh.hpp"
#include "repo/repo_sources.hpp"
#include "repo/repomd_search.hpp"
#include "repo/shared_progress.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

namespace lastack::repo {

// What the repositories of one run share.
struct RefreshRun {
    const RefreshRequest& request;
    ObjectStore& objects;
    SharedProgress& progress;
    std::counting_semaphore<>& indexing;  // reading metadata takes memory: only so many at a time
    bool of_one_age = false;              // what the cache has of them; else metadata_expire_filter has no say
};

class RepoRefresh {
public:
    RepoRefresh(const RepoConfig& config, const RefreshRun& run, std::int64_t now) : config_{config}, run_{run}, now_{now} {}

    [[nodiscard]] Result<ReadyRepo> run();

    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
    [[nodiscard]] bool published() const { return published_; }  // a new generation

private:
    enum class Network : std::uint8_t { allowed, forbidden };

    [[nodiscard]] Result<void> look_into_cache();
    [[nodiscard]] bool is_current() const;
    [[nodiscard]] bool is_within_expiry() const;
    [[nodiscard]] bool is_expiry_waived() const;
    [[nodiscard]] bool is_unverified() const;
    [[nodiscard]] Result<ReadyRepo> refresh();
    [[nodiscard]] Result<ReadyRepo> use_cached(Network network);
    [[nodiscard]] Result<ReadyRepo> use_in_spite_of(const Error& error);
    [[nodiscard]] Result<std::vector<MetadataFile>> collect(const Repomd& repomd, Network network);
    [[nodiscard]] Result<void> download(const std::vector<RepomdFile>& files);
    [[nodiscard]] Result<std::optional<std::filesystem::path>> find(const RepomdFile& file) const;
    [[nodiscard]] Result<void> take_over_shared();
    [[nodiscard]] bool assembled(const RepomdFile& file, const std::vector<std::string>& urls) const;
    [[nodiscard]] Result<void> read(const std::vector<MetadataFile>& files, bool known);
    void forget_unusable(const std::vector<MetadataFile>& files) const;
    [[nodiscard]] Result<void> publish(const FoundRepomd& found);
    void warn_when_stale(const FoundRepomd& found);
    void warn_when_waived();
    [[nodiscard]] ReadyRepo ready(const Repomd& repomd, const RefreshState& state, std::vector<MetadataFile> files) const;

    const RepoConfig& config_;
    const RefreshRun& run_;
    std::int64_t now_;
    std::optional<RepoDirectory> directory_;
    std::optional<Generation> cached_;
    std::optional<RepoSources> sources_;
    std::vector<std::string> warnings_;
    bool refreshed_ = false;  // something new came
    bool published_ = false;
};

}  // namespace lastack::repo
