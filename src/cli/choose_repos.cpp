#include "cli/choose_repos.hpp"

#include <algorithm>
#include <fnmatch.h>

namespace lastack::cli {

namespace {

bool is_named(const repo::RepoConfig& repo, const std::vector<std::string>& patterns) {
    return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
               return ::fnmatch(pattern.c_str(), repo.id.c_str(), FNM_CASEFOLD) == 0 ||
                      ::fnmatch(pattern.c_str(), repo.name.c_str(), FNM_CASEFOLD) == 0;
           });
}

}  // namespace

std::vector<repo::RepoConfig> choose_repos(const repo::Config& config, const Arguments& arguments) {
    const auto choice = arguments.repo_choice.value_or(arguments.operands.empty() ? RepoChoice::enabled : RepoChoice::all);
    std::vector<repo::RepoConfig> chosen;
    for (const repo::RepoConfig& repo : config.repos) {
        const bool wanted = choice == RepoChoice::all || repo.enabled == (choice == RepoChoice::enabled);
        if (wanted && is_named(repo, arguments.operands)) {
            chosen.push_back(repo);
        }
    }
    std::ranges::sort(chosen, {}, &repo::RepoConfig::id);
    return chosen;
}

}  // namespace lastack::cli
