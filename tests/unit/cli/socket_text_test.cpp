#include "cli/socket_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using namespace std::chrono_literals;
using net::TcpState;
using testing::ElementsAre;
using testing::HasSubstr;

net::Endpoint endpoint(std::uint8_t last, std::uint16_t port) {
    net::Endpoint result{.port = port};
    result.address = {10, 0, 0, last};
    return result;
}

FollowedSocket followed(TcpState state, Duration seen = 0ms, std::optional<Duration> quiet = {}) {
    FollowedSocket socket;
    socket.seen = {.tcp = {.local = endpoint(1, 40000),
                           .remote = endpoint(2, 80),
                           .state = state,
                           .receive_queue = 1,
                           .uid = 7,
                           .inode = 99,
                           .quiet = quiet},
                   .pid = 123,
                   .program = "client"};
    socket.since = TimePoint{1h};
    socket.until = socket.since + seen;
    return socket;
}

TEST(SocketTable, marks_what_is_half_closed) {
    EXPECT_THAT(socket_table({followed(TcpState::established, 0ms, 1500ms), followed(TcpState::close_wait, 4200ms, 5s),
                              followed(TcpState::fin_wait_2)}),
                ElementsAre("State        Recv-Q  Send-Q  Local           Remote       In state  Quiet  Process",
                            "ESTABLISHED       1       0  10.0.0.1:40000  10.0.0.2:80         -   1.5s  client[123]",
                            "CLOSE_WAIT        1       0  10.0.0.1:40000  10.0.0.2:80     >4.2s   5.0s  client[123]",
                            "  half closed: the peer has closed, this side has not",
                            "FIN_WAIT2         1       0  10.0.0.1:40000  10.0.0.2:80         -      -  client[123]",
                            "  half closed: this side has closed, the peer has not"));
}

