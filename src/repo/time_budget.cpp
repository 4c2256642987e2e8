#include "repo/time_budget.hpp"

#include <algorithm>
#include <chrono>

namespace lastack::repo {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds usual_timeout = std::chrono::seconds{30};
// Three transfers share a link of 64 kbit/s and leave each other more than that.
constexpr std::uint64_t least_metadata_rate = 2000;
constexpr std::uint64_t least_package_rate = 1000;
constexpr std::uint64_t fast_link = 4;  // times that, where another server shows that the link is not what is slow

}  // namespace

TimeBudget time_budget(const RepoConfig& repo, Content content) {
    const milliseconds timeout = repo.timeout.value_or(usual_timeout);
    if (content == Content::document) {
        return {.time = std::max(milliseconds{1}, timeout * 3 / 2)};
    }
    TimeBudget budget{.time = timeout * (content == Content::metadata ? 2 : 3)};
    if (repo.minrate) {
        budget.rate = std::max<std::uint64_t>(1, *repo.minrate);  // with 0 it is silence alone that ends a file
        return budget;
    }
    budget.rate = content == Content::metadata ? least_metadata_rate : least_package_rate;
    budget.rate_on_fast_link = fast_link * budget.rate;
    return budget;
}

}  // namespace lastack::repo
