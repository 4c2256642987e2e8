#include "cli/rate_window.hpp"

#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint begin{100s};

TEST(RateWindow, is_the_mean_since_the_beginning_while_that_is_near) {
    RateWindow window(begin);
    EXPECT_EQ(window.rate(begin), 0);
    window.add(begin + 1s, 1000);
    window.add(begin + 2s, 3000);
    EXPECT_DOUBLE_EQ(window.rate(begin + 2s), 1500);
}

TEST(RateWindow, forgets_what_is_older_than_five_seconds) {
    RateWindow window(begin);
    for (int i = 1; i <= 100; ++i) {
        window.add(begin + i * 100ms, static_cast<std::uint64_t>(i) * 1000);  // 10 kB/s for ten seconds
    }
    EXPECT_DOUBLE_EQ(window.rate(begin + 10s), 10'000);
    for (int i = 1; i <= 50; ++i) {
        window.add(begin + 10s + i * 100ms, 100'000 + static_cast<std::uint64_t>(i) * 100);  // 1 kB/s for five
    }
    EXPECT_DOUBLE_EQ(window.rate(begin + 15s), 1000);
}

TEST(RateWindow, falls_to_nothing_while_nothing_comes) {
    RateWindow window(begin);
    window.add(begin + 1s, 5000);
    EXPECT_DOUBLE_EQ(window.rate(begin + 5s), 1000);
    EXPECT_DOUBLE_EQ(window.rate(begin + 7s), 0);
    window.add(begin + 60s, 10'000);
    EXPECT_DOUBLE_EQ(window.rate(begin + 60s), 1000);
}

TEST(RateWindow, does_not_count_what_was_there_before_and_begins_anew_with_a_file_that_does) {
    RateWindow window(begin, 1'000'000);
    window.add(begin + 1s, 1'001'000);
    EXPECT_DOUBLE_EQ(window.rate(begin + 1s), 1000);
    window.add(begin + 2s, 0);
    EXPECT_DOUBLE_EQ(window.rate(begin + 2s), 0);
    window.add(begin + 3s, 500);
    EXPECT_DOUBLE_EQ(window.rate(begin + 3s), 500);
}

TEST(RateWindow, takes_samples_that_are_close_together_as_one) {
    RateWindow window(begin);
    for (int i = 1; i <= 1000; ++i) {
        window.add(begin + i * 1ms, static_cast<std::uint64_t>(i));
    }
    EXPECT_DOUBLE_EQ(window.rate(begin + 1s), 1000);
}

}  // namespace
}  // namespace lastack::cli
