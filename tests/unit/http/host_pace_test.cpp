#include "http/host_pace.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace lastack::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Ticket = HostPace::Ticket;

class HostPaceTest : public testing::Test {
protected:
    HostPace pace{8};
    TimePoint now{1h};

    [[nodiscard]] bool may_start() { return pace.next_start(now) <= now; }
    std::vector<Ticket> start_all() {
        std::vector<Ticket> all;
        while (may_start()) {
            all.push_back(pace.start(now));
        }
        return all;
    }
    void serve(const std::vector<Ticket>& tickets) {
        for (const Ticket ticket : tickets) {
            pace.accepted(ticket, now);
        }
        for (const Ticket ticket : tickets) {
            pace.ended(ticket);
        }
    }
    // The last of them is turned away, all others are served.
    void reject_last(const std::vector<Ticket>& tickets, std::optional<Duration> retry_after = {},
                     HostPace::Meaning meaning = HostPace::Meaning::any) {
        pace.rejected(tickets.back(), now, retry_after, meaning);
        pace.ended(tickets.back());
        serve({tickets.begin(), tickets.end() - 1});
    }
};

TEST_F(HostPaceTest, begins_with_four_and_grows_with_each_answer_up_to_the_limit) {
    pace = HostPace{10};
    auto running = start_all();
    EXPECT_EQ(running.size(), 4u);
    serve(running);
    running = start_all();
    EXPECT_EQ(running.size(), 8u);
    serve(running);
    EXPECT_EQ(start_all().size(), 10u);
}

TEST_F(HostPaceTest, begins_with_as_many_as_were_taken_in_an_earlier_run) {
    EXPECT_EQ(pace.taken(), 0u);
    serve(start_all());
    EXPECT_EQ(pace.taken(), 8u) << "it was allowed that after it had taken four";
    pace = HostPace{12, pace.taken()};
    EXPECT_EQ(pace.taken(), 8u);
    serve(start_all());
    EXPECT_EQ(pace.taken(), 12u);
    pace = HostPace{8, 7};
    EXPECT_EQ(start_all().size(), 7u);
    pace = HostPace{3, 7};
    serve(start_all());
    EXPECT_EQ(pace.taken(), 7u) << "a smaller limit of ours says nothing of the server";
}

TEST_F(HostPaceTest, forgets_what_was_taken_once_when_one_is_turned_away) {
    pace = HostPace{8, 8};
    reject_last(start_all());
    EXPECT_EQ(pace.allowed(), 4u);
    EXPECT_EQ(pace.taken(), 0u);
    serve(start_all());
    EXPECT_EQ(pace.taken(), 0u) << "it does turn some away";
}

TEST_F(HostPaceTest, grows_while_answers_are_slow_to_come) {
    EXPECT_EQ(start_all().size(), 4u);
    EXPECT_EQ(pace.next_start(now), now + 500ms);
    now += 500ms;
    EXPECT_EQ(start_all().size(), 4u);
}

TEST_F(HostPaceTest, does_not_grow_when_nobody_asks_for_more) {
    for (int i = 0; i < 100; ++i) {
        serve({pace.start(now)});
    }
    EXPECT_EQ(pace.allowed(), 4u);
}

TEST_F(HostPaceTest, halves_when_one_of_several_is_rejected_and_tries_what_failed_only_after_many) {
    serve(start_all());
    serve(start_all());
    ASSERT_EQ(pace.allowed(), 8u);
    reject_last(start_all());
    EXPECT_EQ(pace.allowed(), 4u);
    int rounds = 0;
    while (pace.allowed() < 7 && ++rounds < 100) {
        serve(start_all());
    }
    EXPECT_EQ(rounds, 3);
    unsigned answers = 0;
    while (pace.allowed() < 8 && answers < 1000) {
        const auto running = start_all();
        answers += static_cast<unsigned>(running.size());
        serve(running);
    }
    EXPECT_GE(answers, 100u);
    EXPECT_LE(answers, 110u);
}

