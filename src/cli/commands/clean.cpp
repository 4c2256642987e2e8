#include "cli/command.hpp"
#include "cli/load_packages.hpp"

#include <fmt/format.h>

#include <map>

namespace lastack::cli {

int run_clean(Session& session) {
    static const std::map<std::string, repo::Cache::Clean> kinds{{"packages", repo::Cache::Clean::packages},
                                                                 {"metadata", repo::Cache::Clean::metadata},
                                                                 {"expire-cache", repo::Cache::Clean::expire},
                                                                 {"all", repo::Cache::Clean::all}};
    for (const std::string& operand : session.arguments().operands) {
        if (!kinds.contains(operand)) {
            session.fail("clean takes packages, metadata, expire-cache or all, not '" + operand + "'");
            return exit_status::usage;
        }
    }
    auto cache = open_cache(session);
    if (!cache) {
        return session.fail(cache.error());
    }
    std::size_t removed = 0;
    for (const std::string& operand : session.arguments().operands) {
        auto cleaned = cache->clean(kinds.at(operand));
        if (!cleaned) {
            return session.fail(cleaned.error());
        }
        removed += *cleaned;
    }
    session.say(fmt::format("{} {} removed\n", removed, removed == 1 ? "file" : "files"));
    return exit_status::done;
}

}  // namespace lastack::cli
