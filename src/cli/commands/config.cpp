#include "cli/command.hpp"
#include "cli/config_change_text.hpp"
#include "cli/config_text.hpp"
#include "repo/change_config.hpp"
#include "repo/error.hpp"

#include <algorithm>
#include <fnmatch.h>

namespace lastack::cli {

namespace {

bool is_wanted(const std::string& id, const std::vector<std::string>& operands) {
    return operands.empty() ||
           std::ranges::any_of(operands, [&](const std::string& operand) { return ::fnmatch(operand.c_str(), id.c_str(), 0) == 0; });
}

}  // namespace

int run_config(Session& session) {
    const auto& operands = session.arguments().operands;
    const repo::Config& config = session.config();
    std::vector<OptionGroup> groups;
    if (session.arguments().variables) {
        groups.push_back({.name = "variables", .options = repo::effective_variables(config)});
        session.print(session.arguments().json ? config_json(groups) : config_text(groups));
        return exit_status::done;
    }
    if (is_wanted("main", operands)) {
        groups.push_back({.name = "main", .options = repo::effective_options(config)});
    }
    std::vector<const repo::RepoConfig*> repos;
    for (const repo::RepoConfig& repo : config.repos) {
        if (is_wanted(repo.id, operands)) {
            repos.push_back(&repo);
        }
    }
    std::ranges::sort(repos, {}, &repo::RepoConfig::id);
    for (const repo::RepoConfig* repo : repos) {
        groups.push_back({.name = repo->id, .options = repo::effective_options(config, *repo)});
    }
    if (groups.empty()) {
        return session.fail("neither [main] nor a repository matches");
    }
    session.print(session.arguments().json ? config_json(groups) : config_text(groups));
    return exit_status::done;
}

int run_config_change(Session& session) {
    const Arguments& arguments = session.arguments();
    const auto requests = arguments.command == Command::config_set ? repo::parse_config_sets(arguments.operands)
                                                                   : repo::parse_config_unsets(arguments.operands);
    const auto changes = requests ? repo::change_config(arguments.overrides, *requests, arguments.repo_file)
                                  : Result<repo::ConfigChanges>{std::unexpected(requests.error())};
    if (!changes) {
        session.fail(changes.error());
        return changes.error().code == repo::RepoErrc::bad_option ? exit_status::usage : exit_status::failed;
    }
    for (const auto* warnings : {&changes->warnings, &changes->overruled}) {
        for (const std::string& warning : *warnings) {
            session.warn(warning);
        }
    }
    if (arguments.json) {
        session.print(config_changes_json(changes->changes));
    } else {
        session.say(config_changes_text(changes->changes));
    }
    return exit_status::done;
}

}  // namespace lastack::cli
