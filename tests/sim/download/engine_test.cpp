// Several files at a time over one pool: limits, reuse, the end of connections, cancelling; and documents fetched to memory.
#include "engine_fixture.hpp"

#include <boost/asio/post.hpp>

namespace lastack::download {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class EngineTest : public EngineSim {
protected:
    std::string content = sim::pattern(1000);

    std::vector<Download*> add_many(const std::string& host, int count) {
        std::vector<Download*> all;
        for (int i = 0; i < count; ++i) {
            all.push_back(&add(want(host + std::to_string(i), content, {"http://" + host + "/" + std::to_string(i)})));
        }
        return all;
    }
    // Answers after a while, so that several run at a time.
    void serve_slowly(const std::string& host) {
        network.listen(host, 80, [this](sim::Peer peer) -> sim::Task<void> {
            while (auto head = co_await peer.read_request()) {
                most_open = std::max(most_open, network.open_connections());
                co_await peer.sleep(milliseconds{100});
                peer.send(sim::file_answer(sim::SimRequest{*head}, content));
            }
        });
    }
    std::size_t most_open = 0;
};

TEST_F(EngineTest, runs_as_many_at_a_time_as_allowed_and_reuses_their_connections) {
    serve_slowly("a");
    const TimePoint before = network.now();
    const auto all = add_many("a", 9);
    network.run_until([&] { return std::ranges::all_of(all, [](const Download* d) { return d->result.has_value(); }); });
    for (const Download* download : all) {
        EXPECT_TRUE(download->ok());
    }
    EXPECT_EQ(network.now() - before, milliseconds{300});
    EXPECT_EQ(network.records().size(), 3u);
    EXPECT_EQ(most_open, 3u);
    EXPECT_EQ(engine->counts().requests, 9u);
}

TEST_F(EngineTest, keeps_the_limit_per_host) {
    make_engine({.max_parallel_downloads = 5, .max_connections_per_host = 2});
    serve_slowly("a");
    const auto all = add_many("a", 6);
    network.run_until([&] { return std::ranges::all_of(all, [](const Download* d) { return d->result.has_value(); }); });
    EXPECT_EQ(network.records().size(), 2u);
    EXPECT_EQ(most_open, 2u);
}

TEST_F(EngineTest, has_no_connection_left_in_the_turn_of_the_last_file) {
    serve_slowly("a");
    const auto all = add_many("a", 4);
    network.run_until([&] { return std::ranges::all_of(all, [](const Download* d) { return d->result.has_value(); }); });
    network.settle();
    EXPECT_EQ(network.open_connections(), 0u);
    for (const sim::WireRecord& record : network.records()) {
        EXPECT_FALSE(record.aborted);
    }
    EXPECT_EQ(network.records().size(), 3u);
}

TEST_F(EngineTest, closes_surplus_connections_before_the_last_file_ends) {
    serve_slowly("a");
    const auto all = add_many("a", 4);
    network.run_for(milliseconds{150});
    EXPECT_EQ(network.open_connections(), 1u);
    network.run_for(milliseconds{100});
    EXPECT_TRUE(all[3]->ok());
}

TEST_F(EngineTest, that_expects_more_keeps_connections_for_the_next_batch_until_the_idle_limit) {
    serve_slowly("a");
    engine->expect_more(true);
    run(want("1", content, {"http://a/1"}));
    EXPECT_EQ(engine->counts().idle, 1u);
    network.run_for(milliseconds{3900});
    EXPECT_EQ(engine->counts().idle, 1u);
    run(want("2", content, {"http://a/2"}));
    EXPECT_EQ(network.records().size(), 1u);
    network.run_for(milliseconds{4000});
    EXPECT_EQ(engine->counts().open, 0u);
    run(want("3", content, {"http://a/3"}));
    EXPECT_EQ(network.records().size(), 2u);
    engine->close_idle();
    network.settle();
    EXPECT_EQ(network.open_connections(), 0u);
}

TEST_F(EngineTest, keeps_a_connection_that_a_queued_file_will_want) {
    make_engine({.max_parallel_downloads = 2});
    serve_slowly("a");
    network.listen("slow", 80, [this](sim::Peer peer) -> sim::Task<void> {
        co_await peer.read_request();
        co_await peer.sleep(seconds{1});
        peer.send(sim::answer(200, content));
    });
    // While two slow files run, nothing runs on the connection to a; the last file is queued behind them and finds it open.
    add(want("1", content, {"http://a/1"}));
    add(want("2", content, {"http://slow/2"}));
    Download& last = add(want("3", content, {"http://a/3"}));
    network.run_for(milliseconds{150});
    EXPECT_EQ(engine->counts().opened, 2u);
    network.run_until([&] { return last.result.has_value(); });
    EXPECT_TRUE(last.ok());
    EXPECT_EQ(engine->counts().opened, 2u);
    network.run_for(seconds{2});
}

TEST_F(EngineTest, requests_that_fail_at_once_leave_their_places_to_others) {
    serve("a", content);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(fetch({.urls = {}}).error().code, Errc::invalid_argument);
        EXPECT_FALSE(run({.urls = {}, .path = directory / "x"}).ok());
        EXPECT_FALSE(fetch({.urls = {"no url"}}));
        EXPECT_FALSE(fetch({.urls = {"http://nowhere/"}}));
    }
    EXPECT_TRUE(run(want("f", content, {"http://a/f"})).ok());
}

