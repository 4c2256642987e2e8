// How long a connection is kept and how often it is used: what the server says of it (Keep-Alive), what its round trip takes away, and
// what it turns out to do. Scenarios 10, 49 and 50 of docs/design/scenarios.md.
#include "client_fixture.hpp"

#include <random>

namespace lastack::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class KeepAliveSim : public ClientSim {
protected:
    KeepAliveSim() {
        make_client();
        pool->expect_more(true);
    }

    void serve(std::vector<std::string> fields, Duration latency = Duration{0}) {
        network.listen("h", 80, {.latency = latency, .on_accept = sim::keep_alive([fields = std::move(fields)](const sim::SimRequest&) {
                                                         return sim::answer(200, "good", fields);
                                                     })});
    }
    void expect_good(const char* url = "http://h/") {
        const Outcome outcome = get(url);
        ASSERT_TRUE(outcome.ok()) << outcome.error().cause;
        EXPECT_EQ(outcome.sink.body, "good");
    }
    [[nodiscard]] std::size_t dialled() const { return network.records().size(); }
};

struct MarginRow {
    milliseconds latency;  // one way
    milliseconds after;    // of the next request
    bool reused;
};

class Margin : public KeepAliveSim, public testing::WithParamInterface<MarginRow> {};

TEST_P(Margin, is_a_second_or_the_round_trip_before_the_servers_five) {
    serve({"Keep-Alive: timeout=5"}, GetParam().latency);
    expect_good();
    network.run_for(GetParam().after);
    expect_good();
    EXPECT_EQ(dialled(), GetParam().reused ? 1u : 2u);
    EXPECT_EQ(client->counts().resends(), 0u);
    EXPECT_FALSE(network.records()[0].aborted);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Margin,
    testing::Values(MarginRow{milliseconds{0}, milliseconds{3900}, true}, MarginRow{milliseconds{0}, milliseconds{3999}, true},
                    MarginRow{milliseconds{0}, milliseconds{4000}, false}, MarginRow{milliseconds{0}, milliseconds{4600}, false},
                    MarginRow{milliseconds{150}, milliseconds{3900}, true}, MarginRow{milliseconds{150}, milliseconds{4000}, false},
                    MarginRow{milliseconds{150}, milliseconds{4600}, false},
                    // From here on the round trip is the margin.
                    MarginRow{milliseconds{500}, milliseconds{3999}, true}, MarginRow{milliseconds{750}, milliseconds{3499}, true},
                    MarginRow{milliseconds{750}, milliseconds{3500}, false}, MarginRow{milliseconds{1500}, milliseconds{1999}, true},
                    MarginRow{milliseconds{1500}, milliseconds{2000}, false}, MarginRow{milliseconds{2500}, milliseconds{0}, false}));

// The server closes exactly five seconds after its last byte, and the next request comes at any moment around that, over any distance.
TEST_F(KeepAliveSim, no_request_of_a_thousand_crosses_the_close_of_a_server_that_keeps_its_word) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    std::uniform_int_distribution<int> moment{2000, 6000};
    std::uniform_int_distribution<int> distance{0, 1200};
    int reused = 0;
    for (int run = 0; run < 1000 && !HasFailure(); ++run) {
        const std::string host = "h" + std::to_string(run);
        network.listen(host, 80, {.latency = milliseconds{distance(random)}, .on_accept = [this](sim::Peer peer) -> net::Task<void> {
                                      (void)co_await peer.read_request();
                                      peer.send(sim::answer(200, "good", {"Keep-Alive: timeout=5"}));
                                      const auto served = std::make_shared<bool>(false);  // owners: this task and the event
                                      network.at(network.now() + seconds{5}, [peer, served]() mutable {
                                          if (!*served) {
                                              peer.close();
                                          }
                                      });
                                      if (co_await peer.read_request()) {
                                          *served = true;
                                          peer.send(sim::answer(200, "good", {"Connection: close"}));
                                      }
                                  }});
        const std::string url = "http://" + host + "/";
        const std::size_t before = dialled();
        expect_good(url.c_str());
        network.run_for(milliseconds{moment(random)});
        expect_good(url.c_str());
        reused += dialled() - before == 1 ? 1 : 0;
        pool->close_idle();
        network.settle();
    }
    EXPECT_EQ(client->counts().resends(), 0u);
    EXPECT_GT(reused, 100);
    EXPECT_LT(reused, 900);
}

struct HintRow {
    const char* field;  // empty: none
    milliseconds kept;  // 0: closed with the answer
};

class Hint : public KeepAliveSim, public testing::WithParamInterface<HintRow> {};

