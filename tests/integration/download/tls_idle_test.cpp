// TLS connections between two requests. The numbers are those of the scenarios in docs/design/connections.md.
#include "tls_fixture.hpp"

#include <algorithm>
#include <ctime>
#include <optional>

namespace lastack::test {
namespace {

using tls::Record;
using tls::SeenConnection;
using tls::Steps;

constexpr auto kWorst = 500ms;      // on a machine that does other things too
constexpr auto kStayedOpen = 50ms;  // what a turn of the reactor never takes

// From one moment that the peer recorded to another.
using Moment = std::optional<TimePoint> SeenConnection::*;

std::chrono::nanoseconds processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

class TlsIdle : public TlsVersions {
protected:
    // One answer, then these steps.
    static Steps after_answer(const Steps& then) {
        Steps all{tls::Handshake{}, tls::Answer{.bytes = answer("body")}};
        all.insert(all.end(), then.begin(), then.end());
        return all;
    }
    void fetch_and_keep(TlsPeer& peer) {
        client().expect_more(true);
        expect_body(peer.url("/f"), "body");
    }
    // Nothing of it is left on our side, and it went with a FIN.
    void expect_closed(TlsPeer& peer, std::size_t index = 0) {
        ASSERT_TRUE(peer.wait_for([&](const Record& seen) { return seen.connections.size() > index && seen.connections[index].ended; }));
        const auto seen = peer.record().connections[index];
        EXPECT_FALSE(seen.peer_reset) << "an orderly close was due";
        EXPECT_EQ(seen.error, "");
        ASSERT_TRUE(wait_for_events(ConnectionEventKind::closed));
        expect_no_sockets_to(peer.port());
    }
    // Several hosts, one connection each: their peers end it by `then`, and we answer within a turn of `from`.
    void expect_closed_within_a_turn(const Steps& then, Moment from, const std::function<void(const SeenConnection&)>& look) {
        std::vector<std::chrono::nanoseconds> times;
        Steps gated{tls::WaitUntil{"end"}};
        gated.insert(gated.end(), then.begin(), then.end());
        for (int round = 0; round < 11; ++round) {
            TlsPeer peer(versioned());
            peer.on_accept(0, after_answer(gated));
            fetch_and_keep(peer);
            ASSERT_TRUE(peer.wait_at("end"));
            EXPECT_EQ(client().connections().idle, 1u);
            peer.open("end");
            ASSERT_TRUE(peer.wait_for_connection(1, [](const SeenConnection& seen) { return seen.peer_fin || seen.peer_reset; }));
            const auto seen = peer.record().connections.front();
            EXPECT_FALSE(seen.peer_reset);
            ASSERT_TRUE(seen.*from);
            times.push_back(seen.peer_fin.value_or(TimePoint::max()) - *(seen.*from));
            look(seen);
            expect_no_sockets_to(peer.port());
        }
        EXPECT_LE(first_quartile(times), kOneTurn);
        EXPECT_LE(*std::ranges::max_element(times), kWorst);
    }
    // The peer's steps changed nothing: it is still parked, carries another request and notices its end.
    void expect_parked_through(const Steps& steps, int key_updates = 0) {
        TlsPeer peer(versioned());
        Steps all{tls::WaitUntil{"before"}};
        all.insert(all.end(), steps.begin(), steps.end());
        all.insert(all.end(), {tls::WaitUntil{"request"}, tls::Answer{.bytes = answer("again")}, tls::WaitUntil{"more"}});
        all.insert(all.end(), steps.begin(), steps.end());
        all.insert(all.end(), {tls::WaitUntil{"fin"}, tls::Fin{}});
        peer.on_accept(0, after_answer(all));
        fetch_and_keep(peer);
        for (const auto& [now, next] : {std::pair{"before", "request"}, std::pair{"more", "fin"}}) {
            ASSERT_TRUE(peer.wait_at(now));
            peer.open(now);
            ASSERT_TRUE(peer.wait_at(next));
            ASSERT_TRUE(wait_until_taken(peer.port()));
            EXPECT_EQ(client().connections().idle, 1u) << "after " << now;
            peer.open(next);
            if (next == std::string_view("request")) {
                expect_body(peer.url("/g"), "again");
            }
        }
        expect_closed(peer);
        EXPECT_EQ(peer.accepted(), 1);
        const auto seen = peer.record().connections.front();
        EXPECT_EQ(seen.requests.size(), 2u);
        EXPECT_EQ(seen.key_updates, key_updates);
        EXPECT_EQ(last(ConnectionEventKind::closed).why, "FIN");
    }
};

INSTANTIATE_TEST_SUITE_P(, TlsIdle, ::testing::Values(TlsVersion::tls1_2, TlsVersion::tls1_3), version_name);

// 35
TEST_P(TlsIdle, close_notify_without_fin_is_answered_with_fin) {
    expect_closed_within_a_turn({tls::CloseNotify{}, tls::WaitForClose{}}, &SeenConnection::close_notify_sent, [](const auto&) {});
}

TEST_P(TlsIdle, close_notify_with_fin_is_answered_with_fin) {
    expect_closed_within_a_turn({tls::CloseNotify{}, tls::Fin{}}, &SeenConnection::fin_sent, [](const auto&) {});
}

// 36
TEST_P(TlsIdle, fin_without_close_notify_is_answered_with_fin_alone) {
    expect_closed_within_a_turn({tls::Fin{}}, &SeenConnection::fin_sent, [this](const SeenConnection& seen) {
        EXPECT_FALSE(seen.peer_close_notify) << "nobody hears it";
        EXPECT_FALSE(seen.alert);
        ASSERT_TRUE(wait_for_events(ConnectionEventKind::closed));
        EXPECT_EQ(last(ConnectionEventKind::closed).by, ClosedBy::server);
        EXPECT_EQ(last(ConnectionEventKind::closed).why, "FIN") << "no warning is due";
    });
}

TEST_P(TlsIdle, fin_leaves_no_socket_in_close_wait) {
    TlsPeer peer(versioned());
    peer.on_accept(0, after_answer({tls::WaitUntil{"end"}, tls::Fin{}}));
    fetch_and_keep(peer);
    ASSERT_TRUE(peer.wait_at("end"));
    peer.open("end");
    EXPECT_LE(longest_close_wait(peer.port(), [&] { return own_sockets_to(peer.port()).empty(); }), kWorst);
    expect_closed(peer);
}

TEST_P(TlsIdle, rst_ends_it_and_costs_nothing) {
    TlsPeer peer(versioned());
    peer.on_accept(1, after_answer({tls::WaitUntil{"end"}, tls::Reset{}}));
    peer.on_accept(2, after_answer({}));
    fetch_and_keep(peer);
    ASSERT_TRUE(peer.wait_at("end"));
    peer.open("end");
    ASSERT_TRUE(wait_for_events(ConnectionEventKind::closed));
    EXPECT_EQ(last(ConnectionEventKind::closed).why, "RST");
    expect_body(peer.url("/g"), "body");
    EXPECT_EQ(peer.accepted(), 2);
}

// 6 and 8 over TLS
TEST_P(TlsIdle, a_request_that_meets_the_end_is_sent_again) {
    request_options.retries = 1;
    for (const Steps& end : {Steps{tls::Fin{}}, Steps{tls::CloseNotify{}}, Steps{tls::CloseNotify{}, tls::Fin{}}, Steps{tls::Reset{}}}) {
        TlsPeer peer(versioned());
        Steps script{tls::Handshake{}, tls::Answer{.bytes = answer("body")}, tls::Answer{.bytes = ""}};
        script.insert(script.end(), end.begin(), end.end());
        peer.on_accept(1, script);
        peer.on_accept(2, after_answer({}));
        fetch_and_keep(peer);
        expect_body(peer.url("/g"), "body");
        EXPECT_EQ(peer.accepted(), 2);
        client().close_connections();
    }
}

// 28, 29
TEST_P(TlsIdle, an_answer_that_nobody_asked_for_ends_it) {
    const std::string late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    for (const std::string& bytes : {late, answer("poison"), std::string("x"), content_of(100'000)}) {
        TlsPeer peer(versioned());
        peer.on_accept(1, after_answer({tls::WaitUntil{"end"}, tls::Send{.bytes = bytes}}));
        peer.on_accept(2, after_answer({}));
        fetch_and_keep(peer);
        ASSERT_TRUE(peer.wait_at("end"));
        peer.open("end");
        ASSERT_TRUE(peer.wait_for_connection(1, [](const SeenConnection& seen) { return seen.ended.has_value(); }));
        expect_body(peer.url("/g"), "body");
        EXPECT_EQ(peer.record().connections.at(0).requests.size(), 1u);
        client().close_connections();
    }
}

TEST_P(TlsIdle, what_is_no_record_ends_it) {
    const std::string plain_alert{"\x15\x03\x03\x00\x02\x02\x28", 7};
    const std::string huge_record{"\x17\x03\x03\xff\xff", 5};
    const std::string forged_record = std::string{"\x17\x03\x03\x00\x40", 5} + content_of(64);
    for (const std::string& bytes :
         {std::string("HTTP/1.1 408 Request Timeout\r\n\r\n"), content_of(3000), plain_alert, huge_record, forged_record}) {
        TlsPeer peer(versioned());
        peer.on_accept(1, after_answer({tls::WaitUntil{"end"}, tls::SendRaw{.bytes = bytes}, tls::WaitForClose{}}));
        peer.on_accept(2, after_answer({}));
        fetch_and_keep(peer);
        ASSERT_TRUE(peer.wait_at("end"));
        peer.open("end");
        ASSERT_TRUE(peer.wait_for_connection(1, [](const SeenConnection& seen) { return seen.ended.has_value(); }));
        expect_body(peer.url("/g"), "body");
        EXPECT_EQ(peer.record().connections.at(0).requests.size(), 1u);
        client().close_connections();
    }
}

// 40
TEST_P(TlsIdle, half_a_close_notify_is_waited_for_without_spinning) {
    TlsPeer peer(versioned());
    peer.on_accept(0, after_answer({tls::WaitUntil{"half"}, tls::HalfCloseNotify{}, tls::WaitUntil{"rest"}, tls::SendRest{}}));
    fetch_and_keep(peer);
    ASSERT_TRUE(peer.wait_at("half"));
    peer.open("half");
    ASSERT_TRUE(peer.wait_at("rest"));
    ASSERT_TRUE(wait_until_taken(peer.port()));
    const auto before = processor_time();
    EXPECT_FALSE(peer.wait_for_connection(1, [](const SeenConnection& seen) { return seen.peer_fin.has_value(); }, 300ms));
    EXPECT_LT(processor_time() - before, 60ms) << "it must sleep";
    EXPECT_EQ(client().connections().idle, 1u);
    peer.open("rest");
    expect_closed(peer);
}

TEST_P(TlsIdle, half_a_close_notify_whose_rest_never_comes_is_closed_at_the_limit) {
    options.idle_limit = 200ms;
    TlsPeer peer(versioned());
    peer.on_accept(0, after_answer({tls::HalfCloseNotify{}, tls::WaitForClose{}}));
    fetch_and_keep(peer);
    ASSERT_TRUE(wait_for_events(ConnectionEventKind::closed));
    EXPECT_EQ(last(ConnectionEventKind::closed).why, "idle limit");
    ASSERT_TRUE(peer.wait_for_connection(1, [](const SeenConnection& seen) { return seen.peer_fin.has_value(); }));
}

TEST_P(TlsIdle, half_a_record_followed_by_fin_is_closed) {
    expect_closed_within_a_turn({tls::SendHalf{.bytes = answer("late")}, tls::Fin{}}, &SeenConnection::fin_sent, [](const auto&) {});
}

TEST_P(TlsIdle, our_own_close_at_the_limit_is_close_notify_and_fin) {
    options.idle_limit = 100ms;
    TlsPeer peer(versioned());
    peer.on_accept(0, after_answer({}));
    fetch_and_keep(peer);
    expect_closed(peer);
    EXPECT_EQ(last(ConnectionEventKind::closed).why, "idle limit");
    const auto seen = peer.record().connections.front();
    ASSERT_TRUE(seen.peer_close_notify);
    ASSERT_TRUE(seen.peer_fin);
    EXPECT_LE(*seen.peer_close_notify, *seen.peer_fin);
}

TEST_P(TlsIdle, a_call_to_close_connections_says_close_notify) {
    TlsPeer peer(versioned());
    peer.on_accept(0, after_answer({}));
    fetch_and_keep(peer);
    client().close_connections();
    expect_no_sockets_to(peer.port());
    expect_closed(peer);
    EXPECT_TRUE(peer.record().connections.front().peer_close_notify);
}

// 41
TEST_P(TlsIdle, a_server_that_never_answers_our_close_is_not_waited_for) {
    std::vector<std::chrono::nanoseconds> times;
    for (int round = 0; round < 5; ++round) {
        for (const Steps& silence : {Steps{tls::Ignore{}}, Steps{tls::StopReading{}, tls::Ignore{}}}) {
            TlsPeer peer(versioned());
            peer.on_accept(0, after_answer(silence));
            fetch_and_keep(peer);
            EXPECT_EQ(client().connections().idle, 1u);
            const auto before = Clock::now();
            client().close_connections();
            times.push_back(Clock::now() - before);
            expect_no_sockets_to(peer.port());
        }
    }
    EXPECT_LE(first_quartile(times), 100ms);
}

TEST_P(TlsIdle, silence_keeps_it_open) {
    TlsPeer peer(versioned());
    peer.on_accept(0, after_answer({tls::Answer{.bytes = answer("again")}}));
    fetch_and_keep(peer);
    EXPECT_FALSE(peer.wait_for_connection(1, [](const SeenConnection& seen) { return seen.peer_fin.has_value(); }, kStayedOpen));
    expect_body(peer.url("/g"), "again");
    EXPECT_EQ(peer.accepted(), 1);
}

class Tls13Idle : public TlsIdle {};
INSTANTIATE_TEST_SUITE_P(, Tls13Idle, ::testing::Values(TlsVersion::tls1_3), version_name);

// 38
TEST_P(Tls13Idle, late_tickets_leave_it_parked_and_armed) { expect_parked_through({tls::Tickets{.count = 2}}); }

TEST_P(Tls13Idle, many_tickets_leave_it_parked_and_armed) { expect_parked_through({tls::Tickets{.count = 100}}); }

// 39
TEST_P(Tls13Idle, a_key_update_leaves_it_parked_and_armed) { expect_parked_through({tls::KeyUpdate{}}); }

TEST_P(Tls13Idle, a_key_update_that_asks_for_ours_is_answered_before_the_next_request) {
    expect_parked_through({tls::KeyUpdate{.requested = true}}, 1);
}

TEST_P(Tls13Idle, a_key_update_that_asks_for_ours_does_not_spoil_our_close_notify) {
    TlsPeer peer(versioned());
    peer.on_accept(0, after_answer({tls::KeyUpdate{.requested = true}, tls::WaitUntil{"sent"}}));
    fetch_and_keep(peer);
    ASSERT_TRUE(peer.wait_at("sent"));
    ASSERT_TRUE(wait_until_taken(peer.port()));
    peer.open("sent");
    client().close_connections();
    expect_closed(peer);
    EXPECT_TRUE(peer.record().connections.front().peer_close_notify);
}

TEST_P(Tls13Idle, a_key_update_in_the_middle_of_an_answer_is_followed) {
    const auto content = content_of(40'000);
    TlsPeer peer(versioned());
    peer.on_accept(
        0, {tls::Handshake{}, tls::Answer{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n"},
            tls::Send{.bytes = content.substr(0, 20'000)}, tls::KeyUpdate{.requested = true}, tls::Send{.bytes = content.substr(20'000)},
            tls::KeyUpdate{.requested = true}, tls::Answer{.bytes = answer("body")}});
    client().expect_more(true);
    expect_body(peer.url("/f"), content);
    expect_body(peer.url("/g"), "body");
    EXPECT_EQ(peer.accepted(), 1);
    EXPECT_EQ(peer.record().connections.front().key_updates, 2);
}

// 38, before the first request.
TEST_P(Tls13Idle, tickets_and_key_updates_before_the_first_request_change_nothing) {
    for (int round = 0; round < 10; ++round) {
        TlsPeer peer(versioned());
        peer.on_accept(0, {tls::Handshake{}, tls::Tickets{.count = 2}, tls::KeyUpdate{.requested = true}, tls::Tickets{},
                           tls::Answer{.bytes = answer("body")}});
        fetch_and_keep(peer);
        EXPECT_EQ(peer.accepted(), 1);
        EXPECT_LE(peer.record().connections.front().key_updates, 1) << "the request may have been out before";
        client().close_connections();
        expect_closed(peer);
    }
}

}  // namespace
}  // namespace lastack::test
