#include "cli/socket_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using namespace std::chrono_literals;
using net::TcpState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Looks that take two milliseconds, at moments that the test chooses.
constexpr Duration takes = 2ms;

TimePoint at(Duration since_start) { return TimePoint{1h} + since_start; }

SeenSocket socket_in(TcpState state, std::uint16_t port = 1, pid_t pid = 10) {
    SeenSocket socket{.tcp = {.state = state, .inode = 100U + port}, .pid = pid, .program = "client"};
    socket.tcp.local.port = port;
    return socket;
}

Look look(Duration begun, std::vector<SeenSocket> sockets) { return {at(begun), at(begun + takes), std::move(sockets)}; }

// A socket in CLOSE_WAIT, looked at every `step` from `from` to `to`.
void keep_in_close_wait(SocketHistory& history, Duration from, Duration to, Duration step = 10ms) {
    for (Duration now = from; now <= to; now += step) {
        history.feed(look(now, {socket_in(TcpState::close_wait)}));
    }
}

std::vector<SocketEvent::Kind> kinds(const std::vector<SocketEvent>& events) {
    std::vector<SocketEvent::Kind> result;
    for (const auto& event : events) {
        result.push_back(event.kind);
    }
    return result;
}

TEST(SocketHistory, a_single_look_claims_no_time) {
    SocketHistory history(0ms);
    history.feed(look(0ms, {socket_in(TcpState::close_wait)}));
    ASSERT_THAT(history.sockets(), SizeIs(1));
    EXPECT_EQ(history.sockets()[0].in_state(), 0ms);
    EXPECT_THAT(history.overdue(), IsEmpty());
}

TEST(SocketHistory, claims_the_time_between_the_end_of_the_first_look_and_the_beginning_of_the_last) {
    SocketHistory history;
    keep_in_close_wait(history, 0ms, 50ms);
    ASSERT_THAT(history.sockets(), SizeIs(1));
    EXPECT_EQ(history.sockets()[0].in_state(), 50ms - takes);
    ASSERT_TRUE(history.summary().longest_close_wait.has_value());
    EXPECT_EQ(history.summary().longest_close_wait->lasted, 50ms - takes);
}

TEST(SocketHistory, close_wait_for_longer_than_the_limit_is_overdue_and_for_as_long_is_not) {
    struct Row {
        Duration last;
        bool overdue;
    };
    for (const auto& [last, overdue] :
         {Row{.last = 101ms, .overdue = false}, Row{.last = 102ms, .overdue = false}, Row{.last = 103ms, .overdue = true}}) {
        SocketHistory history(100ms);
        history.feed(look(0ms, {socket_in(TcpState::close_wait)}));
        history.feed(look(last, {socket_in(TcpState::close_wait)}));
        EXPECT_EQ(history.overdue().size(), overdue ? 1U : 0U) << last.count();
        EXPECT_EQ(history.overdue_count(), overdue ? 1U : 0U);
    }
}

TEST(SocketHistory, time_in_other_states_does_not_count) {
    SocketHistory history(100ms);
    for (Duration now = 0ms; now <= 500ms; now += 10ms) {
        history.feed(look(now, {socket_in(TcpState::established), socket_in(TcpState::fin_wait_2, 2)}));
    }
    keep_in_close_wait(history, 510ms, 600ms);
    EXPECT_THAT(history.overdue(), IsEmpty());
    EXPECT_EQ(history.summary().in_close_wait, 1U);
}

TEST(SocketHistory, an_overdue_socket_is_told_with_all_the_time_it_was_seen_so_even_when_it_closes_in_the_end) {
    SocketHistory history(100ms);
    keep_in_close_wait(history, 0ms, 300ms);
    history.feed(look(310ms, {}));
    ASSERT_THAT(history.overdue(), SizeIs(1));
    EXPECT_EQ(history.overdue()[0].lasted, 300ms - takes);
    EXPECT_EQ(history.overdue()[0].socket.pid, 10);
    EXPECT_EQ(history.overdue_count(), 1U);
    EXPECT_THAT(history.sockets(), IsEmpty());
}

TEST(SocketHistory, without_a_limit_nothing_is_overdue) {
    SocketHistory history;
    keep_in_close_wait(history, 0ms, 5s);
    EXPECT_THAT(history.overdue(), IsEmpty());
}

TEST(SocketHistory, a_socket_without_a_descriptor_is_nobodys_and_never_overdue) {
    SocketHistory history(10ms);
    for (Duration now = 0ms; now <= 500ms; now += 10ms) {
        auto orphan = socket_in(TcpState::close_wait, 1, -1);
        orphan.tcp.inode = 0;
        history.feed(look(now, {orphan}));
    }
    EXPECT_THAT(history.overdue(), IsEmpty());
    EXPECT_EQ(history.summary().in_close_wait, 0U);
}

TEST(SocketHistory, a_descriptor_that_goes_to_another_process_is_the_same_socket) {
    SocketHistory history(100ms);
    keep_in_close_wait(history, 0ms, 60ms);
    const auto away = history.feed(look(70ms, {}));  // on its way
    const auto back = history.feed(look(80ms, {socket_in(TcpState::close_wait, 1, 11)}));
    history.feed(look(120ms, {socket_in(TcpState::close_wait, 1, 11)}));
    EXPECT_THAT(kinds(away), ElementsAre(SocketEvent::Kind::gone));
    EXPECT_THAT(kinds(back), ElementsAre(SocketEvent::Kind::seen));
    ASSERT_THAT(history.overdue(), SizeIs(1));
    EXPECT_EQ(history.overdue()[0].socket.pid, 11);
    EXPECT_EQ(history.summary().sockets, 1U);
}