TEST_F(HostPaceTest, goes_down_to_what_was_served_beside_the_rejected_ones) {
    const auto running = start_all();
    pace.rejected(running[1], now, {});
    EXPECT_EQ(pace.allowed(), 2u);
    pace.rejected(running[2], now, {});
    pace.rejected(running[3], now, {});
    EXPECT_EQ(pace.allowed(), 1u);
}

TEST_F(HostPaceTest, keeps_a_distance_when_one_alone_is_rejected_and_halves_it_until_it_fails_once) {
    pace = HostPace{1};
    serve(start_all());
    reject_last(start_all());
    EXPECT_EQ(pace.interval(), 200ms);
    std::vector<Duration> kept;
    for (int i = 0; i < 3; ++i) {
        kept.push_back(pace.interval());
        now = pace.next_start(now);
        i < 2 ? serve(start_all()) : reject_last(start_all());
    }
    EXPECT_EQ(kept, (std::vector<Duration>{200ms, 100ms, 50ms}));
    EXPECT_EQ(pace.interval(), 100ms);
}

TEST_F(HostPaceTest, estimates_the_distance_from_what_was_served) {
    pace = HostPace{1};
    for (int i = 0; i < 10; ++i) {
        serve(start_all());
    }
    reject_last(start_all(), {}, HostPace::Meaning::too_many_requests);
    EXPECT_EQ(pace.quiet_until(), now + 1s);
    EXPECT_EQ(pace.interval(), 110ms);
}

TEST_F(HostPaceTest, takes_one_failure_in_many_for_no_matter_of_pace_and_a_second_one_soon_for_one) {
    pace = HostPace{1};
    for (int i = 0; i < 10; ++i) {
        serve(start_all());
    }
    reject_last(start_all());
    EXPECT_EQ(pace.quiet_until(), now + 200ms);
    EXPECT_EQ(pace.interval(), 0ms);
    now += 200ms;
    serve(start_all());
    reject_last(start_all());
    EXPECT_GT(pace.interval(), 0ms);
}

TEST_F(HostPaceTest, gives_up_distances_that_do_not_keep_failures_away_until_they_come_close_together) {
    pace = HostPace{1};
    const auto reject_after = [this](int served) {
        for (int i = 0; i < served; ++i) {
            now = std::max(now, pace.next_start(now));
            serve(start_all());
        }
        now = std::max(now, pace.next_start(now));
        reject_last(start_all());
    };
    reject_after(10);
    reject_after(1);
    const Duration first = pace.interval();
    ASSERT_GT(first, 0ms);
    for (int i = 0; i < 4 && pace.interval() > 0ms; ++i) {
        EXPECT_LT(pace.interval(), 4 * first);
        reject_after(10);
    }
    EXPECT_EQ(pace.interval(), 0ms);
    for (int i = 0; i < 3; ++i) {
        reject_after(10);
        EXPECT_LE(pace.quiet_until(), now + 50ms);
        EXPECT_EQ(pace.interval(), 0ms);
    }
    for (int i = 0; i < 5; ++i) {
        reject_after(1);
    }
    EXPECT_GT(pace.interval(), 0ms);
}

TEST_F(HostPaceTest, keeps_quiet_as_long_as_the_server_asks_but_not_for_ever) {
    serve(start_all());
    reject_last(start_all(), 7s);
    EXPECT_EQ(pace.next_start(now), now + 7s);
    now += 7s;
    reject_last(start_all(), HostPace::longest_quiet);
    EXPECT_EQ(pace.quiet_until(), now + HostPace::longest_quiet);
    now += HostPace::longest_quiet;
    reject_last(start_all(), 24h);
    EXPECT_LT(pace.quiet_until(), now + HostPace::longest_quiet) << "that is about the file, and the file's attempts know of it";
}

