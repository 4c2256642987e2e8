#include "base/text.hpp"
#include "cli/cache_table.hpp"
#include "cli/command.hpp"
#include "cli/open_cache.hpp"
#include "cli/progress.hpp"

#include <ctime>

namespace lastack::cli {

int run_cache(Session& session) {
    const auto cache = open_cache(session);
    if (!cache) {
        return session.fail(cache.error());
    }
    const auto report = repo::report_cache(*cache);
    if (!report) {
        return session.fail(report.error());
    }
    const std::string directory = cache->directory().string();
    session.print(session.arguments().json ? cache_json(*report, directory)
                                           : cache_table(*report, directory, std::time(nullptr), style_of(stdout).window.columns));
    return exit_status::done;
}

}  // namespace lastack::cli
