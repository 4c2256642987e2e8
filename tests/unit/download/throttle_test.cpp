// Token buckets on a virtual clock.
#include "download/throttle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

namespace lastack::download {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint begin{1h};

double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// Reads of several transfers, each as soon as it is granted, until `until`; bytes of each.
std::vector<std::size_t> run(const std::vector<TransferPace*>& transfers, const std::vector<const char*>& hosts, Duration until) {
    std::vector<std::size_t> read(transfers.size());
    std::vector<http::ReadGrant> grants;
    for (std::size_t i = 0; i < transfers.size(); ++i) {
        grants.push_back(transfers[i]->next(hosts[i], begin));
    }
    while (true) {
        const auto first = std::ranges::min_element(grants, {}, &http::ReadGrant::at);
        if (first->at >= begin + until) {
            return read;
        }
        const auto i = static_cast<std::size_t>(first - grants.begin());
        const TimePoint now = first->at;
        read[i] += first->bytes;
        transfers[i]->taken(hosts[i], first->bytes, first->bytes, now);
        grants[i] = transfers[i]->next(hosts[i], now);
    }
}

TEST(Throttle, holds_its_rate_from_slow_to_fast) {
    for (const std::uint64_t rate : {1'000u, 10'000u, 1'000'000u, 100'000'000u}) {
        Throttle throttle{0, 0};
        TransferPace transfer{throttle, rate};
        ASSERT_NE(transfer.get(), nullptr);
        const auto read = run({&transfer}, {"h"}, 20s);
        EXPECT_NEAR(static_cast<double>(read[0]) / 20.0 / static_cast<double>(rate), 1.0, 0.03) << rate;
    }
}

TEST(Throttle, without_limits_is_not_there) {
    Throttle throttle{0, 0};
    TransferPace transfer{throttle, 0};
    EXPECT_EQ(transfer.get(), nullptr);
}

TEST(Throttle, at_10_kB_per_second_flows_in_small_pieces_without_gaps) {
    Throttle throttle{10'000, 0};
    TransferPace transfer{throttle, 0};
    TimePoint now = begin;
    for (int i = 0; i < 100; ++i) {
        const auto grant = transfer.next("h", now);
        EXPECT_LE(grant.bytes, 1024u);
        EXPECT_LE(seconds(grant.at - now), 0.11);
        now = std::max(now, grant.at);
        transfer.taken("h", grant.bytes, grant.bytes, now);
    }
}

TEST(Throttle, is_shared_fairly) {
    Throttle throttle{100'000, 0};
    TransferPace a{throttle, 0};
    TransferPace b{throttle, 0};
    TransferPace c{throttle, 0};
    const auto read = run({&a, &b, &c}, {"h", "h", "other"}, 10s);
    for (const std::size_t bytes : read) {
        EXPECT_NEAR(static_cast<double>(bytes), 1'000'000.0 / 3, 1'000'000.0 / 50);
    }
}

TEST(Throttle, of_a_host_leaves_other_hosts_alone_and_a_transfers_own_limit_leaves_the_rest_to_others) {
    Throttle throttle{100'000, 60'000};
    TransferPace slow{throttle, 10'000};
    TransferPace same_host{throttle, 0};
    TransferPace other_host{throttle, 0};
    const auto read = run({&slow, &same_host, &other_host}, {"h", "h", "other"}, 10s);
    EXPECT_LE(read[0], 105'000u);
    EXPECT_GE(read[0], 70'000u);  // its small pieces wait behind the others' larger ones
    EXPECT_LE(read[0] + read[1], 620'000u);
    EXPECT_LE(read[2], 620'000u);
    EXPECT_NEAR(static_cast<double>(read[0] + read[1] + read[2]), 1'000'000.0, 50'000.0);
}

TEST(Throttle, gives_back_what_a_short_read_left_and_charges_what_came_with_the_head) {
    TokenBucket bucket{1000};
    EXPECT_EQ(bucket.reserve(500, begin), begin);
    bucket.give_back(400);
    EXPECT_EQ(bucket.reserve(500, begin), begin + 100ms);
    Throttle throttle{1000, 0};
    TransferPace transfer{throttle, 0};
    transfer.taken("h", 0, 2000, begin);
    EXPECT_EQ(transfer.next("h", begin).at, begin + 2s);
}

TEST(Throttle, a_pause_is_not_made_up_for_by_a_burst) {
    TokenBucket bucket{10'000};
    static_cast<void>(bucket.reserve(512, begin));
    const TimePoint later = begin + 1min;
    TimePoint last{};
    for (int i = 0; i < 20; ++i) {  // a second's worth
        last = bucket.reserve(500, later);
    }
    EXPECT_GE(last, later + 800ms);
}

}  // namespace
}  // namespace lastack::download
