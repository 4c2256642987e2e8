#include "cli/command.hpp"
#include "cli/load_packages.hpp"
#include "cli/open_cache.hpp"
#include "cli/trim_cache.hpp"

#include <algorithm>

namespace lastack::cli {

int run_makecache(Session& session) {
    auto cache = open_cache(session);
    if (!cache) {
        return session.fail(cache.error());
    }
    if (std::ranges::none_of(session.config().repos, &repo::RepoConfig::enabled)) {
        return session.fail(no_repositories());
    }
    const auto repos = refresh_metadata(session, *cache);
    session.close_connections();
    if (!repos) {
        return session.fail(repos.error());
    }
    if (repos->empty()) {
        return session.fail("none of the enabled repositories could be had");
    }
    session.say("Metadata Cache Created\n");
    trim_cache(session, *cache);
    return exit_status::done;
}

}  // namespace lastack::cli