TEST_F(EngineTest, requests_added_on_the_reactor_that_fail_at_once_leave_their_places_to_others) {
    serve("a", content);
    int failed = 0;
    net::asio::post(network.context(), [&] {
        for (int i = 0; i < 10; ++i) {
            engine->add(FetchRequest{.urls = {}}, [&failed](const Result<FetchResult>& result) { failed += result ? 0 : 1; });
            engine->add(FetchRequest{.urls = {"ftp://a/"}}, [&failed](const Result<FetchResult>& result) { failed += result ? 0 : 1; });
        }
    });
    network.settle();
    EXPECT_EQ(failed, 20);
    EXPECT_TRUE(run(want("f", content, {"http://a/f"})).ok());
}

TEST_F(EngineTest, a_job_cancelled_in_the_turn_it_was_added_is_told_so) {
    serve("a", content);
    Download* first = nullptr;
    Download* second = nullptr;
    net::asio::post(network.context(), [&] {
        first = &add(want("1", content, {"http://a/1"}));
        engine->cancel(first->id);
        second = &add(want("2", content, {"http://a/2"}));
    });
    network.run_until([&] { return second != nullptr && second->result; });
    ASSERT_TRUE(first->result);
    EXPECT_EQ(first->error().code, Errc::cancelled);
    EXPECT_TRUE(second->ok());
}

TEST_F(EngineTest, a_queued_job_that_is_cancelled_never_starts) {
    serve_slowly("a");
    const auto all = add_many("a", 5);
    network.settle();
    engine->cancel(all[4]->id);
    ASSERT_TRUE(all[4]->result);
    EXPECT_EQ(all[4]->error().code, Errc::cancelled);
    engine->cancel(all[4]->id);
    engine->cancel(99999);
    network.run_until([&] { return all[3]->result.has_value(); });
    EXPECT_TRUE(all[3]->ok());
    EXPECT_FALSE(std::filesystem::exists(directory / "a4.part"));
}

TEST_F(EngineTest, shutting_down_ends_every_job_and_every_connection_in_that_turn) {
    serve_slowly("a");
    const auto all = add_many("a", 6);
    network.run_for(milliseconds{50});
    const TimePoint before = network.now();
    network.run(engine->shut_down());
    EXPECT_EQ(network.now(), before);
    EXPECT_EQ(network.open_connections(), 0u);
    for (const Download* download : all) {
        ASSERT_TRUE(download->result);
        EXPECT_EQ(download->error().code, Errc::cancelled);
    }
    engine.emplace(network, ClientOptions{}, Engine::Setting{.worker_threads = 0});
}