TEST(SocketHistory, one_that_is_away_for_long_begins_anew) {
    SocketHistory history(100ms);
    keep_in_close_wait(history, 0ms, 60ms);
    for (Duration now = 70ms; now <= 60ms + remembered + 20ms; now += 10ms) {
        history.feed(look(now, {}));
    }
    history.feed(look(60ms + remembered + 30ms, {socket_in(TcpState::close_wait)}));
    EXPECT_EQ(history.sockets()[0].in_state(), 0ms);
    EXPECT_THAT(history.overdue(), IsEmpty());
    EXPECT_EQ(history.summary().sockets, 2U);
}

TEST(SocketHistory, the_same_inode_with_other_addresses_is_another_socket) {
    SocketHistory history(100ms);
    auto first = socket_in(TcpState::close_wait, 1);
    auto second = socket_in(TcpState::close_wait, 2);
    second.tcp.inode = first.tcp.inode;
    history.feed(look(0ms, {first}));
    history.feed(look(60ms, {second}));
    history.feed(look(120ms, {second}));
    EXPECT_THAT(history.overdue(), IsEmpty());
    EXPECT_EQ(history.summary().sockets, 2U);
}

TEST(SocketHistory, time_in_which_nobody_looked_counts_for_nothing) {
    SocketHistory history(100ms);
    keep_in_close_wait(history, 0ms, 50ms);
    // Stopped, or asleep with the machine, for an hour.
    keep_in_close_wait(history, 1h, 1h + 50ms);
    EXPECT_THAT(history.overdue(), IsEmpty());
    keep_in_close_wait(history, 1h + 60ms, 1h + 70ms);
    ASSERT_THAT(history.overdue(), SizeIs(1));
    EXPECT_LT(history.overdue()[0].lasted, 200ms);
}

TEST(SocketHistory, tells_what_changed_between_two_looks) {
    SocketHistory history;
    EXPECT_THAT(kinds(history.feed(look(0ms, {socket_in(TcpState::established)}))), ElementsAre(SocketEvent::Kind::seen));
    EXPECT_THAT(history.feed(look(10ms, {socket_in(TcpState::established)})), IsEmpty());
    const auto events = history.feed(look(20ms, {socket_in(TcpState::close_wait)}));
    ASSERT_THAT(kinds(events), ElementsAre(SocketEvent::Kind::changed));
    EXPECT_EQ(events[0].before, TcpState::established);
    EXPECT_EQ(events[0].in_state_before, 10ms - takes);
    EXPECT_EQ(events[0].socket.seen.tcp.state, TcpState::close_wait);
    EXPECT_THAT(kinds(history.feed(look(30ms, {}))), ElementsAre(SocketEvent::Kind::gone));
    EXPECT_THAT(history.feed(look(40ms, {})), IsEmpty());
}

TEST(SocketHistory, a_socket_that_one_look_tells_twice_is_one) {
    SocketHistory history;
    EXPECT_THAT(history.feed(look(0ms, {socket_in(TcpState::established), socket_in(TcpState::established)})), SizeIs(1));
    EXPECT_EQ(history.summary().most_at_a_time, 1U);
}

TEST(SocketHistory, sums_up_what_was_seen) {
    SocketHistory history;
    history.feed(look(0ms, {socket_in(TcpState::established, 1), socket_in(TcpState::established, 2)}));
    history.feed(look(10ms, {socket_in(TcpState::close_wait, 2), socket_in(TcpState::established, 3)}));
    history.feed(look(20ms, {socket_in(TcpState::close_wait, 2), socket_in(TcpState::close_wait, 3)}));
    history.feed(look(30ms, {socket_in(TcpState::close_wait, 2)}));
    const SocketSummary& summary = history.summary();
    EXPECT_EQ(summary.sockets, 3U);
    EXPECT_EQ(summary.most_at_a_time, 2U);
    EXPECT_EQ(summary.in_close_wait, 2U);
    ASSERT_TRUE(summary.longest_close_wait.has_value());
    EXPECT_EQ(summary.longest_close_wait->socket.tcp.local.port, 2);
    EXPECT_EQ(summary.longest_close_wait->lasted, 20ms - takes);
}

TEST(SocketHistory, keeps_no_more_overdue_sockets_than_it_says_and_counts_all) {
    SocketHistory history(10ms);
    std::vector<SeenSocket> sockets;
    for (std::uint16_t port = 1; port <= most_overdue_kept + 5; ++port) {
        sockets.push_back(socket_in(TcpState::close_wait, port));
    }
    history.feed(look(0ms, sockets));
    history.feed(look(100ms, sockets));
    history.feed(look(110ms, sockets));
    EXPECT_THAT(history.overdue(), SizeIs(most_overdue_kept));
    EXPECT_EQ(history.overdue_count(), most_overdue_kept + 5);
}

TEST(NextLook, keeps_the_interval_unless_looking_itself_is_dear) {
    struct Row {
        Duration cost;
        Duration next;
    };
    for (const auto& [cost, next] : {Row{.cost = 0ms, .next = 10ms}, Row{.cost = 2ms, .next = 10ms}, Row{.cost = 10ms, .next = 50ms},
                                     Row{.cost = 1s, .next = 1200ms}, Row{.cost = -1ms, .next = 10ms}}) {
        EXPECT_EQ(next_look({.begun = at(0ms), .ended = at(cost), .sockets = {}}, 10ms), at(next)) << cost.count();
    }
}

}  // namespace
}  // namespace lastack::cli
