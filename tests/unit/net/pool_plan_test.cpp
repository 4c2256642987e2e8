#include "net/pool_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace lastack::net {
namespace {

using std::chrono::seconds;
using Assign = PoolPlan::Assign;
using Shut = PoolPlan::Shut;

constexpr TimePoint now{std::chrono::hours{100}};

PoolKey key(const std::string& host) { return {Origin{.scheme = "http", .host = host, .port = 80}}; }

// A pool at one moment, told as a story.
struct Story {
    PoolState state;
    PoolLimits limits{.per_key = 2, .total = 4};

    // Idle since `ago` seconds, usable for `left` more.
    Story& idle(ConnectionId id, const std::string& host, int ago = 1, int left = 3, bool used = true) {
        state.connections.push_back({.id = id,
                                     .key = key(host),
                                     .phase = ConnectionPhase::idle,
                                     .used = used,
                                     .idle_since = now - seconds{ago},
                                     .usable_until = now + seconds{left}});
        return *this;
    }
    Story& busy(ConnectionId id, const std::string& host) {
        state.connections.push_back({.id = id, .key = key(host), .phase = ConnectionPhase::busy, .used = true});
        return *this;
    }
    Story& dialling(ConnectionId id, const std::string& host) {
        state.connections.push_back({.id = id, .key = key(host), .phase = ConnectionPhase::connecting});
        return *this;
    }
    Story& waits(WaiterId id, const std::string& host, bool fresh = false) {
        state.waiters.push_back({.id = id, .key = key(host), .fresh = fresh});
        return *this;
    }
    Story& needs(const std::string& host, unsigned count) {
        state.needs[key(host)] = count;
        return *this;
    }
    Story& more() {
        state.expect_more = true;
        return *this;
    }
    Story& limit(unsigned per_key, unsigned total) {
        limits = {.per_key = per_key, .total = total};
        return *this;
    }
    [[nodiscard]] PoolPlan plan() const { return plan_pool(state, limits, now); }
};

std::vector<PoolKey> dials(const std::string& host, std::size_t count) { return std::vector<PoolKey>(count, key(host)); }

TEST(PoolPlan, an_empty_pool_plans_nothing) { EXPECT_EQ(Story{}.plan(), PoolPlan{}); }

TEST(PoolPlan, a_waiter_without_a_connection_gets_a_dial) { EXPECT_EQ(Story{}.waits(1, "a").plan(), (PoolPlan{.connect = dials("a", 1)})); }

struct LimitRow {
    unsigned open;     // busy connections of the host
    unsigned waiting;  // requests for it
    unsigned per_key;
    unsigned total;
    unsigned dialled;
};

class PoolPlanLimits : public testing::TestWithParam<LimitRow> {};

TEST_P(PoolPlanLimits, bound_the_dials) {
    const LimitRow& row = GetParam();
    Story story;
    story.limit(row.per_key, row.total);
    for (unsigned i = 0; i < row.open; ++i) {
        story.busy(i + 1, "a");
    }
    for (unsigned i = 0; i < row.waiting; ++i) {
        story.waits(i + 1, "a");
    }
    EXPECT_EQ(story.plan(), (PoolPlan{.connect = dials("a", row.dialled)}));
}

INSTANTIATE_TEST_SUITE_P(Table, PoolPlanLimits,
                         testing::Values(LimitRow{0, 1, 1, 1, 1}, LimitRow{0, 2, 1, 2, 1}, LimitRow{0, 2, 2, 1, 1}, LimitRow{0, 2, 2, 2, 2},
                                         LimitRow{0, 3, 2, 3, 2}, LimitRow{0, 3, 3, 3, 3}, LimitRow{0, 4, 3, 9, 3}, LimitRow{1, 1, 1, 1, 0},
                                         LimitRow{1, 1, 2, 1, 0}, LimitRow{1, 1, 1, 2, 0}, LimitRow{1, 1, 2, 2, 1}, LimitRow{2, 9, 3, 9, 1},
                                         LimitRow{3, 9, 3, 9, 0}, LimitRow{0, 1, 0, 1, 0}, LimitRow{0, 1, 1, 0, 0}, LimitRow{2, 1, 1, 1, 0},
                                         LimitRow{0, 0, 3, 3, 0}));

TEST(PoolPlan, the_total_is_shared_by_all_hosts) {
    const auto plan = Story{}.limit(3, 3).busy(1, "a").busy(2, "b").waits(1, "c").waits(2, "d").waits(3, "a").plan();
    EXPECT_EQ(plan, (PoolPlan{.connect = dials("c", 1)}));
}

TEST(PoolPlan, dials_under_way_count_as_open_and_as_supply) {
    EXPECT_EQ(Story{}.dialling(1, "a").waits(1, "a").plan(), PoolPlan{});
    EXPECT_EQ(Story{}.dialling(1, "a").waits(1, "a").waits(2, "a").plan(), (PoolPlan{.connect = dials("a", 1)}));
    EXPECT_EQ(Story{}.limit(1, 9).dialling(1, "a").waits(1, "a").waits(2, "a").plan(), PoolPlan{});
    EXPECT_EQ(Story{}.limit(2, 2).dialling(1, "a").dialling(2, "a").waits(1, "a").waits(2, "a").waits(3, "b").plan(), PoolPlan{});
}

TEST(PoolPlan, the_connection_used_last_is_taken_first) {
    const auto plan = Story{}.limit(3, 3).idle(1, "a", 3).idle(2, "a", 1).idle(3, "a", 2).waits(7, "a").waits(8, "a").more().plan();
    EXPECT_EQ(plan, (PoolPlan{.assign = {Assign{7, 2}, Assign{8, 3}}, .look_again = now + seconds{3}}));
}

TEST(PoolPlan, who_waits_longest_is_served_first) {
    const auto plan = Story{}.idle(1, "a").waits(5, "a").waits(6, "a").plan();
    EXPECT_EQ(plan, (PoolPlan{.assign = {Assign{5, 1}}, .connect = dials("a", 1)}));
}

TEST(PoolPlan, a_waiter_never_gets_a_connection_of_another_key) {
    Story story;
    story.idle(1, "a").waits(1, "b").more();
    for (const Origin& origin : {Origin{.scheme = "https", .host = "a", .port = 80}, Origin{.scheme = "http", .host = "a", .port = 81}}) {
        story.state.waiters.push_back({.id = 9, .key = {origin}});
    }
    EXPECT_TRUE(story.plan().assign.empty());
}

TEST(PoolPlan, a_fresh_waiter_takes_only_a_connection_that_carried_nothing) {
    const auto plan = Story{}.limit(3, 3).idle(1, "a", 1, 3, true).idle(2, "a", 2, 3, false).waits(1, "a", true).more().plan();
    EXPECT_EQ(plan.assign, std::vector{(Assign{1, 2})});
}

TEST(PoolPlan, a_fresh_waiter_dials_past_used_connections_and_the_next_one_takes_them) {
    const auto plan = Story{}.idle(1, "a").waits(1, "a", true).waits(2, "a").plan();
    EXPECT_EQ(plan, (PoolPlan{.assign = {Assign{2, 1}}, .connect = dials("a", 1)}));
}

TEST(PoolPlan, a_fresh_waiter_at_the_limit_has_a_used_idle_connection_make_room) {
    const auto plan = Story{}.limit(1, 1).idle(1, "a").waits(1, "a", true).plan();
    EXPECT_EQ(plan, (PoolPlan{.close = {Shut{1, CloseReason::make_room}}, .connect = dials("a", 1)}));
}

TEST(PoolPlan, an_idle_connection_nobody_needs_is_closed_at_once) {
    EXPECT_EQ(Story{}.idle(1, "a").plan(), (PoolPlan{.close = {Shut{1, CloseReason::last_need}}}));
    EXPECT_EQ(Story{}.idle(1, "a").needs("b", 1).plan(), (PoolPlan{.close = {Shut{1, CloseReason::last_need}}}));
    EXPECT_EQ(Story{}.idle(1, "a").needs("a", 0).plan(), (PoolPlan{.close = {Shut{1, CloseReason::last_need}}}));
}

TEST(PoolPlan, an_idle_connection_with_a_need_is_kept_until_its_limit) {
    EXPECT_EQ(Story{}.idle(1, "a", 1, 3).needs("a", 1).plan(), (PoolPlan{.look_again = now + seconds{3}}));
}

TEST(PoolPlan, when_more_is_expected_all_are_kept_until_their_limit) {
    EXPECT_EQ(Story{}.idle(1, "a", 1, 3).idle(2, "b", 1, 2).more().plan(), (PoolPlan{.look_again = now + seconds{2}}));
}

TEST(PoolPlan, a_connection_at_its_limit_is_closed_and_one_before_it_is_not) {
    EXPECT_EQ(Story{}.idle(1, "a", 4, 0).more().plan(), (PoolPlan{.close = {Shut{1, CloseReason::idle_limit}}}));
    EXPECT_EQ(Story{}.idle(1, "a", 4, -1).more().plan(), (PoolPlan{.close = {Shut{1, CloseReason::idle_limit}}}));
    EXPECT_TRUE(Story{}.idle(1, "a", 4, 1).more().plan().close.empty());
}

TEST(PoolPlan, a_connection_at_its_limit_is_not_handed_out) {
    const auto plan = Story{}.idle(1, "a", 4, 0).waits(1, "a").plan();
    EXPECT_EQ(plan, (PoolPlan{.close = {Shut{1, CloseReason::idle_limit}}, .connect = dials("a", 1)}));
}

TEST(PoolPlan, looks_again_at_the_earliest_limit_of_those_that_stay) {
    const auto plan = Story{}.limit(9, 9).idle(1, "a", 1, 5).idle(2, "a", 2, 1).idle(3, "a", 3, 2).waits(1, "a").more().plan();
    EXPECT_EQ(plan.assign, std::vector{(Assign{1, 1})});
    EXPECT_EQ(plan.look_again, now + seconds{1});
    EXPECT_EQ(Story{}.busy(1, "a").dialling(2, "a").waits(1, "a").plan().look_again, std::nullopt);
}

TEST(PoolPlan, room_for_another_host_is_made_by_the_connection_idle_for_longest) {
    const auto plan = Story{}.limit(3, 3).idle(1, "a", 1).idle(2, "b", 3).idle(3, "c", 2).waits(1, "d").more().plan();
    EXPECT_EQ(plan.close, std::vector{(Shut{2, CloseReason::make_room})});
    EXPECT_EQ(plan.connect, dials("d", 1));
}

TEST(PoolPlan, room_is_made_by_what_nothing_needs_before_what_something_needs) {
    const auto plan = Story{}.limit(2, 2).idle(1, "a", 9).idle(2, "b", 1).needs("a", 1).waits(1, "d").more().plan();
    EXPECT_EQ(plan.close, std::vector{(Shut{2, CloseReason::make_room})});
    const auto last_resort = Story{}.limit(1, 1).idle(1, "a", 9).needs("a", 1).waits(1, "d").plan();
    EXPECT_EQ(last_resort.close, std::vector{(Shut{1, CloseReason::make_room})});
    EXPECT_EQ(last_resort.connect, dials("d", 1));
}

TEST(PoolPlan, no_room_is_made_while_there_is_some) {
    const auto plan = Story{}.limit(2, 3).idle(1, "a").idle(2, "b").waits(1, "d").more().plan();
    EXPECT_TRUE(plan.close.empty());
    EXPECT_EQ(plan.connect, dials("d", 1));
}

TEST(PoolPlan, room_in_the_hosts_own_limit_is_made_by_its_own_connection_only) {
    const auto plan = Story{}.limit(1, 9).idle(1, "b", 9).idle(2, "a", 1).waits(1, "a", true).more().plan();
    EXPECT_EQ(plan.close, std::vector{(Shut{2, CloseReason::make_room})});
    EXPECT_EQ(plan.connect, dials("a", 1));
    EXPECT_TRUE(Story{}.limit(1, 9).idle(1, "b", 9).busy(2, "a").waits(1, "a").more().plan().close.empty());
}

TEST(PoolPlan, busy_connections_never_make_room) {
    EXPECT_EQ(Story{}.limit(1, 2).busy(1, "a").busy(2, "b").waits(1, "c").waits(2, "a").plan(), PoolPlan{});
}

TEST(PoolPlan, one_place_is_given_once) {
    const auto plan = Story{}.limit(2, 2).busy(1, "a").idle(2, "b").waits(1, "c").waits(2, "d").plan();
    EXPECT_EQ(plan, (PoolPlan{.close = {Shut{2, CloseReason::make_room}}, .connect = dials("c", 1)}));
}

TEST(PoolPlan, a_dial_nobody_waits_for_is_cancelled) {
    EXPECT_EQ(Story{}.dialling(1, "a").plan(), (PoolPlan{.close = {Shut{1, CloseReason::last_need}}}));
    EXPECT_EQ(Story{}.dialling(1, "a").more().plan(), (PoolPlan{.close = {Shut{1, CloseReason::last_need}}}));
    EXPECT_EQ(Story{}.dialling(1, "a").needs("a", 1).plan(), PoolPlan{});
    EXPECT_EQ(Story{}.dialling(1, "a").waits(1, "a").plan(), PoolPlan{});
}

TEST(PoolPlan, a_busy_connection_is_left_alone_even_without_need) { EXPECT_EQ(Story{}.busy(1, "a").plan(), PoolPlan{}); }

TEST(PoolPlan, a_waiter_of_a_full_host_keeps_nothing_of_another_host_open) {
    const auto plan = Story{}.limit(1, 3).busy(1, "a").idle(2, "b").waits(1, "a").plan();
    EXPECT_EQ(plan, (PoolPlan{.close = {Shut{2, CloseReason::last_need}}}));
}

// Every state of a small pool: the plan never breaks the limits, never gives anything twice, and leaves nobody unserved who could be
// served.
TEST(PoolPlan, keeps_its_promises_in_every_small_state) {
    const std::string hosts[] = {"a", "b"};
    for (unsigned code = 0; code < 8 * 8 * 8 * 4 * 4 * 2; ++code) {
        unsigned rest = code;
        const auto take = [&rest](unsigned n) { return std::exchange(rest, rest / n) % n; };
        Story story;
        story.limit(2, 3);
        for (ConnectionId id = 1; id <= 3; ++id) {
            const unsigned kind = take(8);
            const std::string& host = hosts[kind % 2];
            switch (kind / 2) {
                case 0:
                    break;
                case 1:
                    story.idle(id, host, static_cast<int>(id), 2, id % 2 == 0);
                    break;
                case 2:
                    story.busy(id, host);
                    break;
                case 3:
                    story.dialling(id, host);
                    break;
            }
        }
        for (WaiterId id = 1; id <= 2; ++id) {
            const unsigned kind = take(4);
            if (kind > 0) {
                story.waits(id, hosts[kind % 2], kind == 3);
            }
        }
        if (take(2) == 1) {
            story.more();
        }
        const auto open_to = [&story](const std::string& host) {
            return std::ranges::count(story.state.connections, key(host), &ConnectionView::key);
        };
        if (open_to("a") > 2 || open_to("b") > 2) {
            continue;  // no pool comes to this
        }
        const PoolPlan plan = story.plan();
        std::vector<ConnectionId> given;
        for (const auto& [waiter, connection] : plan.assign) {
            given.push_back(connection);
        }
        for (const auto& [connection, reason] : plan.close) {
            given.push_back(connection);
        }
        std::ranges::sort(given);
        ASSERT_TRUE(std::ranges::adjacent_find(given) == given.end()) << code;
        const std::size_t open = story.state.connections.size() - plan.close.size() + plan.connect.size();
        ASSERT_LE(open, 3u) << code;
        const auto dialling =
            static_cast<std::size_t>(std::ranges::count(story.state.connections, ConnectionPhase::connecting, &ConnectionView::phase));
        const bool all_served = plan.assign.size() + plan.connect.size() + dialling >= story.state.waiters.size();
        const bool something_runs = open > 0 || story.state.waiters.empty();
        ASSERT_TRUE(all_served || something_runs) << code;
    }
}

}  // namespace
}  // namespace lastack::net
