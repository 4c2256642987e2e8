#include "cli/command.hpp"
#include "cli/load_packages.hpp"

namespace lastack::cli {

int run_makecache(Session& session) {
    auto cache = open_cache(session);
    if (!cache) {
        return session.fail(cache.error());
    }
    const auto repos = refresh_metadata(session, *cache, repo::Expiry::ignore);
    session.close_connections();
    if (!repos) {
        return session.fail(repos.error());
    }
    if (repos->empty()) {
        return session.fail("there are no enabled repositories; see --enablerepo and the .repo files in reposdir");
    }
    session.say("Metadata Cache Created\n");
    return exit_status::done;
}

}  // namespace lastack::cli
