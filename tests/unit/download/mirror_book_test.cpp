#include "download/mirror_book.hpp"

#include "download/retry_budget.hpp"
#include "download/stall_rule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace lastack::download {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint start{hours{1}};

void use(MirrorBook& book, const std::string& host, const AttemptSample& sample, TimePoint now = start) {
    book.began(host, now);
    book.ended(host, sample, now);
}
void make_good(MirrorBook& book, const std::string& host, double rate, double setup = 0.05) {
    use(book, host, {.outcome = AttemptOutcome::succeeded, .setup = setup, .first_byte = 0.05});
    book.carried(host, static_cast<std::uint64_t>(rate * 10), 10, start);
}

using Order = std::vector<std::size_t>;

TEST(MirrorBook, unknown_hosts_stand_as_listed) {
    const MirrorBook book;
    EXPECT_EQ(book.rank({"c", "a", "b"}, {}, start), (Order{0, 1, 2}));
}

TEST(MirrorBook, known_fast_ones_come_first_and_those_that_failed_last) {
    MirrorBook book;
    make_good(book, "slow", 1e5);
    make_good(book, "fast", 1e7);
    use(book, "dead", {.outcome = AttemptOutcome::failed});
    EXPECT_EQ(book.rank({"dead", "new", "slow", "fast"}, {}, start), (Order{3, 2, 1, 0}));
}

TEST(MirrorBook, an_unknown_host_is_explored_by_one_file_at_a_time) {
    MirrorBook book;
    make_good(book, "good", 1e6);
    EXPECT_EQ(book.rank({"good", "new", "newer"}, {.explore = true}, start), (Order{1, 0, 2}));
    book.began("new", start);
    EXPECT_EQ(book.rank({"good", "new", "newer"}, {.explore = true}, start).front(), 0u);
}

TEST(MirrorBook, files_that_start_together_try_different_unknown_hosts) {
    MirrorBook book;
    book.began("a", start);
    EXPECT_EQ(book.rank({"a", "b", "c"}, {.explore = true}, start).front(), 1u);
}

TEST(MirrorBook, knows_how_many_transfers_are_at_work_and_how_fast_the_other_hosts_are) {
    MirrorBook book;
    EXPECT_EQ(book.active(), 0u);
    book.began("a", start);
    book.began("a", start);
    book.began("b", start);
    EXPECT_EQ(book.active(), 3u);
    EXPECT_EQ(book.fastest_beside("a", start), 0);
    make_good(book, "a", 1e6);
    make_good(book, "b", 1e4);
    EXPECT_NEAR(book.fastest_beside("b", start + seconds{60}), 1e6, 1);
    EXPECT_NEAR(book.fastest_beside("a", start + seconds{60}), 1e4, 1);
    EXPECT_EQ(book.fastest_beside("b", start + seconds{600}), 0) << "that was another link, perhaps";
}

TEST(MirrorBook, takes_no_rate_of_an_earlier_run_for_one_of_this_link) {
    MirrorBook earlier;
    make_good(earlier, "a", 1e7);
    MirrorBook book;
    book.read(earlier.write(start, 1'000'000), start, 1'000'000);
    EXPECT_EQ(book.fastest_beside("b", start), 0);
    book.carried("a", 5000, 1, start);
    EXPECT_NEAR(book.fastest_beside("b", start), 5000, 1);
}

TEST(MirrorBook, slow_name_lookup_costs_no_more_than_its_share_of_the_requests) {
    MirrorBook book;
    make_good(book, "fast", 1e7, 3.0);
    make_good(book, "plain", 1e6);
    EXPECT_EQ(book.rank({"plain", "fast"}, {.size = 1e5}, start).front(), 0u) << "one small file";
    EXPECT_EQ(book.rank({"plain", "fast"}, {.size = 1e8}, start).front(), 1u) << "one large file";
    for (int i = 0; i < 100; ++i) {
        use(book, "fast", {.outcome = AttemptOutcome::succeeded, .first_byte = 0.05});
    }
    EXPECT_EQ(book.rank({"plain", "fast"}, {.size = 1e6}, start).front(), 1u) << "its connection is open by now";
}

TEST(MirrorBook, a_missing_file_and_an_interruption_cost_no_rank) {
    MirrorBook book;
    make_good(book, "a", 1e6);
    const auto before = book.cost("a", 1e6, start);
    book.began("a", start);
    book.ended("a", {.outcome = AttemptOutcome::no_file}, start);
    book.began("a", start);
    book.ended("a", {.outcome = AttemptOutcome::no_blame}, start);
    EXPECT_LE(book.cost("a", 1e6, start), before);
    EXPECT_TRUE(book.known_good("a", start));
}

