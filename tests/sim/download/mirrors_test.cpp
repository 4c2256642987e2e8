// Mirrors, retries, delays: all in virtual time.
#include "engine_fixture.hpp"

#include <set>
#include <string>

namespace lastack::download {
namespace {

using http::HttpErrc;
using net::NetErrc;
using sim::SimRequest;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Mirrors : public EngineSim {
protected:
    std::string content = sim::pattern(1000);

    // Seconds from now that a download takes.
    Duration timed(DownloadRequest request) {
        const TimePoint before = network.now();
        return run(std::move(request)).ended - before;
    }
    DownloadRequest from(std::vector<std::string> urls, unsigned retries = 10) {
        DownloadRequest request = want("f", content, std::move(urls));
        request.options.retries = retries;
        return request;
    }
    [[nodiscard]] std::size_t dials(const std::string& host) const {
        return static_cast<std::size_t>(std::ranges::count(network.records(), host, &sim::WireRecord::host));
    }
    void hang_up(const std::string& host) {
        network.listen(host, 80, [](sim::Peer peer) -> sim::Task<void> {
            co_await peer.read_request();
            peer.close();
        });
    }
};

TEST_F(Mirrors, the_next_one_is_tried_at_once_whatever_the_first_does_wrong) {
    serve("good", content);
    answer_all("missing", sim::answer(404, ""));
    answer_all("busy", sim::answer(503, ""));
    answer_all("old", sim::answer(200, std::string(1000, 'o')));
    answer_all("short", sim::answer(200, "short"));
    answer_all("garbage", "SSH-2.0\r\n");
    answer_all("portal", sim::answer(302, "", {"Location: ftp://x/"}));
    hang_up("dead");
    for (const char* bad : {"http://missing/f", "http://busy/f", "http://old/f", "http://short/f", "http://garbage/f", "http://portal/f",
                            "http://dead/f", "http://unknown/f", "not a url", "https://good/f", "ftp://good/f", "http://good:81/f"}) {
        EXPECT_EQ(timed(from({bad, "http://good/f"})), Duration{0}) << bad;
        EXPECT_EQ(directory.read("f"), content) << bad;
        std::filesystem::remove(directory / "f");
    }
}

TEST_F(Mirrors, that_will_never_serve_the_file_do_not_use_up_the_attempts) {
    std::vector<std::string> urls;
    for (int i = 0; i < 30; ++i) {
        answer_all("m" + std::to_string(i), sim::answer(404, ""));
        urls.push_back("http://m" + std::to_string(i) + "/f");
    }
    serve("good", content);
    urls.push_back("http://good/f");
    for (const unsigned retries : {0u, 1u, 10u}) {
        EXPECT_TRUE(run(from(urls, retries)).ok()) << retries;
        std::filesystem::remove(directory / "f");
    }
}

TEST_F(Mirrors, that_all_fail_are_all_named) {
    answer_all("a", sim::answer(404, ""));
    answer_all("b", sim::answer(403, ""));
    const Download& download = run(from({"http://user:secret@a/f", "http://b/f"}));
    EXPECT_EQ(download.error().code, HttpErrc::forbidden);
    EXPECT_EQ(download.error().http_status, 403);
    const std::string text = describe(download.error());
    EXPECT_NE(text.find("http://b/f"), std::string::npos) << text;
    EXPECT_NE(text.find("http://a/f"), std::string::npos) << text;
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
    EXPECT_EQ(asked.size(), 2u);
    EXPECT_EQ(entries(), 0);
}

TEST_F(Mirrors, that_all_sent_something_wrong_are_asked_once_more_past_caches) {
    std::set<std::string> asked_before;
    for (const std::string host : {"a", "b"}) {
        network.listen(host, 80, sim::keep_alive([&, host](const sim::SimRequest& request) {
                           asked.push_back(request);
                           return asked_before.insert(host).second ? sim::answer(200, std::string(content.size(), 'o'))
                                                                   : sim::file_answer(request, content);
                       }));
    }
    EXPECT_TRUE(run(from({"http://a/f", "http://b/f"})).ok());
    EXPECT_EQ(directory.read("f"), content);
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_EQ(asked[1].field("Cache-Control"), "");
    EXPECT_EQ(asked[2].field("Cache-Control"), "no-cache");
}

TEST_F(Mirrors, that_are_wrong_for_good_are_asked_twice_and_with_a_single_attempt_once) {
    answer_all("a", sim::answer(200, std::string(content.size(), 'o')));
    answer_all("b", sim::answer(404, ""));
    EXPECT_EQ(run(from({"http://a/f", "http://b/f"})).error().code, DownloadErrc::digest_mismatch);
    EXPECT_EQ(asked.size(), 3u) << "what is not there is not asked for again";
    asked.clear();
    EXPECT_FALSE(run(from({"http://a/f", "http://b/f"}, 1)).ok());
    EXPECT_EQ(asked.size(), 2u);
}

TEST_F(Mirrors, a_mirror_that_said_404_is_not_asked_again) {
    answer_all("a", sim::answer(404, ""));
    hang_up("b");
    EXPECT_EQ(run(from({"http://a/f", "http://b/f"})).error().code, NetErrc::closed);
    EXPECT_EQ(asked.size(), 1u);
    EXPECT_EQ(dials("b"), 5u);
}

TEST_F(Mirrors, a_fresh_connection_that_dies_is_a_failure_and_the_delays_double) {
    hang_up("a");
    EXPECT_EQ(timed(from({"http://a/f"})), milliseconds{200 + 400 + 800 + 1600});
    EXPECT_EQ(dials("a"), 5u);
}

TEST_F(Mirrors, attempts_are_counted_over_all_mirrors) {
    hang_up("a");
    hang_up("b");
    for (const unsigned retries : {1u, 2u, 3u}) {
        const auto before = network.records().size();
        EXPECT_FALSE(run(from({"http://a/f", "http://b/f"}, retries)).ok());
        EXPECT_EQ(network.records().size() - before, retries);
    }
}

TEST_F(Mirrors, delays_come_between_rounds_and_not_between_mirrors) {
    hang_up("a");
    hang_up("b");
    EXPECT_EQ(timed(from({"http://a/f", "http://b/f"}, 6)), milliseconds{200 + 400});
}

TEST_F(Mirrors, that_refuse_connections_are_given_up_sooner) {
    network.listen("a", 80, {.answer = sim::Answer::refuses});
    const TimePoint before = network.now();
    const Download& download = run(from({"http://a/f"}));
    EXPECT_EQ(download.error().code, NetErrc::connect_refused);
    EXPECT_EQ(download.ended - before, milliseconds{200 + 400});
    EXPECT_NE(download.error().address, "");
}

TEST_F(Mirrors, that_accept_and_never_answer_cost_eight_seconds_or_the_timeout_set) {
    network.listen("silent", 80, [](sim::Peer peer) -> sim::Task<void> { co_await peer.client_gone(); });
    serve("good", content);
    EXPECT_EQ(timed(from({"http://silent/f", "http://good/f"})), seconds{8});
    std::filesystem::remove(directory / "f");
    DownloadRequest request = from({"http://silent/f", "http://good/f"});
    request.options.mirrors.order = MirrorOrder::listed;
    request.options.timeout = milliseconds{1500};
    EXPECT_EQ(timed(request), milliseconds{1500});
    EXPECT_EQ(dials("silent"), 2u);
}

TEST_F(Mirrors, that_do_not_even_connect_cost_eight_seconds) {
    network.listen("dropped", 80, {.answer = sim::Answer::is_silent});
    serve("good", content);
    EXPECT_EQ(timed(from({"http://dropped/f", "http://good/f"})), seconds{8});
}

TEST_F(Mirrors, the_rest_comes_from_the_next_one_when_the_first_stalls) {
    network.listen("slow", 80, [this](sim::Peer peer) -> sim::Task<void> {
        co_await peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + content.substr(0, 600));
        co_await peer.client_gone();
    });
    serve("good", content);
    const Download& download = run(from({"http://slow/f", "http://good/f"}));
    ASSERT_TRUE(download.ok());
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ(asked[0].field("Range"), "bytes=600-");
    EXPECT_EQ((*download.result)->fetched, 1000u);
    EXPECT_TRUE(network.records()[0].aborted);
}

TEST_F(Mirrors, a_server_that_drips_below_the_least_rate_is_left) {
    network.listen("slow", 80, [](sim::Peer peer) -> sim::Task<void> {
        co_await peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for (int i = 0; i < 200; ++i) {
            co_await peer.sleep(seconds{5});
            peer.send("x");
        }
    });
    answer_all("missing", sim::answer(404, ""));
    const TimePoint before = network.now();
    DownloadRequest request = from({"http://slow/f", "http://missing/f"}, 1);
    request.options.mirrors.order = MirrorOrder::listed;
    request.options.timeout = seconds{30};
    const Download& download = run(request);
    EXPECT_EQ(download.error().code, HttpErrc::too_slow);
    EXPECT_EQ(download.ended - before, seconds{30});
}

// Each attempt brings a little: with `retries` 0 that may go on as long as it gets further.
TEST_F(Mirrors, without_a_limit_progress_alone_decides) {
    network.listen("a", 80, [this](sim::Peer peer) -> sim::Task<void> {
        auto head = co_await peer.read_request();
        const std::string whole = sim::file_answer(SimRequest{*head}, content);
        peer.send(whole.substr(0, whole.find("\r\n\r\n") + 4 + 20));
        peer.close();
    });
    const Download& limited = run(from({"http://a/f"}, 10));
    EXPECT_FALSE(limited.ok());
    EXPECT_EQ(dials("a"), 10u);
    EXPECT_EQ(std::filesystem::file_size(directory / "f.part"), 200u);
    const TimePoint before = network.now();
    const Download& unlimited = run(from({"http://a/f"}, 0));
    EXPECT_TRUE(unlimited.ok()) << describe(unlimited.error());
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ(unlimited.ended, before);  // progress needs no delay
}

TEST_F(Mirrors, without_a_limit_and_without_progress_it_ends) {
    hang_up("a");
    EXPECT_FALSE(run(from({"http://a/f"}, 0)).ok());
    EXPECT_EQ(dials("a"), 5u);
}

TEST_F(Mirrors, a_wait_between_attempts_ends_when_cancelled) {
    hang_up("a");
    Download& download = add(from({"http://a/f"}));
    network.run_for(milliseconds{100});
    EXPECT_FALSE(download.result);
    engine->cancel(download.id);
    network.settle();
    ASSERT_TRUE(download.result);
    EXPECT_EQ(download.error().code, Errc::cancelled);
}

TEST_F(Mirrors, a_place_that_cannot_be_written_is_no_mirrors_fault) {
    serve("a", content);
    DownloadRequest request = from({"http://a/f", "http://a/g"});
    request.path = "/dev/full/f";
    EXPECT_FALSE(run(request).ok());
    EXPECT_TRUE(asked.empty());
}

TEST_F(Mirrors, a_redirected_file_is_resumed_from_where_it_really_is) {
    answer_all("a", sim::answer(302, "", {"Location: http://real/f"}));
    network.listen("real", 80, [this](sim::Peer peer) -> sim::Task<void> {
        while (auto head = co_await peer.read_request()) {
            asked.emplace_back(std::move(*head));
            const std::string whole = sim::file_answer(asked.back(), content);
            const bool first = asked.back().field("Range").empty();
            peer.send(first ? whole.substr(0, whole.find("\r\n\r\n") + 4 + 300) : whole);
            if (first) {
                peer.close();
                co_return;
            }
        }
    });
    const Download& download = run(from({"http://a/f"}));
    ASSERT_TRUE(download.ok()) << describe(download.error());
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ((*download.result)->url, "http://real/f");
    EXPECT_EQ(asked.back().field("Range"), "bytes=300-");
}

}  // namespace
}  // namespace lastack::download