TEST_P(Hint, says_how_long_the_connection_stays) {
    const std::string field = GetParam().field;
    serve(field.empty() ? std::vector<std::string>{} : std::vector{"Keep-Alive: " + field});
    expect_good();
    if (GetParam().kept == milliseconds{0}) {
        EXPECT_EQ(pool->counts().open, 0u);
        return;
    }
    network.run_for(GetParam().kept - milliseconds{1});
    EXPECT_EQ(pool->counts().idle, 1u);
    network.run_for(milliseconds{1});
    EXPECT_EQ(pool->counts().open, 0u);
}

INSTANTIATE_TEST_SUITE_P(Table, Hint,
                         testing::Values(HintRow{"", seconds{4}}, HintRow{"timeout=0", seconds{0}}, HintRow{"timeout=1", seconds{0}},
                                         HintRow{"timeout=2", seconds{1}}, HintRow{"timeout=5, max=100", seconds{4}},
                                         HintRow{"timeout=60", seconds{59}}, HintRow{"timeout=99999", seconds{59}},
                                         HintRow{"timeout=99999999999999999999999", seconds{4}}, HintRow{"timeout=abc", seconds{4}},
                                         HintRow{"timeout=-5", seconds{4}}, HintRow{"timeout=", seconds{4}}, HintRow{"timeout", seconds{4}},
                                         HintRow{"max=0", seconds{0}}, HintRow{"max=abc", seconds{4}}, HintRow{";,,=\xff", seconds{4}}));

TEST_F(KeepAliveSim, max_1_closes_after_one_further_request) {
    serve({"Keep-Alive: timeout=5, max=1"});
    expect_good();
    EXPECT_EQ(pool->counts().idle, 1u);
    expect_good();
    EXPECT_EQ(pool->counts().open, 0u);
    expect_good();
    EXPECT_EQ(dialled(), 2u);
    EXPECT_EQ(network.records()[0].requests, 2u);
}

TEST_F(KeepAliveSim, max_is_counted_down_also_when_the_server_says_it_once) {
    for (const int max : {1, 2, 5}) {
        const std::string host = "m" + std::to_string(max);
        network.listen(host, 80, [max](sim::Peer peer) -> net::Task<void> {
            for (bool first = true; co_await peer.read_request(); first = false) {
                peer.send(
                    sim::answer(200, "good", first ? std::vector{"Keep-Alive: max=" + std::to_string(max)} : std::vector<std::string>{}));
            }
        });
        const std::size_t before = dialled();
        for (int i = 0; i <= max; ++i) {
            EXPECT_EQ(pool->counts().idle, i == 0 ? 0u : 1u) << max << " " << i;
            expect_good(("http://" + host + "/").c_str());
        }
        EXPECT_EQ(pool->counts().open, 0u) << max;
        EXPECT_EQ(dialled() - before, 1u) << max;
        EXPECT_EQ(network.records().back().requests, static_cast<unsigned>(max) + 1) << max;
    }
}

TEST_F(KeepAliveSim, a_max_that_the_server_raises_again_does_not_undo_the_count) {
    serve({"Keep-Alive: max=2"});
    for (int i = 0; i < 3; ++i) {
        expect_good();
    }
    EXPECT_EQ(pool->counts().open, 0u);
    EXPECT_EQ(dialled(), 1u);
}

// 10
TEST_F(KeepAliveSim, a_server_that_never_means_it_is_found_out_after_three_and_its_connections_are_not_parked_any_more) {
    network.listen("liar", 80, [](sim::Peer peer) -> net::Task<void> {
        (void)co_await peer.read_request();
        peer.send(sim::answer(200, "good", {"Keep-Alive: timeout=15"}));
        if (co_await peer.read_request()) {
            peer.close();
        }
    });
    for (int i = 0; i < 20; ++i) {
        expect_good("http://liar/");
        EXPECT_EQ(pool->counts().idle, i < 3 ? 1u : 0u) << i;
    }
    EXPECT_EQ(client->counts().resent_unanswered, 3u);
    EXPECT_EQ(client->counts().resends(), 3u);
    EXPECT_EQ(dialled(), 20u);
    // Another host is another matter.
    serve({});
    expect_good();
    EXPECT_EQ(pool->counts().idle, 1u);
}

TEST_F(KeepAliveSim, a_server_that_has_let_connections_be_reused_may_fail_seven_times_in_a_row) {
    bool honest = true;
    network.listen("h", 80, [this, &honest](sim::Peer peer) -> net::Task<void> {
        while (co_await peer.read_request()) {
            if (!honest && network.record(peer.number()).requests > 1) {
                peer.close();
                co_return;
            }
            peer.send(sim::answer(200, "good"));
        }
    });
    expect_good();
    expect_good();
    honest = false;
    for (int i = 0; i < 20; ++i) {
        expect_good();
        EXPECT_EQ(pool->counts().idle, i < 8 - 1 ? 1u : 0u) << i;
    }
    EXPECT_EQ(client->counts().resends(), 8u);
}

}  // namespace
}  // namespace lastack::http