TEST(MirrorBook, failures_fade) {
    MirrorBook book;
    use(book, "dead", {.outcome = AttemptOutcome::failed});
    EXPECT_EQ(book.rank({"dead", "new"}, {}, start).front(), 1u);
    EXPECT_FALSE(book.known_good("dead", start));
    make_good(book, "a", 1e6);
    use(book, "a", {.outcome = AttemptOutcome::failed});
    EXPECT_GT(book.cost("a", 1e6, start), book.cost("a", 1e6, start + hours{1}));
}

TEST(MirrorBook, is_read_as_it_was_written) {
    MirrorBook book;
    make_good(book, "fast", 1e7);
    make_good(book, "slow:8080", 1e5);
    use(book, "dead", {.outcome = AttemptOutcome::failed});
    book.took("slow:8080", 9);
    book.took("nobody asked it", 9);
    const std::string text = book.write(start, 1'000'000);
    MirrorBook again;
    again.read(text, start + hours{24}, 1'000'000);
    EXPECT_EQ(again.rank({"dead", "new", "slow:8080", "fast"}, {}, start + hours{24}), (Order{3, 2, 1, 0}));
    EXPECT_EQ(again.find("slow:8080")->taken, 9u);
    EXPECT_EQ(again.find("fast")->taken, 0u);
    EXPECT_EQ(again.write(start + hours{24}, 1'000'000), text);
}

TEST(MirrorBook, reads_the_lines_of_urlgrabbers_timed_hosts_and_skips_garbage) {
    MirrorBook book;
    book.read(
        "a.example 2000000 0 1000000\n\nb 1e400 0 1\nc nan 0 1\nd -1 0 1\ne\nf 1 1\n\xff\n# g 1 0 1\nh 100 0 "
        "99999999999999999999\nlast 5 0 7",
        start, 1'000'000);
    EXPECT_TRUE(book.known_good("a.example", start));
    EXPECT_TRUE(book.known_good("last", start));
    for (const char* host : {"b", "c", "d", "e", "f", "#", "g", "h"}) {
        EXPECT_EQ(book.find(host), nullptr) << host;
    }
}

TEST(MirrorBook, keeps_the_hosts_used_last_within_its_bound) {
    MirrorBook book;
    for (int i = 0; i < 1100; ++i) {
        use(book, "h" + std::to_string(i), {.outcome = AttemptOutcome::succeeded}, start + seconds{i});
    }
    const std::string text = book.write(start + hours{1}, 1'000'000);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1001);
    EXPECT_EQ(text.find("h99 "), std::string::npos);
    EXPECT_NE(text.find("h1099 "), std::string::npos);
}

struct SilenceRow {
    const char* what;
    std::optional<Duration> gap;
    OtherMirrors others;
    std::optional<Duration> limit;
};

TEST(StallRule, silence_is_judged_by_the_transfers_own_pace_and_the_others) {
    const OtherMirrors none;
    const OtherMirrors some{.at_hand = true};
    const OtherMirrors good{.at_hand = true, .known_good = true, .first_byte = milliseconds{50}};
    const SilenceRow rows[] = {{"alone", milliseconds{1}, none, {}},
                               {"alone, no answer yet", {}, none, {}},
                               {"quick, others unknown", milliseconds{1}, some, seconds{4}},
                               {"quick, others good", milliseconds{1}, good, seconds{2}},
                               {"a drip", milliseconds{1000}, good, seconds{6}},
                               {"never more than eight seconds", seconds{30}, good, seconds{8}},
                               {"no answer, others unknown", {}, some, seconds{8}},
                               {"no answer, others good", {}, good, seconds{2}}};
    for (const SilenceRow& row : rows) {
        EXPECT_EQ(silence_limit(row.gap, row.others), row.limit) << row.what;
    }
}

TEST(StallRule, a_transfer_moves_only_for_a_clear_gain) {
    EXPECT_TRUE(worth_moving({.running = 2, .here = 20, .there = 5}));
    EXPECT_FALSE(worth_moving({.running = 1, .here = 20, .there = 5})) << "the rate has not settled";
    EXPECT_FALSE(worth_moving({.running = 2, .here = 20, .there = 15}));
    EXPECT_FALSE(worth_moving({.running = 2, .here = 0.5, .there = 0.1})) << "near its end";
    EXPECT_TRUE(worth_moving({.running = 2, .here = 20, .there = 15, .exploring = true}));
}

TEST(RetryBudget, ends_a_dead_run_and_grows_with_success) {
    RetryBudget budget{1};
    unsigned taken = 0;
    while (budget.take()) {
        ++taken;
    }
    EXPECT_EQ(taken, 10u);
    budget.succeeded();
    EXPECT_TRUE(budget.take());
}

}  // namespace
}  // namespace lastack::download
