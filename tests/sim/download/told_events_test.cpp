// What a client tells of its connections: the same in the trace and as values, and never a password.
#include "engine_fixture.hpp"

namespace lastack::download {
namespace {

using std::chrono::seconds;

class ToldEvents : public EngineSim {
protected:
    ToldEvents() {
        make_engine({.trace = [this](std::string_view line) { lines.emplace_back(line); },
                     .on_connection_event = [this](const ConnectionEvent& event) { events.push_back(event); }});
    }
    ~ToldEvents() override { make_engine({}); }  // the end of the first one is told to what the test holds
    // All that was told, and what a look shows now.
    [[nodiscard]] std::string everything() const {
        std::string all;
        for (const std::string& line : lines) {
            all += line + "\n";
        }
        for (const ConnectionEvent& event : events) {
            all += event.origin + event.proxy + event.address + event.why + describe(event) + "\n";
        }
        for (const ConnectionInfo& info : engine->snapshot()) {
            all += info.state + info.origin + info.proxy + info.address + "\n";
        }
        return all;
    }
    void expect_no_secret() const {
        for (const char* secret : {"hunter2", "alice", "carol", "letmein", "aHVudGVyMg", "YWxpY2U6aHVudGVyMg"}) {
            EXPECT_EQ(everything().find(secret), std::string::npos) << secret << " in\n" << everything();
        }
    }
    std::string content = sim::pattern(100);
    std::vector<std::string> lines;
    std::vector<ConnectionEvent> events;
};

TEST_F(ToldEvents, are_the_lines_of_the_trace) {
    serve("a", content);
    run(want("f", content, {"http://a/f"}));
    ASSERT_EQ(events.size(), lines.size());
    ASSERT_EQ(events.size(), 5u);
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(describe(events[i]), lines[i]);
    }
    EXPECT_EQ(events.back().why, "no more need");
}

TEST_F(ToldEvents, hold_no_password_of_a_url) {
    serve("a", content);
    engine->expect_more(true);
    EXPECT_TRUE(run(want("f", content, {"http://alice:hunter2@a/f"})).ok());
    EXPECT_FALSE(run(want("g", content, {"http://alice:hunter2@nowhere/g"})).ok());
    expect_no_secret();
    EXPECT_EQ(events[0].origin, "http://a:80");
}

TEST_F(ToldEvents, hold_no_password_of_a_proxy_that_forwards) {
    network.listen("p", 3128, sim::keep_alive([this](const sim::SimRequest& request) { return sim::file_answer(request, content); }));
    engine->expect_more(true);
    auto request = want("f", content, {"http://alice:hunter2@a/f"});
    request.options.connection.proxy.url = "http://carol:letmein@p:3128";
    EXPECT_TRUE(run(std::move(request)).ok());
    expect_no_secret();
    EXPECT_EQ(events[0].origin, "http://p:3128");
}

TEST_F(ToldEvents, hold_no_password_of_a_proxy_that_refuses_a_tunnel_or_is_not_there) {
    network.listen("p", 3128,
                   sim::keep_alive([](const sim::SimRequest&) { return sim::answer(407, "", {"Proxy-Authenticate: Basic realm=\"x\""}); }));
    for (const char* proxy : {"http://carol:letmein@p:3128", "http://carol:letmein@nowhere:3128"}) {
        auto request = want("f", content, {"https://alice:hunter2@a/f"});
        request.options.connection.proxy.url = proxy;
        const Download& download = run(std::move(request));
        ASSERT_FALSE(download.ok());
        EXPECT_EQ(describe(download.error()).find("letmein"), std::string::npos) << describe(download.error());
    }
    expect_no_secret();
    EXPECT_EQ(events[0].origin, "https://a:443");
    EXPECT_EQ(events[0].proxy, "http://p:3128");
    EXPECT_EQ(events.back().kind, ConnectionEventKind::closed);
    EXPECT_EQ(events.back().by, ClosedBy::network);
}

struct DeathRow {
    const char* what;
    std::function<sim::Task<void>(sim::Peer)> dies;
};

class StaleMirror : public EngineSim, public testing::WithParamInterface<DeathRow> {
protected:
    const std::string content = sim::pattern(100);
    int accepted = 0;
};

TEST_P(StaleMirror, is_asked_again_without_an_attempt) {
    serve("spare", content);
    network.listen("a", 80, [this](sim::Peer peer) -> sim::Task<void> {
        const bool first = accepted++ == 0;
        while (auto head = co_await peer.read_request()) {
            peer.send(sim::file_answer(sim::SimRequest{*head}, content));
            if (first) {
                co_await GetParam().dies(peer);
                co_return;
            }
        }
    });
    engine->expect_more(true);
    ASSERT_TRUE(run(want("1", content, {"http://a/1"})).ok());
    auto second = want("2", content, {"http://a/2", "http://spare/2"});
    second.options.retries = 1;
    second.options.mirrors.order = MirrorOrder::listed;
    const TimePoint before = network.now();
    const Download& download = run(std::move(second));
    ASSERT_TRUE(download.ok()) << describe(download.error());
    EXPECT_EQ((*download.result)->url, "http://a/2");
    EXPECT_EQ(download.ended, before);
    EXPECT_EQ(engine->counts().resends, 1u);
    EXPECT_EQ(network.records().size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Ways, StaleMirror,
                         testing::Values(DeathRow{"FIN",
                                                  [](sim::Peer peer) -> sim::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.close();
                                                  }},
                                         DeathRow{"RST",
                                                  [](sim::Peer peer) -> sim::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.reset();
                                                  }},
                                         DeathRow{"FIN inside the head",
                                                  [](sim::Peer peer) -> sim::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.send("HTTP/1.1 206 Par");
                                                      peer.close();
                                                  }},
                                         DeathRow{"408", [](sim::Peer peer) -> sim::Task<void> {
                                                      co_await peer.read_request();
                                                      peer.send(sim::answer(408, ""));
                                                      peer.close();
                                                  }}));

}  // namespace
}  // namespace lastack::download
