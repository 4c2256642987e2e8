// Requests that meet a connection which has died or is dying: cases A to M of the replay table, on the wire.
#include "client_fixture.hpp"

#include <boost/asio/post.hpp>

namespace lastack::http {
namespace {

using net::NetErrc;
using std::chrono::milliseconds;
using std::chrono::seconds;

class StaleConnection : public ClientSim {
protected:
    StaleConnection() {
        make_client();
        pool->expect_more(true);
    }

    // Sends the second request and expects it answered by another connection, once and without blame.
    void expect_resent_once() {
        const Outcome second = get("http://h/2");
        ASSERT_TRUE(second.ok()) << second.error().cause;
        EXPECT_EQ(second.sink.body, "good");
        EXPECT_EQ(second.sink.begun, 1);
        EXPECT_EQ(network.records().size(), 2u);
        EXPECT_EQ(client->counts().resends(), 1u);
        EXPECT_TRUE(network.records()[0].closed);
    }
};

TEST_F(StaleConnection, whose_fin_is_in_flight_when_the_request_is_written) {
    listen_first_then(
        "h",
        [](sim::Peer peer) -> net::Task<void> {
            co_await peer.sleep(seconds{1});
            peer.close();
        },
        milliseconds{10});
    ASSERT_TRUE(get("http://h/1").ok());
    network.run_for(milliseconds{995});
    expect_resent_once();
}

struct DyingRow {
    const char* what;
    std::function<net::Task<void>(sim::Peer)> dies;
};

class DyingServer : public StaleConnection, public testing::WithParamInterface<DyingRow> {};

TEST_P(DyingServer, on_a_reused_connection_costs_one_resend) {
    listen_first_then("h", GetParam().dies);
    ASSERT_TRUE(get("http://h/1").ok());
    expect_resent_once();
}

TEST_P(DyingServer, on_a_fresh_connection_is_its_own_failure) {
    network.listen("h", 80, GetParam().dies);
    const Outcome outcome = get("http://h/1");
    ASSERT_FALSE(outcome.ok());
    EXPECT_TRUE(outcome.error().code == NetErrc::closed || outcome.error().code == NetErrc::reset) << outcome.error().code.message();
    EXPECT_EQ(network.records().size(), 1u);
    EXPECT_EQ(client->counts().resends(), 0u);
    EXPECT_FALSE(outcome.error().address.empty());
    EXPECT_EQ(outcome.error().url, "http://h/1");
}

INSTANTIATE_TEST_SUITE_P(Ways, DyingServer,
                         testing::Values(DyingRow{"FIN after half of the request's head",
                                                  [](sim::Peer peer) -> net::Task<void> {
                                                      co_await peer.read_bytes(10);
                                                      peer.close();
                                                  }},
                                         DyingRow{"FIN after the request",
                                                  [](sim::Peer peer) -> net::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.close();
                                                  }},
                                         DyingRow{"half-close after the request",
                                                  [](sim::Peer peer) -> net::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.fin();
                                                  }},
                                         DyingRow{"RST after the request",
                                                  [](sim::Peer peer) -> net::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.reset();
                                                  }},
                                         DyingRow{"FIN later",
                                                  [](sim::Peer peer) -> net::Task<void> {
                                                      co_await peer.read_request();
                                                      co_await peer.sleep(seconds{5});
                                                      peer.close();
                                                  }},
                                         DyingRow{"FIN after the status line",
                                                  [](sim::Peer peer) -> net::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.send("HTTP/1.1 200 OK\r\n");
                                                      peer.close();
                                                  }},
                                         DyingRow{"FIN inside a field",
                                                  [](sim::Peer peer) -> net::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.send("HTTP/1.1 200 OK\r\nContent-Le");
                                                      peer.close();
                                                  }},
                                         DyingRow{"RST inside a field", [](sim::Peer peer) -> net::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.send("HTTP/1.1 200 OK\r\nContent-Le");
                                                      peer.reset();
                                                  }}));

struct LateRow {
    const char* what;
    std::function<void(sim::Peer&)> happens;
};

class LateEvent : public StaleConnection, public testing::WithParamInterface<LateRow> {};

