#include "cli/trim_cache.hpp"

#include "base/text.hpp"
#include "repo/cache_quota.hpp"

#include <fmt/format.h>

namespace lastack::cli {

void trim_cache(Session& session, const repo::Cache& cache, const std::set<std::filesystem::path>& needed) {
    const auto quota = session.config().main.cache_quota;
    if (quota == 0) {
        return;
    }
    const auto outcome = repo::keep_quota(cache, quota, needed);
    if (!outcome) {
        session.warn(describe(outcome.error()));
        return;
    }
    if (outcome->removed > 0) {
        session.say(fmt::format("{} {} ({}B) removed from the cache: cache_quota is {}B\n", outcome->removed,
                                outcome->removed == 1 ? "file" : "files", format_number(outcome->bytes), format_number(quota)));
    }
    if (outcome->left > quota) {
        session.warn(fmt::format("the cache holds {}B, more than cache_quota ({}B): what is left is in use", format_number(outcome->left),
                                 format_number(quota)));
    }
}

}  // namespace lastack::cli