TEST_F(HostPaceTest, asks_one_at_a_time_where_nobody_is_served) {
    for (const Duration pause : std::vector<Duration>{200ms, 400ms, 800ms, 1600ms, 2s, 2s}) {
        for (const Ticket ticket : start_all()) {
            pace.rejected(ticket, now, {});
            pace.ended(ticket);
        }
        EXPECT_EQ(pace.allowed(), 1u);
        EXPECT_EQ(pace.next_start(now), now + pause);
        now += pause;
    }
    EXPECT_EQ(pace.interval(), Duration{0});
}

TEST_F(HostPaceTest, does_not_slow_down_for_one_rejection_at_a_number_that_has_worked_for_long) {
    pace = HostPace{3};
    for (int i = 0; i < 50; ++i) {
        serve(start_all());
    }
    reject_last(start_all());
    EXPECT_EQ(pace.allowed(), 3u);
    reject_last(start_all());
    EXPECT_EQ(pace.allowed(), 2u);
}

// A machine under load: everything that happens comes late, now more and now less.
class LateMachine : public HostPaceTest, public testing::WithParamInterface<unsigned> {
protected:
    std::minstd_rand random{GetParam()};
    unsigned served = 0;
    unsigned rejected = 0;

    Duration late(milliseconds most) {
        return std::chrono::duration_cast<Duration>(
            std::uniform_real_distribution<double>{0, 1}(random)*std::chrono::duration<double, std::milli>{most});
    }
    // Three jobs ask for `files` in turn; `admits` is the server at the time when a request reaches it.
    template <typename Admits>
    Duration bring(unsigned files, Admits admits, std::optional<Duration> retry_after = {}) {
        pace = HostPace{3};
        const TimePoint begin = now;
        struct Event {
            enum class What : std::uint8_t { look, reach, answer } what;
            Ticket ticket = 0;
            bool good = false;
        };
        std::multimap<TimePoint, Event> events{{now, {Event::What::look}}};
        unsigned running = 0;
        TimePoint looks = now;
        while (served < files && !events.empty()) {
            const auto [at, event] = *events.begin();
            events.erase(events.begin());
            now = std::max(now, at);
            if (event.what == Event::What::reach) {
                events.emplace(now + late(15ms), Event{Event::What::answer, event.ticket, admits(now)});
                continue;
            }
            if (event.what == Event::What::answer) {
                event.good ? pace.accepted(event.ticket, now) : pace.rejected(event.ticket, now, retry_after);
                pace.ended(event.ticket);
                ++(event.good ? served : rejected);
                --running;
            } else {
                looks = TimePoint::max();
            }
            while (running < 3 && served + running < files && may_start()) {
                events.emplace(now + late(10ms), Event{Event::What::reach, pace.start(now)});
                ++running;
            }
            const TimePoint next = pace.next_start(now);
            if (running < 3 && next > now && next < looks) {
                looks = next;
                events.emplace(next + late(10ms), Event{Event::What::look});
            }
        }
        EXPECT_EQ(served, files);
        return now - begin;
    }
};

TEST_P(LateMachine, is_turned_away_a_few_times_by_ten_requests_per_second) {
    std::optional<TimePoint> last;
    const Duration took = bring(100, [&](TimePoint at) {
        const bool good = !last || at - *last >= 100ms;
        last = good ? at : *last;
        return good;
    });
    EXPECT_LE(rejected, 6u);
    EXPECT_LE(took, 16s);
}

TEST_P(LateMachine, is_not_slowed_down_by_a_server_that_fails_one_request_in_twenty) {
    const Duration took = bring(2000, [&](TimePoint) { return late(1000ms) >= 50ms; });
    EXPECT_LE(rejected, 200u);
    EXPECT_LE(took, 60s);
}

TEST_P(LateMachine, waits_as_long_as_a_failing_server_says_and_not_ever_longer) {
    const Duration took = bring(2500, [&](TimePoint) { return late(1000ms) >= 10ms; }, 1s);
    EXPECT_LE(rejected, 60u);
    EXPECT_LE(took, 3min) << "half a minute is what the server asked for; it was hours";
}

INSTANTIATE_TEST_SUITE_P(Seeds, LateMachine, testing::Range(1u, 41u));

}  // namespace
}  // namespace lastack::http
