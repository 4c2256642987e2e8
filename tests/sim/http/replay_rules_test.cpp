// The retry rules A to N on the wire: what a connection's death costs the request, and under which cause it is counted.
#include "client_fixture.hpp"

namespace lastack::http {
namespace {

using net::NetErrc;
using std::chrono::seconds;

const std::string whole = sim::answer(200, "good");

// The request is asked after another one on the same connection, or on a connection of its own; what dies is the first connection.
enum class Carried : bool { nothing, one };

struct Rule {
    const char* which;
    Carried before;
    std::function<net::Task<void>(sim::Peer)> dies;
    std::error_code error;  // of the request; none: it succeeds
    std::string body;       // what its sink got
    ClientCounts counts;    // resends alone
    std::size_t dialled;
};

// The whole request is read, then this is said, then the end comes.
enum class End { fin, half_close, reset, silence };
std::function<net::Task<void>(sim::Peer)> says(std::string text, End end) {
    return [text = std::move(text), end](sim::Peer peer) -> net::Task<void> {
        co_await peer.read_request();
        peer.send(text);
        switch (end) {
            case End::fin:
                peer.close();
                break;
            case End::half_close:
                peer.fin();
                break;
            case End::reset:
                peer.reset();
                break;
            case End::silence:
                co_await peer.client_gone();
                break;
        }
    };
}

class ReplayRules : public ClientSim, public testing::WithParamInterface<Rule> {};

TEST_P(ReplayRules, hold) {
    const Rule& rule = GetParam();
    make_client();
    pool->expect_more(true);
    if (rule.before == Carried::one) {
        listen_first_then("h", rule.dies);
        ASSERT_TRUE(get("http://h/first").ok());
    } else {
        network.listen("h", 80, [this, &rule](sim::Peer peer) -> net::Task<void> {
            if (accepted++ == 0) {
                co_await rule.dies(peer);
                co_return;
            }
            while (co_await peer.read_request()) {
                peer.send(whole);
            }
        });
    }
    const Outcome outcome = get("http://h/next");
    EXPECT_EQ(outcome.ok(), !rule.error) << outcome.error().cause;
    if (rule.error) {
        EXPECT_EQ(outcome.error().code, rule.error) << outcome.error().code.message();
        EXPECT_EQ(outcome.error().address, "10.0.0.1:80");
    }
    EXPECT_EQ(outcome.sink.body, rule.body);
    EXPECT_LE(outcome.sink.begun, 1);
    EXPECT_EQ(client->counts().resent_unsent, rule.counts.resent_unsent);
    EXPECT_EQ(client->counts().resent_unanswered, rule.counts.resent_unanswered);
    EXPECT_EQ(client->counts().resent_in_head, rule.counts.resent_in_head);
    EXPECT_EQ(client->counts().resent_refused, rule.counts.resent_refused);
    EXPECT_EQ(client->counts().interrupted, 0u);
    EXPECT_EQ(network.records().size(), rule.dialled);
    EXPECT_TRUE(network.records()[0].closed);
}

const std::string half_head = "HTTP/1.1 200 OK\r\nContent-Le";
const std::string half_body = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngo";
const std::string half_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngo";
const std::string until_close = "HTTP/1.1 200 OK\r\n\r\ngood";
const ClientCounts unanswered{.resent_unanswered = 1};
const ClientCounts in_head{.resent_in_head = 1};

INSTANTIATE_TEST_SUITE_P(
    Table, ReplayRules,
    testing::Values(
        Rule{"B: FIN", Carried::one, says("", End::fin), {}, "good", unanswered, 2},
        Rule{"B: half-close", Carried::one, says("", End::half_close), {}, "good", unanswered, 2},
        Rule{"B: RST", Carried::one, says("", End::reset), {}, "good", unanswered, 2},
        Rule{"D: FIN", Carried::nothing, says("", End::fin), NetErrc::closed, "", {}, 1},
        Rule{"D: RST", Carried::nothing, says("", End::reset), NetErrc::reset, "", {}, 1},
        Rule{"E: FIN on a reused one", Carried::one, says(half_head, End::fin), {}, "good", in_head, 2},
        Rule{"E: RST on a reused one", Carried::one, says(half_head, End::reset), {}, "good", in_head, 2},
        Rule{"E: after a provisional answer", Carried::one, says("HTTP/1.1 103 Early Hints\r\n\r\n", End::fin), {}, "good", in_head, 2},
        Rule{"E: FIN on a fresh one", Carried::nothing, says(half_head, End::fin), NetErrc::closed, "", {}, 1},
        Rule{"E: RST on a fresh one", Carried::nothing, says(half_head, End::reset), NetErrc::reset, "", {}, 1},
        Rule{"F: FIN in the body of a reused one", Carried::one, says(half_body, End::fin), HttpErrc::truncated, "go", {}, 1},
        Rule{"F: RST in the body of a reused one", Carried::one, says(half_body, End::reset), NetErrc::reset, "go", {}, 1},
        Rule{"F: FIN in a chunk", Carried::one, says(half_chunks, End::fin), HttpErrc::truncated, "go", {}, 1},
        Rule{"F: on a fresh one", Carried::nothing, says(half_body, End::fin), HttpErrc::truncated, "go", {}, 1},
        Rule{"G: whole, then RST", Carried::one, says(whole, End::reset), {}, "good", {}, 1},
        Rule{"G: whole, then FIN", Carried::nothing, says(whole, End::fin), {}, "good", {}, 1},
        Rule{"H: until the close, without TLS", Carried::one, says(until_close, End::fin), {}, "good", {}, 1},
        Rule{"H: until the close, but RST", Carried::one, says(until_close, End::reset), NetErrc::reset, "good", {}, 1},
        Rule{"L: silence on a reused one", Carried::one, says("", End::silence), Errc::timed_out, "", {}, 1},
        Rule{"L: silence on a fresh one", Carried::nothing, says("", End::silence), Errc::timed_out, "", {}, 1},
        Rule{"L: silence inside the head", Carried::one, says(half_head, End::silence), Errc::timed_out, "", {}, 1},
        Rule{"M: 408 on a reused one", Carried::one, says(sim::answer(408, ""), End::fin), {}, "good", {.resent_refused = 1}, 2},
        Rule{"M: 408, and the server stays", Carried::one, says(sim::answer(408, ""), End::silence), {}, "good", {.resent_refused = 1}, 2}),
    [](const testing::TestParamInfo<Rule>& info) { return std::to_string(info.index) + std::string(1, info.param.which[0]); });

class ReplayRule : public ClientSim {
protected:
    ReplayRule() {
        make_client();
        pool->expect_more(true);
    }
};

// A: the connection dies between its checkout and the first byte. One of twelve that are all dying does not cost twelve resends.
TEST_F(ReplayRule, a_costs_one_resend_however_many_siblings_are_dying_with_it) {
    constexpr unsigned many = 12;
    std::vector<sim::Peer> peers;
    network.listen("h", 80, [&peers](sim::Peer peer) -> net::Task<void> {
        peers.push_back(peer);
        while (co_await peer.read_request()) {
            co_await peer.sleep(seconds{1});
            peer.send(whole);
        }
    });
    network.run(pool->shut_down());
    make_client({.per_key = many, .total = many});
    pool->expect_more(true);
    std::vector<Outcome> first(many);
    for (Outcome& outcome : first) {
        begin(request_for("http://h/"), outcome);
    }
    network.run_for(seconds{1});
    ASSERT_EQ(pool->counts().idle, many);
    on_event = [&peers](const ConnectionEvent& event) {
        if (event.kind == ConnectionEventKind::bound && event.requests > 1) {
            peers.at(event.connection - 1).close();
        }
    };
    const Outcome next = get("http://h/next");
    EXPECT_TRUE(next.ok()) << next.error().cause;
    EXPECT_EQ(client->counts().resent_unsent, 1u);
    EXPECT_EQ(client->counts().resends(), 1u);
    EXPECT_EQ(network.records().size(), many + 1);
}

// N: bytes that are no TLS end the mirror's turn, and nothing is sent again.
TEST_F(ReplayRule, n_is_never_tried_again) {
    network.listen("h", 443, [](sim::Peer peer) -> net::Task<void> {
        co_await peer.read_bytes(1);
        peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.close();
    });
    const Outcome outcome = get("https://h/");
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, NetErrc::tls_failed) << outcome.error().code.message();
    EXPECT_EQ(network.records().size(), 1u);
    EXPECT_EQ(client->counts().resends(), 0u);
}

// E is sent again once: whoever breaks off two heads in a row is not merely tired of idle connections.
TEST_F(ReplayRule, e_happens_once_though_the_second_connection_was_reused_too) {
    network.listen("h", 80, [this](sim::Peer peer) -> net::Task<void> {
        co_await peer.read_request();
        co_await peer.sleep(seconds{++accepted});  // parked at different moments: no siblings
        peer.send(whole);
        co_await peer.read_request();
        peer.send(half_head);
        peer.close();
    });
    Outcome first, second;
    begin(request_for("http://h/1"), first);
    begin(request_for("http://h/2"), second);
    network.run_for(seconds{1});
    ASSERT_TRUE(first.ok());
    Outcome third;
    network.run_for(seconds{1});
    ASSERT_TRUE(second.ok());
    begin(request_for("http://h/3"), third);
    network.settle();
    ASSERT_TRUE(third.result);
    EXPECT_FALSE(third.ok());
    EXPECT_EQ(client->counts().resent_in_head, 1u);
    EXPECT_EQ(client->counts().resends(), 1u);
}

}  // namespace
}  // namespace lastack::http
