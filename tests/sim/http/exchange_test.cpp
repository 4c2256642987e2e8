// One request and its answer, with servers that are slow, chatty, abrupt or wrong.
#include "client_fixture.hpp"

namespace lastack::http {
namespace {

using net::NetErrc;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ExchangeSim : public ClientSim {
protected:
    ExchangeSim() {
        make_client();
        pool->expect_more(true);
    }

    // A server that reads one request per connection and then does this.
    void listen_then(std::function<net::Task<void>(sim::Peer)> then, sim::HostBehaviour behaviour = {}) {
        behaviour.on_accept = [then](sim::Peer peer) -> net::Task<void> {
            co_await peer.read_request();
            co_await then(peer);
        };
        network.listen("h", 80, std::move(behaviour));
    }
    // ... says this, whole or with the connection's end behind it.
    enum class Then { stays, closes, resets };
    void listen_saying(std::string text, Then then = Then::stays, sim::HostBehaviour behaviour = {}) {
        listen_then(
            [text, then](sim::Peer peer) -> net::Task<void> {
                peer.send(text);
                if (then == Then::closes) {
                    peer.close();
                } else if (then == Then::resets) {
                    peer.reset();
                }
                co_await peer.client_gone();
            },
            std::move(behaviour));
    }
    [[nodiscard]] bool parked() const { return pool->counts().idle == 1; }
};

TEST_F(ExchangeSim, means_the_same_byte_by_byte) {
    for (const std::size_t segment : {std::size_t{1}, std::size_t{2}, std::size_t{7}, SIZE_MAX}) {
        listen_saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x\r\n world\r\n0\r\nT: u\r\n\r\n", Then::stays,
                      {.segment = segment});
        const Outcome outcome = get("http://h/");
        ASSERT_TRUE(outcome.ok()) << segment;
        EXPECT_EQ(outcome.sink.body, "hello world");
        EXPECT_TRUE(parked());
        pool->close_idle();
        network.settle();
    }
}

struct AnswerRow {
    const char* what;
    std::string text;
    bool closes;
    std::string body;
    bool parked;
};

class AnswerKept : public ExchangeSim, public testing::WithParamInterface<AnswerRow> {};

TEST_P(AnswerKept, is_delivered_and_its_connection_kept_only_when_all_agrees) {
    const AnswerRow& row = GetParam();
    for (const Then then : row.closes ? std::vector{Then::closes} : std::vector{Then::stays}) {
        listen_saying(row.text, then);
        const Outcome outcome = get("http://h/");
        ASSERT_TRUE(outcome.ok()) << row.what << ": " << outcome.error().cause;
        EXPECT_EQ(outcome.sink.body, row.body) << row.what;
        EXPECT_EQ(parked(), row.parked) << row.what;
        EXPECT_EQ(network.records()[0].requests, 1u);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, AnswerKept,
    testing::Values(
        AnswerRow{"plain", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", false, "good", true},
        AnswerRow{"FIN with the last byte", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", true, "good", false},
        AnswerRow{"Connection: close and the server waits", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ngood", false,
                  "good", false},
        AnswerRow{"bytes behind the body", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngoodHTTP/1.1 200 OK\r\n\r\n", false, "good", false},
        AnswerRow{"one byte behind the chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\nX", false,
                  "good", false},
        AnswerRow{"until close", "HTTP/1.1 200 OK\r\n\r\ngood", true, "good", false},
        AnswerRow{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ngood", false, "good", false},
        AnswerRow{"HTTP/1.0 with keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\ngood", false, "good",
                  true},
        AnswerRow{"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n",
                  false, "good", false},
        AnswerRow{"max=0", "HTTP/1.1 200 OK\r\nKeep-Alive: max=0\r\nContent-Length: 4\r\n\r\ngood", false, "good", false},
        AnswerRow{"timeout=1", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 4\r\n\r\ngood", false, "good", false},
        AnswerRow{"timeout=abc", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=abc\r\nContent-Length: 4\r\n\r\ngood", false, "good", true},
        AnswerRow{"provisional answers first",
                  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
                  "4\r\n\r\ngood",
                  false, "good", true},
        AnswerRow{"eight of them",
                  "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 "
                  "C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 "
                  "OK\r\nContent-Length: 4\r\n\r\ngood",
                  false, "good", true}));

struct BrokenRow {
    const char* what;
    std::string text;
    std::error_code code;
    std::string body;  // that the sink got nevertheless
};

class BrokenAnswer : public ExchangeSim, public testing::WithParamInterface<BrokenRow> {};

TEST_P(BrokenAnswer, is_an_error_that_keeps_what_came_and_never_the_connection) {
    const BrokenRow& row = GetParam();
    for (const Then then : {Then::closes, Then::resets}) {
        listen_saying(row.text, then);
        const Outcome outcome = get("http://h/");
        ASSERT_FALSE(outcome.ok()) << row.what;
        const bool reset_counts = then == Then::resets && row.code == HttpErrc::truncated;
        EXPECT_EQ(outcome.error().code, reset_counts ? std::error_code{NetErrc::reset} : row.code) << row.what << outcome.error().cause;
        EXPECT_EQ(outcome.sink.body, row.body) << row.what;
        EXPECT_EQ(pool->counts().open, 0u);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenAnswer,
    testing::Values(
        BrokenRow{"short body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood", HttpErrc::truncated, "good"},
        BrokenRow{"no body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", HttpErrc::truncated, ""},
        BrokenRow{"cut in a chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n1", HttpErrc::truncated,
                  "good"},
        BrokenRow{"cut in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ngood", HttpErrc::truncated, "good"},
        BrokenRow{"cut before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n", HttpErrc::truncated,
                  "good"},
        BrokenRow{"cut in the trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\nT: u", HttpErrc::truncated,
                  "good"},
        BrokenRow{"cut before the last line end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n",
                  HttpErrc::truncated, "good"},
        BrokenRow{"no HTTP", "SSH-2.0-OpenSSH\r\n", HttpErrc::bad_head, ""},
        BrokenRow{"HTTP/0.9", "<html>hello</html>\n", HttpErrc::bad_head, ""},
        BrokenRow{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\ngood", HttpErrc::bad_framing, ""},
        BrokenRow{"gzip coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", HttpErrc::bad_framing, ""},
        BrokenRow{"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\nxyz\r\n", HttpErrc::bad_chunk, "good"},
        BrokenRow{"endless line", "HTTP/1.1 200 OK\r\nA: " + std::string(70000, 'a'), HttpErrc::head_too_large, ""},
        BrokenRow{"nine provisional answers",
                  "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 "
                  "C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n",
                  HttpErrc::unexpected_status, ""}));

TEST_F(ExchangeSim, an_answer_that_is_complete_before_a_reset_is_a_success) {
    listen_saying("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", Then::resets);
    const Outcome outcome = get("http://h/");
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome.sink.body, "good");
    EXPECT_EQ(pool->counts().open, 0u);
}

TEST_F(ExchangeSim, an_answer_before_the_request_was_read_is_delivered_even_behind_a_reset) {
    network.listen("h", 80, [](sim::Peer peer) -> net::Task<void> {
        co_await peer.read_bytes(1);
        peer.send(sim::answer(413, "too much"));
        peer.reset();
    });
    const Outcome outcome = get("http://h/");
    ASSERT_TRUE(outcome.ok()) << outcome.error().cause;
    EXPECT_EQ(outcome.sink.status, 413);
}

TEST_F(ExchangeSim, a_server_that_reads_no_request_ends_it_in_the_sending_phase) {
    network.listen("h", 80, {.window = 10, .on_accept = [](sim::Peer peer) -> net::Task<void> { co_await peer.client_gone(); }});
    const TimePoint before = network.now();
    const Outcome outcome = get("http://h/");
    EXPECT_EQ(outcome.error().code, Errc::timed_out);
    EXPECT_EQ(outcome.error().phase, Phase::sending);
    EXPECT_EQ(network.now() - before, seconds{30});
    EXPECT_EQ(pool->counts().open, 0u);
}

struct SlowRow {
    const char* what;
    std::function<net::Task<void>(sim::Peer)> server;
    Phase phase;
    seconds after;
    std::error_code code = Errc::timed_out;
};

class SlowServer : public ExchangeSim, public testing::WithParamInterface<SlowRow> {};

TEST_P(SlowServer, is_given_up_in_the_phase_and_at_the_time_that_the_limits_say) {
    listen_then(GetParam().server);
    const TimePoint before = network.now();
    const Outcome outcome = get("http://h/");
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, GetParam().code) << outcome.error().cause;
    EXPECT_EQ(outcome.error().phase, GetParam().phase);
    EXPECT_EQ(network.now() - before, GetParam().after);
    EXPECT_EQ(pool->counts().open, 0u);
    EXPECT_EQ(network.records().size(), 1u);
}

net::Task<void> drip(sim::Peer peer, std::string text, Duration pause) {
    for (const char c : text) {
        co_await peer.sleep(pause);
        peer.send(std::string{c});
    }
    co_await peer.client_gone();
}

INSTANTIATE_TEST_SUITE_P(Table, SlowServer,
                         testing::Values(SlowRow{"never answers", [](sim::Peer peer) -> net::Task<void> { co_await peer.client_gone(); },
                                                 Phase::waiting, seconds{30}},
                                         SlowRow{"drips its head",
                                                 [](sim::Peer peer) {
                                                     return drip(peer, "HTTP/1.1 200 " + std::string(1000, 'x'), seconds{1});
                                                 },
                                                 Phase::receiving, seconds{30}},
                                         SlowRow{"stops in its body",
                                                 [](sim::Peer peer) -> net::Task<void> {
                                                     peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood");
                                                     co_await peer.client_gone();
                                                 },
                                                 Phase::receiving, seconds{30}},
                                         SlowRow{"drips its body",
                                                 [](sim::Peer peer) -> net::Task<void> {
                                                     peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n");
                                                     co_await drip(peer, std::string(9000, 'x'), seconds{1});
                                                 },
                                                 Phase::receiving, seconds{30}, HttpErrc::too_slow},
                                         SlowRow{"is just too slow",
                                                 [](sim::Peer peer) -> net::Task<void> {
                                                     peer.send("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n");
                                                     for (int i = 0; i < 60; ++i) {
                                                         co_await peer.sleep(seconds{1});
                                                         peer.send(std::string(i < 30 ? 1000 : 999, 'x'));
                                                     }
                                                 },
                                                 Phase::receiving, seconds{60}, HttpErrc::too_slow}));

TEST_F(ExchangeSim, a_server_at_the_least_rate_is_let_go_on) {
    listen_then([](sim::Peer peer) -> net::Task<void> {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        for (int i = 0; i < 100; ++i) {
            co_await peer.sleep(seconds{1});
            peer.send(std::string(1000, 'x'));
        }
        co_await peer.client_gone();
    });
    const Outcome outcome = get("http://h/");
    EXPECT_TRUE(outcome.ok()) << outcome.error().cause;
}

TEST_F(ExchangeSim, without_a_least_rate_only_silence_ends_a_transfer) {
    listen_then([](sim::Peer peer) -> net::Task<void> {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
        co_await drip(peer, "0123456789", seconds{29});
    });
    Request request = request_for("http://h/");
    request.limits.minrate = 0;
    EXPECT_TRUE(send(request).ok());
}

TEST_F(ExchangeSim, a_transfer_that_stalls_is_reset_and_not_drained) {
    listen_saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngood");
    EXPECT_FALSE(get("http://h/").ok());
    EXPECT_TRUE(network.records()[0].aborted);
}

TEST_F(ExchangeSim, connecting_ends_at_its_limit_and_names_every_address_that_was_tried) {
    network.set_addresses("h", {"10.1.0.1", "10.1.0.2", "10.1.0.3"});
    network.listen("h", 80, {.answer = sim::Answer::is_silent});
    const TimePoint before = network.now();
    const Outcome outcome = get("http://h/");
    EXPECT_EQ(outcome.error().code, Errc::timed_out);
    EXPECT_EQ(outcome.error().phase, Phase::connecting);
    EXPECT_EQ(network.now() - before, seconds{30});
    EXPECT_EQ(outcome.error().address, "10.1.0.1:80");
    EXPECT_NE(outcome.error().cause.find("10.1.0.2:80"), std::string::npos) << outcome.error().cause;
    EXPECT_NE(outcome.error().cause.find("10.1.0.3:80"), std::string::npos) << outcome.error().cause;
}

TEST_F(ExchangeSim, the_second_address_answers_when_the_first_does_not) {
    network.set_addresses("h", {"10.1.0.1", "10.1.0.2"});
    network.listen("10.1.0.2", 80, sim::keep_alive([](const sim::SimRequest&) { return sim::answer(200, "good"); }));
    const Outcome outcome = get("http://h/");
    ASSERT_TRUE(outcome.ok()) << outcome.error().cause;
    EXPECT_EQ((*outcome.result)->address, "10.1.0.2:80");
}

TEST_F(ExchangeSim, a_name_that_is_unknown_or_slow_is_told_as_such) {
    EXPECT_EQ(get("http://nowhere/").error().code, NetErrc::name_not_found);
    EXPECT_EQ(get("http://nowhere/").error().phase, Phase::resolving);
    network.set_resolve_delay(seconds{31});
    EXPECT_EQ(get("http://nowhere/").error().code, Errc::timed_out);
}

TEST_F(ExchangeSim, a_request_that_is_cancelled_ends_in_that_turn_in_every_phase) {
    listen_then(
        [](sim::Peer peer) -> net::Task<void> {
            co_await peer.sleep(seconds{2});
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
            co_await peer.sleep(seconds{2});
            peer.send("good");
            co_await peer.client_gone();
        },
        {.latency = milliseconds{500}});
    network.set_resolve_delay(seconds{1});
    for (const auto moment :
         {milliseconds{0}, milliseconds{500}, milliseconds{1500}, milliseconds{2500}, milliseconds{5500}, milliseconds{7500}}) {
        Outcome outcome;
        const auto id = begin(request_for("http://h/"), outcome);
        network.run_for(moment);
        EXPECT_FALSE(outcome.result);
        group.cancel(id);
        network.settle();
        ASSERT_TRUE(outcome.result) << moment.count();
        EXPECT_EQ(outcome.error().code, Errc::cancelled) << moment.count();
        EXPECT_EQ(network.open_connections(), 0u) << moment.count();
    }
}

TEST_F(ExchangeSim, a_sink_that_refuses_stops_the_sender) {
    listen_saying("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + std::string(200000, 'x'));
    Outcome outcome;
    outcome.sink.refuse_after = 1000;
    begin(request_for("http://h/"), outcome);
    network.run_until([&] { return outcome.result.has_value(); });
    EXPECT_EQ(outcome.error().code, Errc::no_space);
    network.settle();
    EXPECT_TRUE(network.records()[0].aborted);
}

TEST_F(ExchangeSim, an_unwelcome_body_is_read_away_when_short_and_cut_off_when_long) {
    listen_saying(sim::answer(404, std::string(65536, 'x')));
    EXPECT_EQ(get("http://h/").sink.status, 404);
    EXPECT_TRUE(parked());
    pool->close_idle();
    listen_saying(sim::answer(404, std::string(65537, 'x')));
    EXPECT_EQ(get("http://h/").sink.status, 404);
    EXPECT_EQ(pool->counts().open, 0u);
    EXPECT_TRUE(network.records()[1].aborted);
}

TEST_F(ExchangeSim, without_keepalive_each_request_has_a_connection_and_says_so) {
    std::vector<std::string> heads;
    network.listen("h", 80, sim::keep_alive([&heads](const sim::SimRequest& request) {
                       heads.push_back(request.field("Connection"));
                       return sim::answer(200, "good");
                   }));
    for (int i = 0; i < 3; ++i) {
        Request request = request_for("http://h/");
        request.keepalive = false;
        EXPECT_TRUE(send(request).ok());
        EXPECT_EQ(pool->counts().open, 0u);
    }
    EXPECT_EQ(network.records().size(), 3u);
    EXPECT_EQ(heads, (std::vector<std::string>{"close", "close", "close"}));
}

TEST_F(ExchangeSim, a_request_that_cannot_be_written_opens_no_connection) {
    Request request = request_for("http://h/");
    request.user_agent = "a\r\nX: y";
    EXPECT_EQ(send(request).error().code, Errc::invalid_argument);
    EXPECT_TRUE(network.records().empty());
}

}  // namespace
}  // namespace lastack::http
