#include "download/patience.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace lastack::download {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimeBudget document{.time = seconds{45}};
constexpr TimeBudget metadata{.time = seconds{60}, .rate = 2000, .rate_on_fast_link = 8000};

// Seconds until the patience with one mirror that sends at this rate, once a quarter of a second, is over; `most` when it never is.
double lasts(const TimeBudget& budget, double rate, const RestOfRun& rest = {}, double most = 86'400) {
    Patience patience{budget, 0};
    patience.begin_mirror(true, {});
    double time = 0;
    for (; time < most && !patience.is_over(); time += 0.25) {
        patience.pass(milliseconds{250}, static_cast<std::uint64_t>(rate * (time + 0.25)), rest);
    }
    return time;
}

TEST(Patience, with_a_document_is_over_after_its_time_whatever_comes) {
    for (const double rate : {0.0, 0.2, 1100.0, 1e6}) {
        EXPECT_EQ(lasts(document, rate), 45) << rate;
    }
}

TEST(Patience, with_silence_and_a_drip_is_over_after_about_the_time) {
    EXPECT_EQ(lasts(metadata, 0), 60);
    EXPECT_NEAR(lasts(metadata, 0.2), 60, 1);
}

TEST(Patience, with_a_server_just_above_a_least_rate_of_attempts_has_an_end) {
    EXPECT_NEAR(lasts(metadata, 1100), 60 / (1 - 1100.0 / 2000), 1);
    EXPECT_EQ(lasts(metadata, 2100), 86'400);
}

TEST(Patience, never_lasts_longer_than_the_time_and_the_size_at_the_least_rate) {
    for (const double rate : {1.0, 500.0, 1500.0, 1999.0}) {
        const double time = lasts(metadata, rate);
        EXPECT_LE(time, 60 + rate * time / 2000 + 1) << rate;
    }
}

TEST(Patience, does_not_save_up_what_a_fast_beginning_earned) {
    Patience patience{metadata, 0};
    patience.begin_mirror(true, {});
    patience.pass(seconds{1}, 10'000'000, {});
    EXPECT_EQ(patience.left(), seconds{60});
    patience.pass(seconds{60}, 10'000'000, {});
    EXPECT_TRUE(patience.is_over());
    EXPECT_EQ(patience.received(), 10'000'000u);
    EXPECT_EQ(patience.spent(), seconds{61});
}

TEST(Patience, earns_nothing_by_bytes_that_were_there_or_come_a_second_time) {
    Patience patience{metadata, 5000};
    patience.begin_mirror(true, {});
    patience.pass(seconds{10}, 5000, {});
    EXPECT_EQ(patience.left(), seconds{50});
    patience.pass(seconds{1}, 9000, {});
    EXPECT_EQ(patience.left(), seconds{51});
    patience.pass(seconds{1}, 0, {});  // begins again
    patience.pass(seconds{1}, 9000, {});
    EXPECT_EQ(patience.left(), seconds{49});
}

// 64 kbit/s are 8000 bytes per second, and headers cost some of it.
TEST(Patience, with_a_thin_link_never_ends_also_when_several_files_share_it) {
    for (const unsigned transfers : {1u, 2u, 3u, 6u, 16u}) {
        EXPECT_EQ(lasts(metadata, 7000.0 / transfers, {.transfers = transfers, .other_servers = 7000}), 86'400) << transfers;
    }
}

TEST(Patience, asks_for_more_where_another_server_shows_that_the_link_is_not_what_is_slow) {
    EXPECT_EQ(least_rate(metadata, {}), 2000);
    EXPECT_EQ(least_rate(metadata, {.other_servers = 100'000}), 2000);
    EXPECT_EQ(least_rate(metadata, {.other_servers = 400'000}), 4000);
    EXPECT_EQ(least_rate(metadata, {.other_servers = 1e9}), 8000);
    EXPECT_EQ(least_rate({.time = seconds{1}, .rate = 500}, {.other_servers = 1e9}), 500) << "a rate that somebody chose is kept";
}

TEST(Patience, gives_each_mirror_a_third_and_a_new_one_also_when_nothing_is_left) {
    Patience patience{document, 0};
    patience.begin_mirror(true, {});
    patience.pass(seconds{15}, 0, {});
    EXPECT_TRUE(patience.is_over_here());
    EXPECT_FALSE(patience.is_over());
    patience.begin_mirror(true, {});
    EXPECT_FALSE(patience.is_over_here());
    patience.pass(seconds{30}, 0, {});
    EXPECT_TRUE(patience.is_over());
    patience.begin_mirror(false, {});
    EXPECT_TRUE(patience.is_over()) << "it had its part";
    patience.begin_mirror(true, {});
    EXPECT_EQ(patience.left(), seconds{15});
}

TEST(Patience, with_many_mirrors_ends) {
    Patience patience{document, 0};
    Duration time{0};
    for (int mirror = 0; mirror < 100; ++mirror) {
        patience.begin_mirror(true, {});
        for (; !patience.is_over_here(); time += seconds{1}) {
            patience.pass(seconds{1}, 0, {});
        }
    }
    EXPECT_TRUE(patience.is_over());
    EXPECT_FALSE(patience.has_parts());
    EXPECT_EQ(time, seconds{45 + 8 * 15});
}

TEST(Patience, lets_a_mirror_be_silent_for_the_timeout_that_was_set) {
    Patience patience{document, 0};
    patience.begin_mirror(true, seconds{30});
    patience.pass(seconds{29}, 0, {});
    EXPECT_FALSE(patience.is_over_here());
    patience.pass(seconds{1}, 0, {});
    EXPECT_TRUE(patience.is_over_here());
}

}  // namespace
}  // namespace lastack::download
