#include "repo/expire_filter.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lastack::repo {
namespace {

using Ages = std::vector<std::optional<std::int64_t>>;

constexpr std::int64_t day = 86'400;
constexpr std::int64_t now = 1'700'000'000;

TEST(ExpireFilter, waives_the_expiry_for_commands_up_to_its_own_kind) {
    using enum Timeliness;
    for (const Timeliness wanted : {past, present, future, newest}) {
        EXPECT_FALSE(is_waived(ExpireFilter::never, wanted));
        EXPECT_EQ(is_waived(ExpireFilter::past, wanted), wanted == past);
        EXPECT_EQ(is_waived(ExpireFilter::present, wanted), wanted == past || wanted == present);
        EXPECT_EQ(is_waived(ExpireFilter::future, wanted), wanted != newest);
    }
}

TEST(ExpireFilter, repositories_are_of_one_age_when_all_were_checked_within_five_days) {
    EXPECT_TRUE(are_of_one_age(Ages{}, now));
    EXPECT_TRUE(are_of_one_age(Ages{now}, now));
    EXPECT_TRUE(are_of_one_age(Ages{now - 90 * day}, now));
    EXPECT_TRUE(are_of_one_age(Ages{now - 12 * day, now - 7 * day, now - 9 * day}, now));
    EXPECT_FALSE(are_of_one_age(Ages{now - 12 * day - 1, now - 7 * day}, now));
    EXPECT_FALSE(are_of_one_age(Ages{now, std::nullopt}, now));
    EXPECT_FALSE(are_of_one_age(Ages{now + 1}, now));
}

}  // namespace
}  // namespace lastack::repo
