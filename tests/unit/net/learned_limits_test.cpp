#include "net/learned_limits.hpp"

#include <gtest/gtest.h>

namespace lastack::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PoolKey key_of(const char* host) { return {Origin{.scheme = "http", .host = host, .port = 80}}; }

class LearnedLimitsTest : public testing::Test {
protected:
    void prove_stale(int times) {
        for (int i = 0; i < times; ++i) {
            limits.proved_stale(key, milliseconds{0});
        }
    }
    LearnedLimits limits;
    PoolKey key = key_of("a");
};

TEST_F(LearnedLimitsTest, nothing_is_known_of_a_host_never_met) {
    EXPECT_EQ(limits.of(key), std::nullopt);
    limits.reused_well(key);
    EXPECT_EQ(limits.of(key), std::nullopt);
}

TEST_F(LearnedLimitsTest, a_close_sets_the_limit_to_four_fifths_of_the_time_it_came_after) {
    limits.closed_by_server(key, milliseconds{500});
    EXPECT_EQ(limits.of(key), milliseconds{400});
    EXPECT_EQ(limits.of(key_of("b")), std::nullopt);
}

TEST_F(LearnedLimitsTest, the_shortest_time_seen_counts) {
    limits.closed_by_server(key, seconds{5});
    limits.closed_by_server(key, seconds{2});
    limits.closed_by_server(key, seconds{10});
    EXPECT_EQ(limits.of(key), milliseconds{1600});
}

TEST_F(LearnedLimitsTest, a_close_within_a_tenth_of_a_second_is_no_time_limit) {
    limits.closed_by_server(key, milliseconds{99});
    EXPECT_EQ(limits.of(key), std::nullopt);
    limits.closed_by_server(key, milliseconds{100});
    EXPECT_EQ(limits.of(key), milliseconds{80});
}

TEST_F(LearnedLimitsTest, three_stale_connections_of_a_host_that_never_kept_its_word_are_enough) {
    prove_stale(2);
    EXPECT_EQ(limits.of(key), std::nullopt);
    prove_stale(1);
    EXPECT_EQ(limits.of(key), Duration{0});
    EXPECT_EQ(limits.of(key_of("b")), std::nullopt);
}

TEST_F(LearnedLimitsTest, a_host_that_kept_its_word_before_is_not_judged_so_quickly) {
    limits.reused_well(key);
    prove_stale(7);
    EXPECT_EQ(limits.of(key), std::nullopt);
    prove_stale(1);
    EXPECT_EQ(limits.of(key), Duration{0});
}

TEST_F(LearnedLimitsTest, each_good_reuse_begins_the_count_anew) {
    for (int round = 0; round < 10; ++round) {
        limits.reused_well(key);
        prove_stale(7);
    }
    EXPECT_EQ(limits.of(key), std::nullopt);
    prove_stale(1);
    EXPECT_EQ(limits.of(key), Duration{0});
}

TEST_F(LearnedLimitsTest, two_stale_ones_before_the_first_good_reuse_are_forgotten_by_it) {
    prove_stale(2);
    limits.reused_well(key);
    prove_stale(2);
    EXPECT_EQ(limits.of(key), std::nullopt);
}

TEST_F(LearnedLimitsTest, a_stale_connection_tells_the_hosts_limit_too) {
    limits.proved_stale(key, seconds{3});
    EXPECT_EQ(limits.of(key), milliseconds{2400});
}

TEST_F(LearnedLimitsTest, what_a_host_does_on_one_way_says_nothing_of_another) {
    const PoolKey through_proxy{key.origin, Way{.proxy = ProxyTarget{.host = "p", .port = 3128}}};
    limits.closed_by_server(through_proxy, seconds{1});
    EXPECT_EQ(limits.of(key), std::nullopt);
    EXPECT_EQ(limits.of(through_proxy), milliseconds{800});
}

}  // namespace
}  // namespace lastack::net
