#include "cli/command.hpp"
#include "cli/load_packages.hpp"
#include "cli/open_cache.hpp"
#include "cli/package_list.hpp"
#include "cli/progress.hpp"

namespace lastack::cli {

int run_check_update(Session& session) {
    auto cache = open_cache(session);
    if (!cache) {
        return session.fail(cache.error());
    }
    auto loaded = load_packages(session, *cache, Metadata::needed);
    session.close_connections();
    if (!loaded) {
        return session.fail(loaded.error());
    }
    auto updates = loaded->sack.updates(session.arguments().operands);
    const int status = updates.empty() ? exit_status::done : exit_status::updates_found;
    if (session.arguments().json) {
        session.print(package_list_json({{"", std::move(updates), "updates"}}));
        return status;
    }
    if (updates.empty()) {
        return status;
    }
    session.say(package_list({{"", std::move(updates)}}, style_of(stdout).window.columns));
    return status;
}

}  // namespace lastack::cli