TEST(SocketTable, a_single_look_tells_only_how_long_close_wait_can_have_lasted_at_most) {
    EXPECT_THAT(socket_table({followed(TcpState::close_wait, 0ms, 12'300ms)})[1], HasSubstr(" <12.3s  12.3s "));
    EXPECT_THAT(socket_table({followed(TcpState::established, 0ms, 12'300ms)})[1], HasSubstr(" -  12.3s "));
}

TEST(SocketTable, fits_a_terminal) {
    EXPECT_THAT(fitted({"abcdef", "x", "y"}, 4, 3), ElementsAre("abcd", "x", "y"));
    EXPECT_THAT(fitted({"a", "b", "c", "d"}, 80, 3), ElementsAre("a", "b", "... 2 more lines"));
    EXPECT_THAT(fitted({"a\xc3\xa4\xc3\xb6"}, 2, 3), ElementsAre("a\xc3\xa4"));
}

TEST(SocketText, a_program_cannot_write_to_the_terminal_by_its_name) {
    auto socket = followed(TcpState::close_wait).seen;
    socket.program = "a\x1b[2J\"";
    EXPECT_EQ(described(socket), "a\\x1b[2J\"[123] 10.0.0.1:40000 -> 10.0.0.2:80");
    socket.pid = -1;
    EXPECT_EQ(owner_of(socket), "-");
}

TEST(SocketText, durations_are_short) {
    EXPECT_EQ(short_duration(0ms), "0ms");
    EXPECT_EQ(short_duration(999ms), "999ms");
    EXPECT_EQ(short_duration(1s), "1.0s");
    EXPECT_EQ(short_duration(100s), "1m");
    EXPECT_EQ(short_duration(2h), "2h");
}

TEST(SocketText, an_event_is_a_line) {
    EXPECT_EQ(event_line({.kind = SocketEvent::Kind::seen, .socket = followed(TcpState::established)}, 1005ms),
              "[1.005] seen ESTABLISHED client[123] 10.0.0.1:40000 -> 10.0.0.2:80");
    EXPECT_EQ(
        event_line({.kind = SocketEvent::Kind::changed,
                    .socket = followed(TcpState::close_wait),
                    .before = TcpState::established,
                    .in_state_before = 30ms},
                   2s),
        "[2.000] ESTABLISHED -> CLOSE_WAIT (after at least 30ms) client[123] 10.0.0.1:40000 -> 10.0.0.2:80, half closed: the peer has "
        "closed, this side has not");
    EXPECT_EQ(event_line({.kind = SocketEvent::Kind::gone, .socket = followed(TcpState::close_wait, 40ms)}, 2s),
              "[2.000] gone CLOSE_WAIT client[123] 10.0.0.1:40000 -> 10.0.0.2:80 (in CLOSE_WAIT for at least 40ms)");
}

TEST(SocketText, an_overdue_socket_is_named_with_everything_that_finds_it) {
    EXPECT_EQ(
        overdue_sentence({.socket = followed(TcpState::close_wait).seen, .lasted = 312ms}, 100ms),
        "client[123] 10.0.0.1:40000 -> 10.0.0.2:80 was in CLOSE_WAIT for at least 312 ms, allowed are 100 ms: the peer has closed, this "
        "side has not");
}

TEST(SocketText, a_summary_without_close_wait_is_short) {
    EXPECT_EQ(summary_text({.sockets = 3, .most_at_a_time = 2}), "TCP sockets seen: 3, at most 2 at a time\nIn CLOSE_WAIT: 0\n");
    EXPECT_THAT(summary_text({.sockets = 1,
                              .most_at_a_time = 1,
                              .in_close_wait = 1,
                              .longest_close_wait = CloseWait{.socket = followed(TcpState::close_wait).seen, .lasted = 9ms}}),
                HasSubstr("In CLOSE_WAIT: 1, the longest for at least 9 ms: client[123] 10.0.0.1:40000 -> 10.0.0.2:80\n"));
}

constexpr const char* fields_in_close_wait =
    R"("local":"10.0.0.1:40000","remote":"10.0.0.2:80","state":"CLOSE_WAIT","half_closed":"peer","in_state_ms":40,"quiet_ms":50,)"
    R"("receive_queue":1,"send_queue":0,"pid":123,"program":"client","uid":7,"inode":99)";

TEST(SocketJson, is_an_object_per_line) {
    const auto socket = followed(TcpState::close_wait, 40ms, 50ms);
    const std::string fields = fields_in_close_wait;
    EXPECT_EQ(socket_json(socket), R"({"event":"socket",)" + fields + "}");
    EXPECT_EQ(event_json({.kind = SocketEvent::Kind::gone, .socket = socket}, 3s), R"({"event":"gone","at_ms":3000,)" + fields + "}");
    EXPECT_EQ(
        event_json({.kind = SocketEvent::Kind::changed, .socket = socket, .before = TcpState::established, .in_state_before = 5ms}, 3s),
        R"({"event":"changed","at_ms":3000,)" + fields + R"(,"state_before":"ESTABLISHED","in_state_before_ms":5})");
    EXPECT_EQ(overdue_json({.socket = socket.seen, .lasted = 40ms}, 30ms), R"({"event":"overdue","limit_ms":30,)" + fields + "}");
    EXPECT_EQ(summary_json(SocketHistory{}, {}, 3),
              R"({"event":"summary","sockets":0,"most_at_a_time":0,"in_close_wait":0,"longest_close_wait_ms":null,"limit_ms":null,)"
              R"("overdue":0,"status":3})");
}

TEST(SocketJson, escapes_what_a_program_calls_itself_and_has_null_for_what_is_not_known) {
    auto socket = followed(TcpState::listen);
    socket.seen.program = "a\"b\\c\n\xff";
    EXPECT_THAT(socket_json(socket), HasSubstr(R"("program":"a\"b\\c\\x0a\\xff")"));
    EXPECT_THAT(socket_json(socket), HasSubstr(R"("half_closed":null,"in_state_ms":0,"quiet_ms":null)"));
    socket.seen.pid = -1;
    EXPECT_THAT(socket_json(socket), HasSubstr(R"("pid":null,"program":null)"));
}

}  // namespace
}  // namespace lastack::cli
