#include "net/resume_watch.hpp"

#include <gtest/gtest.h>

namespace lastack::net {
namespace {

using namespace std::chrono_literals;

// A machine whose clocks the test turns.
struct Machine {
    SleepDetector detector;
    TimePoint boottime{100h};
    std::chrono::nanoseconds monotonic{90h};

    Machine& awake(Duration time) {
        boottime += time;
        monotonic += time;
        return *this;
    }
    Machine& asleep(Duration time) {
        boottime += time;
        return *this;
    }
    bool slept() { return detector.slept(boottime, monotonic); }
};

TEST(SleepDetector, the_first_look_only_remembers) {
    Machine machine;
    EXPECT_FALSE(machine.slept()) << "it slept ten hours before, but that is not of interest";
}

TEST(SleepDetector, time_awake_is_no_sleep_however_long) {
    Machine machine;
    (void)machine.slept();
    EXPECT_FALSE(machine.awake(5s).slept());
    EXPECT_FALSE(machine.awake(1000h).slept());
}

TEST(SleepDetector, a_sleep_is_noticed_once) {
    Machine machine;
    (void)machine.slept();
    EXPECT_TRUE(machine.awake(2s).asleep(10min).awake(1s).slept());
    EXPECT_FALSE(machine.slept());
    EXPECT_FALSE(machine.awake(5s).slept());
    EXPECT_TRUE(machine.asleep(1s).slept());
}

TEST(SleepDetector, only_what_exceeds_half_a_second_is_a_sleep) {
    Machine machine;
    (void)machine.slept();
    EXPECT_FALSE(machine.asleep(500ms).slept());
    EXPECT_TRUE(machine.asleep(501ms).slept());
}

TEST(SleepDetector, a_difference_that_shrinks_is_no_sleep) {
    Machine machine;
    (void)machine.slept();
    machine.monotonic += 1h;
    EXPECT_FALSE(machine.slept());
}

TEST(SleepDetector, after_forgetting_the_next_look_only_remembers) {
    Machine machine;
    (void)machine.slept();
    machine.asleep(1h).detector.forget();
    EXPECT_FALSE(machine.slept());
    EXPECT_TRUE(machine.asleep(1h).slept());
}

}  // namespace
}  // namespace lastack::net
