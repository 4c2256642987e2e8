#include "cli/choose_repos.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/repo_table.hpp"

namespace lastack::cli {

int run_repolist(Session& session) {
    const Arguments& arguments = session.arguments();
    const auto repos = choose_repos(session.config(), arguments);
    if (arguments.json) {
        session.print(repo_list_json(repos));
        return exit_status::done;
    }
    if (repos.empty()) {
        session.warn(arguments.operands.empty() ? "there is no such repository" : "no repository matches");
        return exit_status::done;
    }
    const bool mixed = arguments.repo_choice == RepoChoice::all || !arguments.operands.empty();
    session.print(repo_list(repos, mixed ? StatusColumn::yes : StatusColumn::no, style_of(stdout).window.columns));
    return exit_status::done;
}

}  // namespace lastack::cli
