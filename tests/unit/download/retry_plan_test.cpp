#include "download/retry_plan.hpp"

#include "download/error.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace lastack::download {
namespace {

using http::HttpErrc;
using net::NetErrc;
using std::chrono::milliseconds;

struct ClassRow {
    std::error_code code;
    FailureClass expected;
    int status = 0;
};

class Classify : public testing::TestWithParam<ClassRow> {};

TEST_P(Classify, follows_the_table) {
    EXPECT_EQ(classify(Error{.code = GetParam().code, .http_status = GetParam().status}), GetParam().expected) << GetParam().code.message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, Classify,
    testing::Values(
        ClassRow{Errc::cancelled, FailureClass::final}, ClassRow{Errc::no_space, FailureClass::final},
        ClassRow{Errc::not_permitted, FailureClass::final}, ClassRow{Errc::not_found, FailureClass::final},
        ClassRow{Errc::io_failed, FailureClass::final}, ClassRow{Errc::locked, FailureClass::final},
        ClassRow{Errc::timed_out, FailureClass::transient}, ClassRow{Errc::invalid_argument, FailureClass::mirror},
        ClassRow{NetErrc::name_not_found, FailureClass::mirror}, ClassRow{NetErrc::unsupported_scheme, FailureClass::mirror},
        ClassRow{NetErrc::name_failed, FailureClass::slow_to_change}, ClassRow{NetErrc::connect_refused, FailureClass::slow_to_change},
        ClassRow{NetErrc::unreachable, FailureClass::slow_to_change}, ClassRow{NetErrc::reset, FailureClass::transient},
        ClassRow{NetErrc::closed, FailureClass::transient}, ClassRow{NetErrc::unsolicited, FailureClass::transient},
        ClassRow{HttpErrc::bad_head, FailureClass::mirror}, ClassRow{HttpErrc::head_too_large, FailureClass::mirror},
        ClassRow{HttpErrc::bad_framing, FailureClass::mirror}, ClassRow{HttpErrc::bad_chunk, FailureClass::mirror},
        ClassRow{HttpErrc::bad_range, FailureClass::mirror}, ClassRow{HttpErrc::bad_redirect, FailureClass::mirror},
        ClassRow{HttpErrc::too_many_redirects, FailureClass::mirror}, ClassRow{HttpErrc::not_found, FailureClass::mirror, 404},
        ClassRow{HttpErrc::forbidden, FailureClass::mirror, 403}, ClassRow{HttpErrc::unexpected_status, FailureClass::mirror},
        ClassRow{HttpErrc::client_error, FailureClass::mirror, 400}, ClassRow{HttpErrc::client_error, FailureClass::mirror, 416},
        ClassRow{HttpErrc::client_error, FailureClass::transient, 408}, ClassRow{HttpErrc::client_error, FailureClass::transient, 425},
        ClassRow{HttpErrc::client_error, FailureClass::transient, 429}, ClassRow{HttpErrc::server_error, FailureClass::transient, 500},
        ClassRow{HttpErrc::unavailable, FailureClass::transient, 503}, ClassRow{HttpErrc::truncated, FailureClass::transient},
        ClassRow{HttpErrc::too_slow, FailureClass::transient}, ClassRow{DownloadErrc::size_mismatch, FailureClass::mirror},
        ClassRow{DownloadErrc::digest_mismatch, FailureClass::mirror}, ClassRow{DownloadErrc::too_large, FailureClass::mirror}));

struct PlanRow {
    const char* what;
    FailureClass failure;
    AttemptHistory history;
    std::optional<Retry> retry;
};

class RetryPlan : public testing::TestWithParam<PlanRow> {};

TEST_P(RetryPlan, follows_the_table) { EXPECT_EQ(plan_retry(GetParam().failure, GetParam().history), GetParam().retry) << GetParam().what; }

AttemptHistory history(unsigned attempts, unsigned retries, unsigned without_progress, std::size_t mirror, std::vector<bool> struck_out) {
    return {.attempts = attempts,
            .retries = retries,
            .without_progress = without_progress,
            .mirror = mirror,
            .struck_out = std::move(struck_out)};
}

using enum FailureClass;

INSTANTIATE_TEST_SUITE_P(
    Budget, RetryPlan,
    testing::Values(PlanRow{"final ends it", final, history(1, 10, 1, 0, {false, false}), {}},
                    PlanRow{"one attempt in all", transient, history(1, 1, 1, 0, {false, false}), {}},
                    PlanRow{"two, one made", transient, history(1, 2, 1, 0, {false}), Retry{0, milliseconds{200}}},
                    PlanRow{"two, both made", transient, history(2, 2, 2, 0, {false}), {}},
                    PlanRow{"n - 1 made", transient, history(9, 10, 1, 0, {false, false}), Retry{1, milliseconds{0}}},
                    PlanRow{"n made", transient, history(10, 10, 1, 0, {false, false}), {}},
                    PlanRow{"no limit and progress", transient, history(999, 0, 0, 0, {false}), Retry{0, milliseconds{0}}},
                    PlanRow{"no limit but the hard one", transient, history(1000, 0, 0, 0, {false}), {}},
                    PlanRow{"no limit but no progress", transient, history(5, 0, 5, 0, {false}), {}},
                    PlanRow{"four without progress", transient, history(4, 0, 4, 0, {false}), Retry{0, milliseconds{1600}}},
                    PlanRow{"five per mirror", transient, history(9, 0, 9, 0, {false, false}), Retry{1, milliseconds{0}}},
                    PlanRow{"five on each mirror", transient, history(10, 0, 10, 0, {false, false}), {}},
                    PlanRow{"refused twice", slow_to_change, history(2, 10, 2, 0, {false}), Retry{0, milliseconds{400}}},
                    PlanRow{"refused three times", slow_to_change, history(3, 10, 3, 0, {false}), {}},
                    PlanRow{"three per mirror", slow_to_change, history(5, 10, 5, 0, {false, false}), Retry{1, milliseconds{0}}},
                    PlanRow{"three on each mirror", slow_to_change, history(6, 10, 6, 0, {false, false}), {}}));

INSTANTIATE_TEST_SUITE_P(
    Mirrors, RetryPlan,
    testing::Values(
        PlanRow{"only mirror is out", mirror, history(0, 10, 0, 0, {false}), {}},
        PlanRow{"next mirror at once", mirror, history(0, 10, 0, 0, {false, false}), Retry{1, milliseconds{0}}},
        PlanRow{"round the end", mirror, history(0, 10, 0, 2, {false, false, false}), Retry{0, milliseconds{0}}},
        PlanRow{"past those that are out", mirror, history(0, 10, 0, 0, {false, true, true, false}), Retry{3, milliseconds{0}}},
        PlanRow{"all out", mirror, history(0, 10, 0, 1, {true, false}), {}},
        PlanRow{"transient, next mirror at once", transient, history(1, 10, 1, 0, {false, false}), Retry{1, milliseconds{0}}},
        PlanRow{"transient, the others are out", transient, history(1, 10, 1, 1, {true, false, true}), Retry{1, milliseconds{200}}},
        PlanRow{"a wait at the end of each round", transient, history(2, 10, 2, 1, {false, false}), Retry{0, milliseconds{200}}},
        PlanRow{"twice as long after the next", transient, history(4, 10, 4, 1, {false, false}), Retry{0, milliseconds{400}}},
        PlanRow{"no wait after progress", transient, history(3, 10, 0, 0, {false}), Retry{0, milliseconds{0}}}));

TEST(RetryPlanPatience, does_not_shrink_when_another_mirror_is_struck_out) {
    // Three failures on each, then the second will not serve the file: the first keeps its own two.
    auto made = history(6, 0, 6, 1, {false, false});
    made.fruitless = {3, 3};
    EXPECT_EQ(plan_retry(mirror, made), (Retry{0, milliseconds{0}}));
    made.fruitless = {5, 1};
    EXPECT_EQ(plan_retry(mirror, made), std::nullopt);
}

TEST(RetryPlanDelay, doubles_up_to_two_seconds) {
    // With as many mirrors as there are attempts in a round, each round's end waits longer.
    const std::vector<milliseconds> expected{milliseconds{200}, milliseconds{400}, milliseconds{800}, milliseconds{1600}};
    for (unsigned round = 1; round <= expected.size(); ++round) {
        const auto retry = plan_retry(transient, history(round, 0, round, 0, {false}));
        ASSERT_TRUE(retry);
        EXPECT_EQ(retry->delay, expected[round - 1]) << round;
    }
}

}  // namespace
}  // namespace lastack::download
