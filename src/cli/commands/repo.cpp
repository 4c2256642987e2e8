#include "cli/command.hpp"
#include "cli/config_change_text.hpp"
#include "repo/change_config.hpp"

#include <algorithm>
#include <map>

namespace lastack::cli {

namespace {

// By id, so that one that several operands name is told once.
using Chosen = std::map<std::string, const repo::RepoConfig*>;

Result<Chosen> chosen_repos(const repo::Config& config, const std::vector<std::string>& operands) {
    Chosen chosen;
    for (const std::string& operand : operands) {
        const auto repos = repo::repos_matching(config, operand);
        if (!repos) {
            return std::unexpected(repos.error());
        }
        for (const repo::RepoConfig* repo : *repos) {
            chosen.emplace(repo->id, repo);
        }
    }
    return chosen;
}

}  // namespace

int run_repo_switch(Session& session) {
    const Arguments& arguments = session.arguments();
    const bool enable = arguments.command == Command::repo_enable;
    const auto config = repo::load_config_to_change(arguments.overrides);
    if (!config) {
        return session.fail(config.error());
    }
    const auto chosen = chosen_repos(*config, arguments.operands);
    if (!chosen) {
        return session.fail(chosen.error());
    }
    std::vector<repo::ConfigRequest> requests;
    std::vector<RepoSwitch> switches;
    for (const auto& [id, repo] : *chosen) {
        switches.push_back({.id = id, .is_enabled = enable, .file = {}});
        if (repo->enabled != enable) {
            requests.push_back({.scope = id, .key = "enabled", .value = enable ? "1" : "0"});
        }
    }
    const auto changes = repo::change_config(arguments.overrides, requests, {});
    if (!changes) {
        return session.fail(changes.error());
    }
    for (const repo::ConfigChange& change : changes->changes) {
        std::ranges::find(switches, change.key.section, &RepoSwitch::id)->file = change.file;
    }
    // Whoever reads the lines below would believe them.
    for (const std::string& warning : changes->overruled) {
        session.fail(warning);
    }
    if (!changes->overruled.empty()) {
        return exit_status::failed;
    }
    if (arguments.json) {
        session.print(repo_switches_json(switches));
    } else {
        session.say(repo_switches_text(switches));
    }
    return exit_status::done;
}

}  // namespace lastack::cli
