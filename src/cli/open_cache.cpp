#include "cli/open_cache.hpp"

#include "repo/cache_places.hpp"
#include "repo/error.hpp"

#include <poll.h>
#include <string>
#include <unistd.h>

namespace lastack::cli {

namespace {

// A lock that ends with a process tells nobody, and waiting in the kernel could not be stopped.
constexpr int look_every = 250;  // milliseconds

// Root, and a directory named for this run, are taken at their word.
repo::CachePlaces places_of(const repo::MainConfig& main) {
    const auto record = main.records.find("cachedir");
    if (::geteuid() == 0 || (record != main.records.end() && record->second.origin.starts_with("--"))) {
        return {.own = main.cachedir, .shared = {}};
    }
    return repo::cache_places(main.cachedir, repo::cache_home_of_user());
}

}  // namespace

Result<repo::Cache> open_cache(Session& session) {
    const repo::CachePlaces places = places_of(session.config().main);
    std::string told;
    while (true) {
        auto cache = repo::Cache::open(places.own, places.shared);
        if (cache) {
            session.remember_mirrors_in(cache->mirror_history());
        }
        if (cache || cache.error().code != repo::RepoErrc::cache_locked || session.config().main.exit_on_lock) {
            return cache;
        }
        if (told != cache.error().cause) {
            told = cache.error().cause;
            session.warn(told + "; waiting for it to exit");
        }
        pollfd stop{.fd = session.signals().descriptor(), .events = POLLIN, .revents = 0};
        if (::poll(&stop, 1, look_every) > 0) {
            return std::unexpected(Error{.code = Errc::cancelled, .cause = "cancelled"});
        }
    }
}

}  // namespace lastack::cli
