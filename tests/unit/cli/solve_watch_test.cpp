#include "cli/solve_watch.hpp"

#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using std::chrono::milliseconds;

TEST(SolveWatch, goes_on_up_to_the_limits_and_no_further) {
    const SolveLimits limits{.processor = milliseconds{500}, .memory = 1000};
    EXPECT_EQ(judge_solve({.processor = milliseconds{500}, .memory = 1000}, limits, false), SolveVerdict::go_on);
    EXPECT_EQ(judge_solve({.processor = milliseconds{501}, .memory = 1000}, limits, false), SolveVerdict::too_long);
    EXPECT_EQ(judge_solve({.processor = milliseconds{500}, .memory = 1001}, limits, false), SolveVerdict::too_large);
}

TEST(SolveWatch, a_stop_counts_before_any_limit) {
    EXPECT_EQ(judge_solve({.processor = milliseconds{501}, .memory = 0}, {.processor = milliseconds{500}}, true), SolveVerdict::stopped);
}

TEST(SolveWatch, no_time_at_all_is_no_limit) {
    EXPECT_EQ(judge_solve({.processor = std::chrono::hours{9}, .memory = 0}, {.processor = milliseconds{0}}, false), SolveVerdict::go_on);
}

TEST(SolveWatch, of_something_short_leaves_nothing_behind) {
    bool left = false;
    {
        const SolveWatch watch{{.processor = milliseconds{500}}, {}, [&](SolveVerdict) { return left = true, 1; }};
    }
    EXPECT_FALSE(left);
}

}  // namespace
}  // namespace lastack::cli