TEST_P(LateEvent, between_checkout_and_first_byte_sends_the_request_elsewhere) {
    std::optional<sim::Peer> first;
    listen_first_then("h", [&first](sim::Peer peer) -> net::Task<void> {
        first = peer;
        co_return;
    });
    ASSERT_TRUE(get("http://h/1").ok());
    on_event = [&](const ConnectionEvent& event) {
        if (first && event.kind == ConnectionEventKind::bound && event.requests > 1) {
            sim::Peer peer = *std::exchange(first, std::nullopt);
            GetParam().happens(peer);
        }
    };
    expect_resent_once();
    EXPECT_FALSE(first);
    EXPECT_EQ(network.records()[0].requests, 1u);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LateEvent,
    testing::Values(LateRow{"FIN", [](sim::Peer& peer) { peer.close(); }}, LateRow{"RST", [](sim::Peer& peer) { peer.reset(); }},
                    LateRow{"injected answer", [](sim::Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"); }}));

TEST_F(StaleConnection, with_an_injected_answer_never_has_it_taken_for_one) {
    std::optional<sim::Peer> first;
    listen_first_then("h", [&first](sim::Peer peer) -> net::Task<void> {
        first = peer;
        co_return;
    });
    ASSERT_TRUE(get("http://h/1").ok());
    first->send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    network.settle();
    const Outcome second = get("http://h/2");
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(second.sink.body, "good");
    EXPECT_EQ(network.records()[0].requests, 1u);
}

TEST_F(StaleConnection, answered_with_408_is_left_for_another) {
    listen_first_then("h", [](sim::Peer peer) -> net::Task<void> {
        co_await peer.read_request();
        peer.send(sim::answer(408, "", {"Connection: close"}));
        peer.close();
    });
    ASSERT_TRUE(get("http://h/1").ok());
    expect_resent_once();
}

TEST_F(StaleConnection, a_408_on_a_fresh_connection_is_the_answer) {
    network.listen("h", 80, sim::keep_alive([](const sim::SimRequest&) { return sim::answer(408, ""); }));
    const Outcome outcome = get("http://h/");
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome.sink.status, 408);
    EXPECT_EQ(network.records().size(), 1u);
    EXPECT_TRUE(network.records()[0].closed);
}

// A server that hangs up on each second request of a connection.
TEST_F(StaleConnection, of_a_lying_server_never_makes_a_request_fail) {
    network.listen("h", 80, [](sim::Peer peer) -> net::Task<void> {
        co_await peer.read_request();
        peer.send(sim::answer(200, "good"));
        co_await peer.read_request();
        peer.close();
    });
    for (int i = 0; i < 10; ++i) {
        const Outcome outcome = get("http://h/" + std::to_string(i));
        ASSERT_TRUE(outcome.ok()) << i;
        EXPECT_EQ(outcome.sink.body, "good");
    }
    EXPECT_LE(network.records().size(), 10u);
}

// Three idle connections, all of them dead in silence: one resend, not three.
TEST_F(StaleConnection, takes_its_siblings_of_the_same_age_with_it) {
    network.listen("h", 80, [this](sim::Peer peer) -> net::Task<void> {
        const bool old = accepted++ < 3;
        while (co_await peer.read_request()) {
            if (old && network.record(peer.number()).requests == 2) {
                peer.reset();
                co_return;
            }
            co_await peer.sleep(milliseconds{10});
            peer.send(sim::answer(200, "good"));
        }
    });
    Outcome outcomes[3];
    for (Outcome& outcome : outcomes) {
        begin(request_for("http://h/"), outcome);
    }
    network.run_for(milliseconds{100});
    ASSERT_EQ(pool->counts().idle, 3u);
    const Outcome next = get("http://h/");
    ASSERT_TRUE(next.ok());
    EXPECT_EQ(client->counts().resends(), 1u);
    EXPECT_EQ(network.records().size(), 4u);
    EXPECT_EQ(pool->counts().open, 1u);
}

// The second resend goes to a connection of its own, and if that dies too the server is to blame.
TEST_F(StaleConnection, the_second_resend_asks_for_a_fresh_one_and_there_is_no_third) {
    for (const bool third_answers : {true, false}) {
        const std::string host = third_answers ? "good" : "bad";
        accepted = 0;
        network.listen(host, 80, [this, third_answers](sim::Peer peer) -> net::Task<void> {
            const int number = ++accepted;
            co_await peer.read_request();
            if (number < 3 || third_answers) {
                co_await peer.sleep(milliseconds{number == 2 ? 50 : 0});
                peer.send(sim::answer(200, "good"));
                co_await peer.read_request();
                co_await peer.sleep(milliseconds{number == 1 ? 40 : 0});
            }
            peer.reset();
        });
        const auto resends_before = client->counts().resends();
        const auto connections_before = network.records().size();
        Outcome first, second, third;
        begin(request_for("http://" + host + "/1"), first);
        begin(request_for("http://" + host + "/2"), second);
        network.run_for(milliseconds{30});
        // Takes the first connection; the second one becomes idle before that is known to be dead.
        begin(request_for("http://" + host + "/3"), third);
        network.run_for(seconds{1});
        ASSERT_TRUE(first.ok() && second.ok() && third.result);
        EXPECT_EQ(third.ok(), third_answers);
        if (!third_answers) {
            EXPECT_EQ(third.error().code, NetErrc::reset);
        }
        EXPECT_EQ(client->counts().resends() - resends_before, 2u);
        EXPECT_EQ(network.records().size() - connections_before, 3u);
    }
}

TEST_F(StaleConnection, that_only_stays_silent_is_no_stale_one) {
    listen_first_then("h", [](sim::Peer peer) -> net::Task<void> { co_await peer.client_gone(); });
    ASSERT_TRUE(get("http://h/1").ok());
    const TimePoint before = network.now();
    const Outcome second = get("http://h/2");
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Errc::timed_out);
    EXPECT_EQ(second.error().phase, Phase::waiting);
    EXPECT_EQ(network.now() - before, seconds{30});
    EXPECT_EQ(client->counts().resends(), 0u);
}

TEST_F(StaleConnection, that_a_middlebox_forgot_answers_with_a_reset_and_is_resent) {
    listen_first_then(
        "h",
        [](sim::Peer peer) -> net::Task<void> {
            co_await peer.read_bytes(1);
            peer.reset();
        },
        milliseconds{50});
    ASSERT_TRUE(get("http://h/1").ok());
    network.run_for(seconds{3});
    expect_resent_once();
}

TEST_F(StaleConnection, that_ends_each_time_before_it_is_used_is_not_dialled_for_ever) {
    constexpr int enough = 100;
    for (const char* greeting : {"", "220 hello\r\n"}) {
        accepted = 0;
        network.listen("h", 80, [this, greeting](sim::Peer peer) -> net::Task<void> {
            peer.send(greeting);
            if (++accepted < enough) {
                peer.close();
            }
            co_await peer.client_gone();
        });
        const Outcome outcome = get("http://h/");
        EXPECT_EQ(outcome.error().code, *greeting == '\0' ? NetErrc::closed : NetErrc::unsolicited) << outcome.error().cause;
        EXPECT_LE(accepted, 10);
    }
}

}  // namespace
}  // namespace lastack::http
