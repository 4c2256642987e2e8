#include "support/scripted_origin.hpp"

#include "support/listening_socket.hpp"
#include "support/selftest/raw_client.hpp"
#include "support/tcp_states.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <system_error>

namespace lastack::test {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kCloseField = "Connection: close\r\n";

TEST(ScriptedOrigin, answers_several_requests_on_one_connection_and_records_them) {
    ScriptedOrigin origin;
    origin.on("/a", Reply{.body = "first"});
    origin.on("/b", Reply{.body = "second", .framing = Framing::chunked, .chunk_size = 4});
    RawClient client(origin.port());
    EXPECT_THAT(client.get("/a?x=1", "User-Agent: me\r\n").read_until("first"), StartsWith("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"));
    EXPECT_THAT(client.get("/b").read_until("0\r\n\r\n"), EndsWith("\r\n\r\n4\r\nseco\r\n2\r\nnd\r\n0\r\n\r\n"));
    EXPECT_THAT(client.get("/c").read_until("no such thing"), HasSubstr("HTTP/1.1 404 Not Found"));
    const auto seen = origin.record();
    ASSERT_EQ(seen.requests.size(), 3u);
    EXPECT_EQ(seen.requests[0].target, "/a?x=1");
    EXPECT_EQ(seen.requests[0].path(), "/a");
    EXPECT_EQ(seen.requests[0].header("user-agent"), "me");
    EXPECT_EQ(seen.requests[2].connection, 1);
    EXPECT_EQ(seen.requests[2].number_on_connection, 3);
    EXPECT_EQ(seen.connections.size(), 1u);
    EXPECT_EQ(seen.open_connections(), 1);
}

TEST(ScriptedOrigin, entries_answer_in_the_order_added_until_used_up) {
    ScriptedOrigin origin;
    origin.once("/a", Reply{.status = 503});
    origin.on(When{.path = "/a", .number_on_connection = 3}, Reply{.status = 500});
    origin.on("/a", Reply{.body = "good"});
    RawClient client(origin.port());
    EXPECT_THAT(client.get("/a").read_until("\r\n\r\n"), HasSubstr("503"));
    client.drop();
    EXPECT_THAT(client.get("/a").read_until("good"), HasSubstr("200"));
    client.drop();
    EXPECT_THAT(client.get("/a").read_until("\r\n\r\n"), HasSubstr("500"));
    origin.on("/a", Reply{.body = "other"});
    client.drop();
    EXPECT_THAT(client.get("/a").read_until("other"), EndsWith("other"));
}

TEST(ScriptedOrigin, closes_when_it_was_agreed_and_sees_the_clients_fin) {
    ScriptedOrigin origin;
    origin.on("/", Reply{.body = "x"});
    RawClient client(origin.port());
    EXPECT_THAT(client.get("/", kCloseField).read_to_end(), EndsWith("x"));
    EXPECT_EQ(client.end(), End::fin);
    EXPECT_EQ(origin.open_connections(), 1) << "the client has not closed yet";
    client.close();
    ASSERT_TRUE(origin.wait_until_all_closed());
    const auto connection = origin.record().connections.at(0);
    ASSERT_TRUE(connection.fin_sent && connection.peer_fin);
    EXPECT_LE(*connection.fin_sent, *connection.peer_fin);
    EXPECT_FALSE(connection.peer_reset);
}

TEST(ScriptedOrigin, can_say_close_and_stay_open) {
    ScriptedOrigin origin;
    origin.on("/", Reply{.headers = {{"Connection", "close"}}, .body = "x", .after = After::keep});
    RawClient client(origin.port());
    client.get("/").read_until("\r\n\r\nx");
    client.drop();
    EXPECT_THAT(client.get("/").read_until("\r\n\r\nx"), EndsWith("x"));
}

TEST(ScriptedOrigin, a_body_until_close_ends_with_fin) {
    ScriptedOrigin origin;
    origin.on("/", Reply{.body = "until the end", .framing = Framing::until_close});
    RawClient client(origin.port());
    EXPECT_THAT(client.get("/").read_to_end(), EndsWith("\r\n\r\nuntil the end"));
    EXPECT_EQ(client.end(), End::fin);
}

TEST(ScriptedOrigin, fin_when_the_next_request_begins) {
    ScriptedOrigin origin;
    origin.on("/", Reply{.body = "x", .then = {WaitReadable{}, CloseFin{}}});
    RawClient client(origin.port());
    client.get("/").read_until("\r\n\r\nx");
    client.drop();
    client.send("GET");
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(client.end(), End::fin);
}

TEST(ScriptedOrigin, fin_without_an_answer_then_rst_for_what_still_comes) {
    ScriptedOrigin origin;
    origin.on(When{.number_on_connection = 2}, Reply::steps({CloseFin{}}));
    origin.on("/", Reply{.body = "x"});
    RawClient client(origin.port());
    client.get("/").read_until("\r\n\r\nx");
    client.drop();
    EXPECT_EQ(client.get("/").read_to_end(), "");
    EXPECT_EQ(client.end(), End::fin);
    client.get("/late");
    ASSERT_TRUE(origin.wait_until_all_closed());
    const auto seen = origin.record();
    EXPECT_TRUE(seen.connections[0].reset_sent);
    EXPECT_FALSE(seen.requests[1].after_fin);
    ASSERT_EQ(seen.requests.size(), 3u);
    EXPECT_TRUE(seen.requests[2].after_fin);
}

TEST(ScriptedOrigin, half_close_keeps_reading) {
    ScriptedOrigin origin;
    origin.on("/", Reply{.body = "x", .then = {ShutdownWrite{}}});
    RawClient client(origin.port());
    EXPECT_THAT(client.get("/").read_to_end(), EndsWith("x"));
    client.get("/lost");
    ASSERT_TRUE(origin.wait_for([](const Record& record) { return record.requests.size() == 2; }));
    EXPECT_TRUE(origin.requests()[1].after_fin);
    EXPECT_EQ(origin.open_connections(), 1);
}

TEST(ScriptedOrigin, fin_leaves_with_the_last_byte) {
    ScriptedOrigin origin;
    const Reply whole{.body = "x"};
    origin.on("/", Reply::steps({Send{.bytes = response_bytes(whole), .more = true}, CloseFin{}}));
    RawClient client(origin.port());
    EXPECT_EQ(client.get("/").read_to_end(), response_bytes(whole));
    EXPECT_EQ(client.end(), End::fin);
}

TEST(ScriptedOrigin, resets) {
    ScriptedOrigin origin;
    origin.on("/", Reply::steps({Reset{}}));
    RawClient client(origin.port());
    EXPECT_EQ(client.get("/").read_to_end(), "");
    EXPECT_EQ(client.end(), End::reset);
    EXPECT_TRUE(origin.wait_until_all_closed());
    EXPECT_TRUE(origin.record().connections[0].reset_sent);
}

TEST(ScriptedOrigin, acts_on_idle_connections_and_on_no_others) {
    ScriptedOrigin origin;
    origin.on("/wait", Reply{.body = "late", .before = {WaitUntil{"go"}}});
    origin.on("/", Reply{.body = "x"});
    RawClient idle(origin.port());
    RawClient busy(origin.port());
    idle.get("/").read_until("\r\n\r\nx");
    busy.get("/wait");
    ASSERT_TRUE(origin.wait_at("go"));
    EXPECT_EQ(origin.send_on_idle("HTTP/1.1 408 Request Timeout\r\n\r\n"), 1);
    idle.drop();
    EXPECT_THAT(idle.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 408"));
    EXPECT_EQ(origin.close_idle(), 1);
    idle.drop();
    EXPECT_EQ(idle.read_to_end(), "");
    EXPECT_EQ(idle.end(), End::fin);
    EXPECT_EQ(origin.close_idle(), 0);
    origin.open("go");
    EXPECT_THAT(busy.read_until("late"), EndsWith("late"));
    EXPECT_EQ(origin.reset_idle(), 1);
    busy.read_to_end();
    EXPECT_EQ(busy.end(), End::reset);
}

TEST(ScriptedOrigin, acts_at_accept) {
    ScriptedOrigin origin;
    origin.on_accept(1, {Reset{}});
    origin.on_accept(2, {Send{.bytes = "unasked"}, WaitUntil{"never"}});
    origin.on("/", Reply{.body = "x"});
    RawClient first(origin.port());
    first.read_to_end();
    EXPECT_EQ(first.end(), End::reset);
    RawClient second(origin.port());
    EXPECT_EQ(second.get("/").read_until("unasked"), "unasked");
    RawClient third(origin.port());
    EXPECT_THAT(third.get("/").read_until("\r\n\r\nx"), EndsWith("x"));
    EXPECT_EQ(origin.record().waiting("never"), 1);
}

TEST(ScriptedOrigin, sends_without_end_until_the_client_closes) {
    ScriptedOrigin origin;
    origin.on("/", Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\n\r\n"}, SendEndless{.pattern = "0123456789"}}));
    origin.on("/other", Reply{.body = "x"});
    RawClient client(origin.port());
    client.get("/").read_at_most(4u << 20);
    RawClient other(origin.port());
    EXPECT_THAT(other.get("/other").read_until("\r\n\r\nx"), EndsWith("x")) << "it must not starve others";
    client.close();
    EXPECT_TRUE(origin.wait_for([](const Record& record) { return record.connections[0].peer_closed().has_value(); }));
    EXPECT_GE(origin.record().connections[0].sent, 4u << 20);
}

TEST(ScriptedOrigin, sends_a_limited_repetition_exactly) {
    ScriptedOrigin origin;
    origin.on("/", Reply::steps({SendEndless{.pattern = "abc", .limit = 200'000}, CloseFin{}}));
    RawClient client(origin.port());
    const auto bytes = client.get("/").read_to_end();
    ASSERT_EQ(bytes.size(), 200'000u);
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        ASSERT_EQ(bytes[index], "abc"[index % 3]) << index;
    }
}

TEST(ScriptedOrigin, throttles) {
    ScriptedOrigin origin;
    origin.on("/", Reply::steps({Throttle{.bytes_per_second = 10'000}, Send{.bytes = std::string(3'000, 'x')}, CloseFin{}}));
    RawClient client(origin.port());
    const auto begin = Clock::now();
    EXPECT_EQ(client.get("/").read_to_end().size(), 3'000u);
    EXPECT_GE(Clock::now() - begin, 200ms);
}

TEST(ScriptedOrigin, delays_a_fin_by_the_time_given) {
    ScriptedOrigin origin;
    origin.on("/", Reply{.body = "x", .then = {Delay{20ms}, CloseFin{}}});
    RawClient client(origin.port());
    client.get("/").read_to_end();
    const auto seen = origin.record();
    EXPECT_GE(*seen.connections[0].fin_sent - seen.requests[0].time, 20ms);
}

TEST(ScriptedOrigin, sees_a_reset_of_the_client) {
    ScriptedOrigin origin;
    origin.on("/", Reply::steps({WaitUntil{"never"}}));
    RawClient client(origin.port());
    client.get("/");
    ASSERT_TRUE(origin.wait_at("never"));
    client.reset();
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_TRUE(origin.record().connections[0].peer_reset);
    EXPECT_EQ(origin.record().waiting("never"), 0);
}

TEST(ScriptedOrigin, goes_on_behind_the_clients_close_when_it_waited_for_it) {
    ScriptedOrigin origin;
    origin.on("/", Reply::steps({WaitUntil{"never"}, WaitForPeerClose{}, WaitUntil{"after"}}));
    RawClient client(origin.port());
    client.get("/");
    ASSERT_TRUE(origin.wait_at("never"));
    client.close();
    ASSERT_TRUE(origin.wait_at("after"));
    EXPECT_EQ(origin.open_connections(), 1);
    origin.open("after");
    EXPECT_TRUE(origin.wait_until_all_closed());
}

TEST(ScriptedOrigin, refuses_once_it_stopped_listening) {
    ScriptedOrigin origin;
    origin.stop_listening();
    EXPECT_THROW(RawClient(origin.port()), std::system_error);
}

TEST(ScriptedOrigin, waits_no_longer_than_told) {
    ScriptedOrigin origin;
    EXPECT_FALSE(origin.wait_for([](const Record&) { return false; }, 10ms));
}

TEST(Ports, refuse_or_stay_silent) {
    const RefusingPort refusing;
    EXPECT_THROW(RawClient(refusing.port()), std::system_error);
    const SilentPort silent;
    EXPECT_NE(silent.port(), 0);
}

TEST(TcpStates, show_close_wait_of_a_socket_whose_peer_closed) {
    ScriptedOrigin origin;
    origin.on("/", Reply{.body = "x"});
    RawClient client(origin.port());
    client.get("/").read_until("\r\n\r\nx");
    EXPECT_EQ(count_in(own_sockets_to(origin.port()), TcpState::established), 1);
    EXPECT_EQ(origin.close_idle(), 1);
    client.read_to_end();
    const auto sockets = own_sockets_to(origin.port());
    EXPECT_EQ(count_in(sockets, TcpState::close_wait), 1) << describe(sockets);
    client.close();
    EXPECT_TRUE(own_sockets_to(origin.port()).empty());
}

}  // namespace
}  // namespace lastack::test
