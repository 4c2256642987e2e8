// What the command line says about options and repositories, as values: --setopt, --enablerepo and --disablerepo, --repofrompath. Pure.
#pragma once

#include "repo/config.hpp"
#include "repo/options.hpp"
#include "repo/repo_sections.hpp"

#include "lastack/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastack::repo {

struct SetOption {
    std::string written;  // as given, for messages, but for a value that may be secret
    std::string scope;    // a glob over repository ids; empty: [main]
    std::string key;      // lower case
    std::string value;
};

// "[REPO.]KEY=VALUE": split at the first '=', the key follows the last '.' before it. Errors: RepoErrc::bad_option.
[[nodiscard]] Result<std::vector<SetOption>> parse_setopts(const std::vector<std::string>& setopts);

// Errors: RepoErrc::bad_option for an option that does not exist or a value that is none.
[[nodiscard]] Result<void> apply_main_setopts(const std::vector<SetOption>& setopts, MainOptions& options,
                                              std::vector<std::string>& warnings);
[[nodiscard]] Result<void> apply_repo_setopts(const std::vector<SetOption>& setopts, RepoDrafts& drafts,
                                              std::vector<std::string>& warnings);

// Adds --repofrompath=ID,URL. Errors: RepoErrc::bad_option.
[[nodiscard]] Result<void> add_repos_from_path(const std::vector<std::pair<std::string, std::string>>& given, const RepoConfig& defaults,
                                               const Variables& variables, RepoDrafts& drafts, std::vector<std::string>& warnings);

// Performs --enablerepo and --disablerepo in their order. Errors: RepoErrc::unknown_repo for an id without wildcards that is not there.
[[nodiscard]] Result<void> switch_repos(const std::vector<std::pair<std::string, bool>>& switches, RepoDrafts& drafts);

}  // namespace lastack::repo
