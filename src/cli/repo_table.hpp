// The texts of `repolist` and `repoinfo`. Pure; names from configuration and metadata are made safe to show, secrets are removed.
#pragma once

#include "repo/config.hpp"
#include "repo/refresh_state.hpp"
#include "repo/repomd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lastack::cli {

enum class StatusColumn : std::uint8_t { no, yes };

[[nodiscard]] std::string repo_list(const std::vector<repo::RepoConfig>& repos, StatusColumn status, unsigned width);
[[nodiscard]] std::string repo_list_json(const std::vector<repo::RepoConfig>& repos);

// One of its base URLs, and what earlier downloads learnt of the host.
struct MirrorFacts {
    std::string url;
    double rate = 0;     // bytes per second; 0: not measured
    unsigned fails = 0;  // in a row, until now
};

// A repository and, where metadata of it is at hand, what that says.
struct RepoFacts {
    repo::RepoConfig config;
    std::optional<repo::Repomd> repomd;
    repo::RefreshState state;
    std::optional<std::uint64_t> packages;  // that primary announces
    std::optional<std::int64_t> updated;    // seconds since 1970
    std::vector<MirrorFacts> mirrors;       // best first
    std::string trouble;                    // why there is none
};

[[nodiscard]] std::string repo_info(const std::vector<RepoFacts>& repos, std::int64_t now);
[[nodiscard]] std::string repo_info_json(const std::vector<RepoFacts>& repos);

}  // namespace lastack::cli
