#include "net/blockage.hpp"

#include <gtest/gtest.h>

namespace lastack::net {
namespace {

using namespace std::chrono_literals;

// A thread told sample by sample; limit 200 ms, a look every 25.
struct Thread {
    Blockage blockage{200ms, 25ms};
    ThreadSample now{.at = std::chrono::steady_clock::time_point{1h}, .turn = 1};
    int reports = 0;

    Thread() { look(); }
    void look() { reports += blockage.found(now) ? 1 : 0; }

    Thread& sleeps(std::chrono::nanoseconds time, std::chrono::nanoseconds step = 25ms) { return goes_on(time, step, 0ns, true); }
    Thread& computes(std::chrono::nanoseconds time) { return goes_on(time, 25ms, 25ms, false); }
    Thread& waits_for_a_processor(std::chrono::nanoseconds time, std::chrono::nanoseconds step = 25ms) {
        return goes_on(time, step, 0ns, false);
    }
    Thread& goes_on(std::chrono::nanoseconds time, std::chrono::nanoseconds step, std::chrono::nanoseconds used, bool asleep) {
        now.asleep = asleep;
        for (std::chrono::nanoseconds passed{0}; passed < time; passed += step) {
            now.at += step;
            now.processor_time += used;
            look();
        }
        return *this;
    }
    Thread& begins_turn(std::uint64_t number) {
        now.turn = number;
        look();
        return *this;
    }
    Thread& between_turns(std::uint64_t heartbeat) {
        now.turn = 2;
        now.heartbeat = heartbeat;
        look();
        return *this;
    }
};

TEST(Blockage, a_turn_that_sleeps_in_a_call_for_the_limit_is_found_once) {
    EXPECT_EQ(Thread{}.sleeps(200ms).reports, 0) << "the first span began awake";
    EXPECT_EQ(Thread{}.sleeps(225ms).reports, 1);
    EXPECT_EQ(Thread{}.sleeps(10s).reports, 1);
}

TEST(Blockage, a_turn_that_computes_for_the_limit_is_found) {
    EXPECT_EQ(Thread{}.computes(175ms).reports, 0);
    EXPECT_EQ(Thread{}.computes(200ms).reports, 1);
}

TEST(Blockage, half_computed_and_half_slept_is_blocked_all_the_same) { EXPECT_EQ(Thread{}.computes(125ms).sleeps(125ms).reports, 1); }

TEST(Blockage, short_sleeps_with_a_little_work_between_add_up) { EXPECT_EQ(Thread{}.goes_on(300ms, 25ms, 2ms, true).reports, 1); }

TEST(Blockage, a_thread_that_waits_for_a_processor_is_never_found) {
    EXPECT_EQ(Thread{}.waits_for_a_processor(1h).reports, 0);
    EXPECT_EQ(Thread{}.computes(100ms).waits_for_a_processor(1min).computes(75ms).reports, 0);
}

TEST(Blockage, a_sampler_that_comes_late_counts_only_what_it_was_meant_to_see) {
    EXPECT_EQ(Thread{}.sleeps(1s, 1s).reports, 0) << "a stopped process or a suspended machine";
    EXPECT_EQ(Thread{}.sleeps(9s, 1s).reports, 1);
}

TEST(Blockage, turns_that_come_and_go_are_not_added_up) {
    Thread thread;
    for (std::uint64_t turn = 3; turn < 103; turn += 2) {
        thread.begins_turn(turn).sleeps(100ms).computes(75ms);
    }
    EXPECT_EQ(thread.reports, 0);
    EXPECT_EQ(thread.begins_turn(103).sleeps(300ms).reports, 1);
    EXPECT_EQ(thread.begins_turn(105).sleeps(300ms).reports, 2) << "each blockage is told";
}

TEST(Blockage, between_turns_a_thread_may_sleep_as_long_as_it_likes) { EXPECT_EQ(Thread{}.between_turns(0).sleeps(1h, 1min).reports, 0); }

TEST(Blockage, a_heartbeat_that_does_not_run_while_the_thread_sleeps_is_a_blockage) {
    EXPECT_EQ(Thread{}.between_turns(7).sleeps(250ms).reports, 1);
}

TEST(Blockage, a_heartbeat_behind_many_short_handlers_is_none) {
    EXPECT_EQ(Thread{}.between_turns(7).computes(1s).reports, 0);
    EXPECT_EQ(Thread{}.between_turns(7).computes(2s).reports, 1);
}

}  // namespace
}  // namespace lastack::net
