// Which repositories `repolist` and `repoinfo` are about.
#pragma once

#include "cli/session.hpp"

#include <vector>

namespace lastack::cli {

// By the choice of the command line and its ids and globs (over id and name, as yum); sorted by id. Without a choice: the enabled ones, or
// all that an operand names.
[[nodiscard]] std::vector<repo::RepoConfig> choose_repos(const repo::Config& config, const Arguments& arguments);

}  // namespace lastack::cli
