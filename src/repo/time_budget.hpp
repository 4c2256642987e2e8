// How long a repository's server may take for one file: what is done about slow retrieval. Pure.
#pragma once

#include "repo/config.hpp"

#include "lastack/request.hpp"

#include <cstdint>

namespace lastack::repo {

enum class Content : std::uint8_t {
    document,  // repomd.xml, its signature, a list of mirrors, a key: small, and nothing goes on without it
    metadata,
    package,
};

// From `timeout` and `minrate` of the repository where these are set.
[[nodiscard]] TimeBudget time_budget(const RepoConfig& repo, Content content);

}  // namespace lastack::repo