TEST_F(EngineTest, an_idle_connection_is_closed_while_another_host_is_looked_up) {
    std::optional<sim::Peer> idle;
    network.listen("a", 80, [&](sim::Peer peer) -> sim::Task<void> {
        co_await peer.read_request();
        peer.send(sim::answer(200, content));
        idle = peer;
    });
    serve("b", content);
    engine->expect_more(true);
    run(want("1", content, {"http://a/1"}));
    network.set_resolve_delay(seconds{2});
    Download& second = add(want("2", content, {"http://b/2"}));
    network.run_for(seconds{1});
    idle->close();
    network.settle();
    EXPECT_EQ(network.records()[0].closed, network.now());
    network.run_until([&] { return second.result.has_value(); });
    EXPECT_TRUE(second.ok());
}

class FetchTest : public EngineSim {};

TEST_F(FetchTest, brings_the_document_and_its_validators) {
    answer_all("a", sim::answer(200, "text", {"ETag: \"v1\"", "Last-Modified: yesterday"}));
    const auto got = fetch({.urls = {"http://u:secret@a/repomd.xml"}});
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body, "text");
    EXPECT_EQ(got->etag, "\"v1\"");
    EXPECT_EQ(got->last_modified, "yesterday");
    EXPECT_EQ(got->url, "http://a/repomd.xml");
    EXPECT_FALSE(got->not_modified);
    EXPECT_EQ(asked[0].field("If-None-Match"), "");
}

TEST_F(FetchTest, asks_conditionally_and_takes_304_only_then) {
    answer_all("a", "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
    const auto got = fetch({.urls = {"http://a/x"}, .if_none_match = "\"v1\"", .if_modified_since = "yesterday"});
    ASSERT_TRUE(got);
    EXPECT_TRUE(got->not_modified);
    EXPECT_EQ(asked[0].field("If-None-Match"), "\"v1\"");
    EXPECT_EQ(asked[0].field("If-Modified-Since"), "yesterday");
    EXPECT_EQ(fetch({.urls = {"http://a/x"}}).error().code, http::HttpErrc::unexpected_status);
}

TEST_F(FetchTest, takes_as_many_bytes_as_the_limit_says_and_not_one_more) {
    const std::string body(1000, 'x');
    for (const std::string& answer :
         {sim::answer(200, body), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + body + "\r\n0\r\n\r\n"}) {
        answer_all("a", answer);
        const auto got = fetch({.urls = {"http://a/x"}, .size_limit = 1000});
        ASSERT_TRUE(got);
        EXPECT_EQ(got->body, body);
        EXPECT_EQ(fetch({.urls = {"http://a/x"}, .size_limit = 999}).error().code, DownloadErrc::too_large);
    }
}

TEST_F(FetchTest, a_document_cut_short_begins_anew_and_is_never_spliced) {
    serve_cut("a", {[](const sim::SimRequest&) { return sim::answer(200, "half of it").substr(0, 50); },
                    [](const sim::SimRequest&) { return sim::answer(200, "whole"); }});
    const auto got = fetch({.urls = {"http://a/x"}});
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body, "whole");
    EXPECT_EQ(asked[1].field("Range"), "");
}

TEST_F(FetchTest, an_unasked_part_is_refused) {
    answer_all("a", sim::answer(206, "part", {"Content-Range: bytes 0-3/10"}));
    EXPECT_EQ(fetch({.urls = {"http://a/x"}}).error().code, http::HttpErrc::bad_range);
}

TEST_F(FetchTest, goes_to_the_next_mirror_and_tells_which_one_answered) {
    answer_all("a", sim::answer(404, "not here"));
    answer_all("b", sim::answer(200, "text"));
    const auto got = fetch({.urls = {"http://a/x", "http://b/x"}});
    ASSERT_TRUE(got);
    EXPECT_EQ(got->url, "http://b/x");
    EXPECT_EQ(fetch({.urls = {"http://a/x"}}).error().http_status, 404);
}

}  // namespace
}  // namespace lastack::download
