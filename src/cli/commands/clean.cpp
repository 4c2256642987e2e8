#include "cli/command.hpp"
#include "cli/open_cache.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>

namespace lastack::cli {

int run_clean(Session& session) {
    using Clean = repo::Cache::Clean;
    // yum's and dnf's kinds of which there is nothing here are no mistake: scripts name them.
    static const std::map<std::string, std::optional<Clean>> kinds{{"packages", Clean::packages},
                                                                   {"metadata", Clean::metadata},
                                                                   {"dbcache", Clean::index},
                                                                   {"expire-cache", Clean::expire},
                                                                   {"expire_cache", Clean::expire},
                                                                   {"all", Clean::all},
                                                                   {"headers", {}},
                                                                   {"plugins", {}},
                                                                   {"rpmdb", {}}};
    for (const std::string& operand : session.arguments().operands) {
        if (!kinds.contains(operand)) {
            session.fail("clean takes packages, metadata, dbcache, expire-cache or all, not '" + operand + "'");
            return exit_status::usage;
        }
    }
    auto cache = open_cache(session);
    if (!cache) {
        return session.fail(cache.error());
    }
    std::size_t removed = 0;
    for (const std::string& operand : session.arguments().operands) {
        const auto kind = kinds.at(operand);
        auto cleaned = kind ? cache->clean(*kind) : Result<std::size_t>{0};
        if (!cleaned) {
            return session.fail(cleaned.error());
        }
        removed += *cleaned;
    }
    session.say(fmt::format("{} {} removed\n", removed, removed == 1 ? "file" : "files"));
    return exit_status::done;
}

}  // namespace lastack::cli
