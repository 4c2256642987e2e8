// What ends connections from outside (a stop of the process, a sleep of the machine, a lost address) costs a download time alone: no
// attempt, no mirror, no byte that had come.
#include "engine_fixture.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <random>

namespace lastack::download {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Pause : public EngineSim {
protected:
    // The first so many answers stop after half of the content and stay open; the further ones are whole.
    void serve_halves(const std::string& host, std::size_t halves) {
        network.listen(host, 80, [this, halves](sim::Peer peer) -> sim::Task<void> {
            while (auto head = co_await peer.read_request()) {
                asked.emplace_back(std::move(*head));
                const std::string answer = sim::file_answer(asked.back(), content);
                const bool stops = asked.size() <= halves;
                peer.send(stops ? answer.substr(0, answer.size() - (content.size() >> asked.size())) : answer);
                if (stops) {
                    co_await peer.client_gone();
                    co_return;
                }
            }
        });
    }
    // The first so many requests get no answer at all.
    void serve_silences(const std::string& host, std::size_t silences) {
        network.listen(host, 80, [this, silences](sim::Peer peer) -> sim::Task<void> {
            while (auto head = co_await peer.read_request()) {
                asked.emplace_back(std::move(*head));
                if (asked.size() <= silences) {
                    co_await peer.client_gone();
                    co_return;
                }
                peer.send(sim::file_answer(asked.back(), content));
            }
        });
    }
    // A mirror that is not to be asked, and one attempt in all.
    DownloadRequest want_from_a() {
        serve("spare", content);
        auto request = want("f", content, {"http://a/f", "http://spare/f"});
        request.options.retries = 1;
        return request;
    }
    // It ends well in this moment of virtual time, on the first mirror and by the only attempt.
    void expect_done_now(const Download& download) {
        const TimePoint now = network.now();
        network.settle();
        ASSERT_TRUE(download.ok()) << describe(download.error());
        EXPECT_EQ(download.ended, now);
        EXPECT_EQ((*download.result)->url, "http://a/f");
        EXPECT_EQ((*download.result)->fetched, content.size());
        EXPECT_EQ(directory.read("f"), content);
        EXPECT_EQ(network.open_connections("spare"), 0u);
    }
    std::string content = sim::pattern(1024);
};

struct InterruptionRow {
    const char* what;
    std::function<void(Engine&)> happens;
};

class Interruption : public Pause, public testing::WithParamInterface<InterruptionRow> {};

TEST_P(Interruption, in_the_body_goes_on_by_range_without_a_counted_attempt) {
    serve_halves("a", 1);
    Download& download = add(want_from_a());
    network.run_for(seconds{1});
    ASSERT_FALSE(download.result);
    GetParam().happens(*engine);
    expect_done_now(download);
    ASSERT_EQ(asked.size(), 2u);
    EXPECT_EQ(asked[1].field("Range"), "bytes=512-");
    EXPECT_TRUE(network.records()[0].closed);
}

TEST_P(Interruption, again_and_again_in_the_body_costs_no_attempt_and_no_byte) {
    serve_halves("a", 9);
    Download& download = add(want_from_a());
    for (int i = 0; i < 9; ++i) {
        network.run_for(seconds{1});
        ASSERT_FALSE(download.result) << i;
        GetParam().happens(*engine);
    }
    expect_done_now(download);
    EXPECT_EQ(asked.size(), 10u);
}

TEST_P(Interruption, again_and_again_before_the_answer_asks_anew_and_counts_no_resend) {
    serve_silences("a", 12);
    Download& download = add(want_from_a());
    for (int i = 0; i < 12; ++i) {
        network.run_for(seconds{1});
        ASSERT_FALSE(download.result) << i;
        GetParam().happens(*engine);
    }
    expect_done_now(download);
    EXPECT_EQ(asked.size(), 13u);
    EXPECT_EQ(engine->counts().resends, 0u);
}

TEST_P(Interruption, of_a_document_asks_for_it_anew) {
    network.listen("a", 80, [this](sim::Peer peer) -> sim::Task<void> {
        while (auto head = co_await peer.read_request()) {
            asked.emplace_back(std::move(*head));
            const std::string answer = sim::answer(200, "the document");
            peer.send(asked.size() == 1 ? answer.substr(0, answer.size() - 4) : answer);
        }
    });
    std::optional<Result<FetchResult>> result;
    engine->add(FetchRequest{.urls = {"http://a/d"}, .options = {.retries = 1}},
                [&result](Result<FetchResult> got) { result.emplace(std::move(got)); });
    network.run_for(seconds{1});
    ASSERT_FALSE(result);
    GetParam().happens(*engine);
    network.settle();
    ASSERT_TRUE(result && *result);
    EXPECT_EQ((*result)->body, "the document");
    EXPECT_EQ(asked.size(), 2u);
    EXPECT_EQ(asked[1].field("Range"), "");
}

TEST_P(Interruption, closes_idle_connections_in_that_turn) {
    serve("a", content);
    serve("b", content);
    engine->expect_more(true);
    run(want("1", content, {"http://a/1"}));
    run(want("2", content, {"http://b/2"}));
    ASSERT_EQ(engine->counts().idle, 2u);
    GetParam().happens(*engine);
    EXPECT_EQ(network.open_connections(), 0u);
    EXPECT_EQ(engine->counts().open, 0u);
    EXPECT_FALSE(network.records()[0].aborted);
    // The host is as good as before.
    EXPECT_TRUE(run(want("3", content, {"http://a/3"})).ok());
    EXPECT_EQ(engine->counts().idle, 1u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Interruption,
                         testing::Values(InterruptionRow{"stopped",
                                                         [](Engine& engine) {
                                                             engine.freeze();
                                                             engine.thaw();
                                                         }},
                                         InterruptionRow{"the machine slept", [](Engine& engine) { engine.resumed(); }},
                                         InterruptionRow{"the address is gone",
                                                         [](Engine& engine) { engine.network_changed("10.9.9.9"); }}));

// Between the moment in which a connection is handed out and the first byte on it.
TEST_P(Interruption, of_a_connection_just_handed_out_is_not_taken_for_the_servers_doing) {
    bool first = true;
    make_engine({.on_connection_event = [&](const ConnectionEvent& event) {
        if (event.kind == ConnectionEventKind::bound && std::exchange(first, false)) {
            net::asio::post(network.context(), [&] { GetParam().happens(*engine); });
        }
    }});
    serve("a", content);
    Download& download = add(want_from_a());
    expect_done_now(download);
    EXPECT_FALSE(first);
    EXPECT_EQ(asked.size(), 1u);
    EXPECT_EQ(network.records().size(), 2u);
    EXPECT_EQ(engine->counts().resends, 0u);
}

TEST_F(Pause, closes_every_socket_before_freeze_returns_and_opens_none_before_thaw) {
    serve_halves("a", 1);
    engine->expect_more(true);
    Download& download = add(want_from_a());
    serve("b", content);
    run(want("idle", content, {"http://b/idle"}));
    ASSERT_EQ(network.open_connections(), 2u);
    engine->freeze();
    EXPECT_EQ(network.open_connections(), 0u);
    network.settle();
    EXPECT_EQ(engine->counts().open, 0u);
    Download& late = add(want("late", content, {"http://b/late"}));
    network.run_for(minutes{2});
    EXPECT_FALSE(download.result);
    EXPECT_FALSE(late.result);
    EXPECT_EQ(network.records().size(), 2u);
    engine->thaw();
    expect_done_now(download);
    EXPECT_TRUE(late.ok());
}

TEST_F(Pause, ends_a_dial_under_way_and_dials_again_afterwards) {
    for (const bool too_late : {false, true}) {
        const std::string host = too_late ? "late" : "early";
        network.listen(
            host, 80,
            {.latency = milliseconds{50},
             .too_late_to_cancel = too_late,
             .on_accept = sim::keep_alive([this](const sim::SimRequest& request) { return sim::file_answer(request, content); })});
        auto request = want(host, content, {"http://" + host + "/f"});
        request.options.retries = 1;
        Download& download = add(std::move(request));
        network.run_for(milliseconds{20});
        ASSERT_EQ(engine->counts().open, 1u);
        engine->freeze();
        network.settle();
        EXPECT_EQ(engine->counts().open, 0u);
        EXPECT_EQ(network.open_connections(), 0u);
        network.run_for(minutes{1});
        EXPECT_EQ(network.open_connections(), 0u);
        EXPECT_FALSE(download.result);
        engine->thaw();
        network.run_until([&] { return download.result.has_value(); });
        EXPECT_TRUE(download.ok()) << describe(download.error());
    }
}

TEST_F(Pause, in_a_name_resolution_asks_again_afterwards) {
    serve("a", content);
    network.set_resolve_delay(seconds{2});
    Download& download = add(want_from_a());
    network.run_for(seconds{1});
    engine->freeze();
    network.run_for(minutes{1});
    EXPECT_EQ(network.records().size(), 0u);
    engine->thaw();
    network.run_for(seconds{2});
    EXPECT_TRUE(download.ok()) << describe(download.error());
}

TEST_F(Pause, in_the_wait_between_two_attempts_lets_none_begin) {
    network.listen("a", 80, {.answer = sim::Answer::refuses});
    Download& download = add(want("f", content, {"http://a/f"}));
    network.run_for(milliseconds{100});
    engine->freeze();
    network.run_for(minutes{1});
    EXPECT_EQ(engine->counts().open, 0u);
    EXPECT_FALSE(download.result);
    serve("a", content);
    engine->thaw();
    network.settle();
    EXPECT_TRUE(download.ok()) << describe(download.error());
}

TEST_F(Pause, that_ends_at_once_and_begins_again_loses_nothing) {
    serve_halves("a", 1);
    Download& download = add(want_from_a());
    network.run_for(seconds{1});
    for (int i = 0; i < 5; ++i) {
        engine->freeze();
        engine->thaw();
    }
    engine->freeze();
    network.settle();
    EXPECT_EQ(network.open_connections(), 0u);
    engine->thaw();
    expect_done_now(download);
}

TEST_F(Pause, does_not_keep_a_cancelled_download_waiting) {
    serve_halves("a", 1);
    Download& download = add(want_from_a());
    network.run_for(seconds{1});
    engine->freeze();
    network.settle();
    engine->cancel(download.id);
    network.settle();
    ASSERT_TRUE(download.result);
    EXPECT_EQ(download.error().code, Errc::cancelled);
    engine->thaw();
}

// 73: what a clock that jumped shows.
TEST_F(Pause, of_the_machine_for_ten_minutes_costs_the_download_no_time_limit) {
    serve_halves("a", 1);
    Download& download = add(want_from_a());
    network.run_for(seconds{1});
    network.jump(minutes{10});
    engine->resumed();
    expect_done_now(download);
    EXPECT_EQ(asked[1].field("Range"), "bytes=512-");
}

// 72
TEST_F(Pause, none_comes_of_an_address_that_is_not_ours) {
    serve_halves("a", 1);
    engine->expect_more(true);
    Download& download = add(want_from_a());
    serve("b", content);
    run(want("idle", content, {"http://b/idle"}));
    engine->network_changed("10.1.1.1");
    network.settle();
    EXPECT_EQ(engine->counts().idle, 1u);
    EXPECT_EQ(network.open_connections(), 2u);
    EXPECT_FALSE(download.result);
}

TEST_F(Pause, of_changed_routes_ends_what_is_idle_and_leaves_downloads_alone) {
    network.listen("a", 80, [this](sim::Peer peer) -> sim::Task<void> {
        while (auto head = co_await peer.read_request()) {
            asked.emplace_back(std::move(*head));
            const std::string answer = sim::file_answer(asked.back(), content);
            peer.send(answer.substr(0, answer.size() - 100));
            co_await peer.sleep(seconds{2});
            peer.send(answer.substr(answer.size() - 100));
        }
    });
    engine->expect_more(true);
    Download& download = add(want_from_a());
    serve("b", content);
    run(want("idle", content, {"http://b/idle"}));
    engine->network_changed("");
    EXPECT_EQ(network.open_connections("b"), 0u);
    EXPECT_EQ(network.open_connections("a"), 1u);
    network.run_for(seconds{2});
    EXPECT_TRUE(download.ok());
    EXPECT_EQ(asked.size(), 2u);
}

TEST_F(Pause, of_a_link_ends_the_idle_connections_of_its_addresses_alone) {
    serve("b", content);
    engine->expect_more(true);
    run(want("1", content, {"http://b/1"}));
    engine->link_down({"10.1.1.1"});
    EXPECT_EQ(network.open_connections(), 1u);
    engine->link_down({"10.1.1.1", "10.9.9.9"});
    EXPECT_EQ(network.open_connections(), 0u);
}

// 80, for the whole engine: servers that close when they like, and everything that may happen from outside, at any moment. One attempt per
// file is enough, because nothing of this is a server's failure.
TEST_F(Pause, and_all_else_from_outside_at_random_moments_cost_no_file_an_attempt) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = std::make_shared<std::mt19937>(seed);  // owners: the test and the hosts, which go after it
    const auto pick = [random](int n) { return std::uniform_int_distribution<int>{0, n - 1}(*random); };
    make_engine({.max_parallel_downloads = 4, .max_connections_per_host = 2});
    for (const char* host : {"a", "b", "c"}) {
        network.listen(host, 80, {.latency = milliseconds{3}, .on_accept = [this, pick](sim::Peer peer) -> sim::Task<void> {
                                      while (auto head = co_await peer.read_request()) {
                                          const std::string answer = sim::file_answer(sim::SimRequest{*head}, content);
                                          peer.send(answer.substr(0, answer.size() / 2));
                                          co_await peer.sleep(milliseconds{pick(20)});
                                          peer.send(answer.substr(answer.size() / 2));
                                          if (pick(3) == 0) {
                                              co_await peer.sleep(milliseconds{pick(10)});
                                              peer.close();
                                              co_return;
                                          }
                                      }
                                  }});
    }
    engine->expect_more(true);
    std::vector<const Download*> all;
    for (int i = 0; i < 150; ++i) {
        const std::string name = std::to_string(i);
        auto request = want(name, content, {"http://" + std::string(1, "abc"[pick(3)]) + "/" + name});
        request.options.retries = 1;
        all.push_back(&add(std::move(request)));
    }
    const auto done = [&all] { return std::ranges::all_of(all, [](const Download* download) { return download->result.has_value(); }); };
    int happened = 0;
    for (; happened < 1000 && !done(); ++happened) {
        network.run_for(milliseconds{pick(15)});
        switch (pick(6)) {
            case 0:
                engine->freeze();
                EXPECT_EQ(network.open_connections(), 0u);
                network.run_for(milliseconds{pick(50)});
                EXPECT_EQ(engine->counts().open, 0u);
                engine->thaw();
                break;
            case 1:
                network.jump(seconds{pick(60)});
                engine->resumed();
                break;
            case 2:
                engine->network_changed("10.9.9.9");
                break;
            case 3:
                engine->network_changed("");
                break;
            case 4:
                engine->link_down({"10.9.9.9"});
                break;
            default:
                engine->close_idle();
        }
    }
    network.run_until(done);
    EXPECT_GT(happened, 100);
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_TRUE(all[i]->ok()) << i << ": " << describe(all[i]->error());
        EXPECT_EQ(directory.read(std::to_string(i)), content);
    }
}

}  // namespace
}  // namespace lastack::download
