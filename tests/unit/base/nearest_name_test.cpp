#include "base/nearest_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lastack {
namespace {

constexpr std::string_view names[] = {"keepcache", "keepalive", "gpgcheck", "repo_gpgcheck", "cost", "updates", "updates-testing"};

TEST(NearestName, is_found_for_letters_left_out_added_changed_and_swapped) {
    EXPECT_EQ(nearest_name("keepcahe", names), "keepcache");
    EXPECT_EQ(nearest_name("keepcaches", names), "keepcache");
    EXPECT_EQ(nearest_name("kepcahce", names), "keepcache");
    EXPECT_EQ(nearest_name("GPGCHEK", names), "gpgcheck");
    EXPECT_EQ(nearest_name("cots", names), "cost");
    EXPECT_EQ(nearest_name("update", names), "updates");
}

TEST(NearestName, is_none_when_nothing_is_near_or_two_are_as_near_as_each_other) {
    EXPECT_EQ(nearest_name("retries", names), std::nullopt);
    EXPECT_EQ(nearest_name("", names), std::nullopt);
    EXPECT_EQ(nearest_name("xy", names), std::nullopt);
    EXPECT_EQ(nearest_name(std::string(100000, 'k'), names), std::nullopt);
    constexpr std::string_view twins[] = {"base1", "base2"};
    EXPECT_EQ(nearest_name("base3", twins), std::nullopt);
}

}  // namespace
}  // namespace lastack
