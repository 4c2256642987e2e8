#include "client_fixture.hpp"

#include <algorithm>
#include <future>
#include <set>
#include <thread>

namespace lastack::test {
namespace {

using ::testing::Each;
using ::testing::Le;

class Reuse : public ClientTest {
protected:
    // `count` small files, /0 to /count-1, of this origin or of several in turn.
    std::vector<DownloadRequest> batch(int count, const std::vector<const ScriptedOrigin*>& origins) const {
        std::vector<DownloadRequest> requests;
        for (int index = 0; index < count; ++index) {
            const auto& from = *origins[static_cast<std::size_t>(index) % origins.size()];
            requests.push_back(file(from.url("/" + std::to_string(index)), "file" + std::to_string(index)));
        }
        return requests;
    }
    void expect_all_good(const std::vector<Result<DownloadResult>>& results) const {
        for (std::size_t index = 0; index < results.size(); ++index) {
            EXPECT_THAT(results[index], Succeeded()) << index;
            EXPECT_EQ(stored("file" + std::to_string(index)), "body of /" + std::to_string(index));
        }
    }
    static void serve_any(ScriptedOrigin& from, Steps before = {}) {
        from.on(When{}, [before](const SeenRequest& request) { return Reply{.body = "body of " + request.target, .before = before}; });
    }
};

TEST_F(Reuse, a_batch_from_one_host_uses_no_more_connections_than_its_limit) {
    options.max_parallel_downloads = 4;
    options.max_connections_per_host = 2;
    serve_any(origin);
    expect_all_good(client().download(batch(40, {&origin})));
    const auto seen = origin.record();
    EXPECT_EQ(seen.requests.size(), 40u);
    EXPECT_LE(seen.connections.size(), 2u);
    EXPECT_EQ(client().connections().opened, seen.connections.size());
    EXPECT_EQ(client().connections().requests, 40u);
}

TEST_F(Reuse, one_connection_carries_everything_when_one_is_allowed) {
    options.max_parallel_downloads = 1;
    serve_any(origin);
    expect_all_good(client().download(batch(10, {&origin})));
    EXPECT_EQ(origin.accepted(), 1);
    EXPECT_EQ(origin.requests().back().number_on_connection, 10);
}

TEST_F(Reuse, the_limit_per_host_holds_while_more_files_wait) {
    options.max_parallel_downloads = 6;
    options.max_connections_per_host = 2;
    serve_any(origin, {WaitUntil{"go"}});
    auto results = std::async(std::launch::async, [&] { return client().download(batch(6, {&origin})); });
    ASSERT_TRUE(origin.wait_at("go", 2));
    EXPECT_FALSE(origin.wait_for([](const Record& record) { return record.connections.size() > 2; }, 50ms));
    origin.open("go");
    expect_all_good(results.get());
    EXPECT_EQ(origin.accepted(), 2);
}

TEST_F(Reuse, the_limit_over_all_hosts_holds_too) {
    options.max_parallel_downloads = 4;
    options.max_connections_per_host = 3;
    ScriptedOrigin other;
    serve_any(origin, {WaitUntil{"go"}});
    serve_any(other, {WaitUntil{"go"}});
    auto results = std::async(std::launch::async, [&] { return client().download(batch(12, {&origin, &other})); });
    ASSERT_TRUE(origin.wait_at("go", 2));
    ASSERT_TRUE(other.wait_at("go", 2));
    const auto more = [](const Record& record) { return record.connections.size() > 2; };
    EXPECT_FALSE(origin.wait_for(more, 50ms));
    EXPECT_FALSE(other.wait_for(more, 50ms));
    EXPECT_EQ(client().connections().open, 4u);
    origin.open("go");
    other.open("go");
    expect_all_good(results.get());
}

TEST_F(Reuse, an_idle_connection_makes_room_for_another_host) {
    options.max_parallel_downloads = 1;
    ScriptedOrigin other;
    serve_any(origin);
    serve_any(other);
    client().expect_more(true);
    expect_fetched("/a", "body of /a");
    EXPECT_EQ(client().connections().idle, 1u);
    EXPECT_THAT(fetch(document(other.url("/b"))), Succeeded());
    EXPECT_TRUE(origin.wait_until_all_closed()) << "one connection in all is allowed";
    EXPECT_EQ(client().connections().open, 1u);
}

TEST_F(Reuse, without_keepalive_each_request_has_a_connection_that_says_close) {
    request_options.keepalive = false;
    serve_any(origin);
    expect_all_good(client().download(batch(5, {&origin})));
    const auto seen = origin.record();
    EXPECT_EQ(seen.connections.size(), 5u);
    for (const auto& request : seen.requests) {
        EXPECT_EQ(request.number_on_connection, 1);
        EXPECT_EQ(request.header("Connection"), "close");
    }
}

TEST_F(Reuse, without_keepalive_we_close_even_if_the_server_does_not) {
    request_options.keepalive = false;
    origin.on("/a", Reply{.body = "x", .after = After::keep});
    client().expect_more(true);
    expect_fetched("/a", "x");
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_FALSE(origin.record().connections[0].peer_reset);
    expect_no_sockets();
}

TEST_F(Reuse, a_server_that_says_close_and_stays_open_is_closed_by_us) {
    origin.on("/a", Reply{.headers = {{"Connection", "close"}}, .body = "x", .after = After::keep});
    client().expect_more(true);
    expect_fetched("/a", "x");
    ASSERT_TRUE(origin.wait_until_all_closed());
    expect_fetched("/a", "x");
    EXPECT_EQ(origin.accepted(), 2);
}

TEST_F(Reuse, an_error_answer_keeps_the_connection) {
    origin.on("/a", Reply{.body = "x"});
    client().expect_more(true);
    EXPECT_FALSE(fetch(document(origin.url("/missing"))).has_value());
    expect_fetched("/a", "x");
    EXPECT_EQ(origin.accepted(), 1);
}

TEST_F(Reuse, requests_name_the_host_and_the_program) {
    serve_any(origin);
    request_options.user_agent = "test/1 (x)";
    expect_fetched("/a", "body of /a");
    request_options.user_agent = "";
    expect_fetched("/b", "body of /b");
    const auto requests = origin.requests();
    EXPECT_EQ(requests[0].header("Host"), "127.0.0.1:" + std::to_string(origin.port()));
    EXPECT_EQ(requests[0].header("User-Agent"), "test/1 (x)");
    EXPECT_TRUE(requests[1].header("User-Agent").starts_with("lastack/"));
    EXPECT_EQ(requests[0].version, "HTTP/1.1");
}

TEST_F(Reuse, several_threads_share_one_client) {
    options.max_parallel_downloads = 4;
    serve_any(origin);
    client().expect_more(true);
    std::vector<std::jthread> threads;
    std::array<std::string, 4> bodies;
    for (std::size_t index = 0; index < bodies.size(); ++index) {
        threads.emplace_back([&, index] {
            const auto result = fetch(document(origin.url("/" + std::to_string(index))));
            bodies[index] = result ? result->body : describe(result.error());
        });
    }
    threads.clear();
    for (std::size_t index = 0; index < bodies.size(); ++index) {
        EXPECT_EQ(bodies[index], "body of /" + std::to_string(index));
    }
    EXPECT_LE(origin.accepted(), 3) << "the limit per host";
}

TEST_F(Reuse, a_name_with_several_addresses_is_tried_until_one_answers) {
    serve_any(origin);
    const auto result = fetch(document("http://localhost:" + std::to_string(origin.port()) + "/a"));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->body, "body of /a");
    EXPECT_EQ(origin.requests().at(0).header("Host"), "localhost:" + std::to_string(origin.port()));
}

}  // namespace
}  // namespace lastack::test
