#include "repo/expire_filter.hpp"

#include <algorithm>
#include <limits>

namespace lastack::repo {

namespace {

constexpr std::int64_t most_apart = std::int64_t{5} * 24 * 3600;

}  // namespace

bool is_waived(ExpireFilter filter, Timeliness wanted) {
    switch (filter) {
        case ExpireFilter::never:
            return false;
        case ExpireFilter::past:
            return wanted == Timeliness::past;
        case ExpireFilter::present:
            return wanted <= Timeliness::present;
        case ExpireFilter::future:
            return wanted <= Timeliness::future;
    }
    return false;
}

bool are_of_one_age(std::span<const std::optional<std::int64_t>> checked_at, std::int64_t now) {
    std::int64_t oldest = std::numeric_limits<std::int64_t>::max();
    std::int64_t newest = 0;
    for (const auto& each : checked_at) {
        if (!each || *each > now || *each < 0) {
            return false;
        }
        oldest = std::min(oldest, *each);
        newest = std::max(newest, *each);
    }
    return checked_at.empty() || newest - oldest <= most_apart;
}

}  // namespace lastack::repo
