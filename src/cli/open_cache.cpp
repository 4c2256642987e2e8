#include "cli/open_cache.hpp"

#include "repo/error.hpp"

#include <poll.h>
#include <string>

namespace lastack::cli {

namespace {

// A lock that ends with a process tells nobody, and waiting in the kernel could not be stopped.
constexpr int look_every = 250;  // milliseconds

}  // namespace

Result<repo::Cache> open_cache(Session& session) {
    std::string told;
    while (true) {
        auto cache = repo::Cache::open(session.config().main.cachedir);
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
