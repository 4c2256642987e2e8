// Against a server that is not ours.
#include "client_fixture.hpp"
#include "net/error.hpp"
#include "support/nginx_server.hpp"

#include <algorithm>
#include <future>
#include <stop_token>
#include <thread>

namespace lastack::test {
namespace {

class Nginx : public ClientTest {};

TEST_F(Nginx, a_batch_of_files_shares_the_connections) {
    const NginxServer server;
    std::vector<DownloadRequest> batch;
    for (int index = 0; index < 60; ++index) {
        const auto name = "file" + std::to_string(index);
        const auto content = content_of(10'000 + static_cast<std::size_t>(index), static_cast<unsigned>(index));
        server.publish(name, content);
        auto request = file(server.url("/" + name), name);
        request.size = content.size();
        request.digests = {sha256(content)};
        batch.push_back(std::move(request));
    }
    for (const auto& result : client().download(std::move(batch))) {
        ASSERT_THAT(result, Succeeded());
    }
    expect_no_sockets_to(server.port());
    const auto lines = server.wait_for_log(60);
    EXPECT_EQ(lines.size(), 60u);
    EXPECT_LE(distinct_connections(lines), 3u);
}

TEST_F(Nginx, without_keepalive_there_is_a_connection_for_each_file) {
    const NginxServer server;
    server.publish("f", "body");
    request_options.keepalive = false;
    for (const auto& result : client().fetch(std::vector<FetchRequest>(5, document(server.url("/f"))))) {
        ASSERT_THAT(result, Succeeded());
    }
    EXPECT_EQ(distinct_connections(server.wait_for_log(5)), 5u);
}

TEST_F(Nginx, a_cancelled_download_is_resumed_where_it_ended) {
    const NginxServer server({.locations = {{"/slow/", "limit_rate 256k;"}}});
    const auto content = content_of(2'000'000);
    server.publish("slow/f", content);
    server.publish("f", content);
    std::stop_source stop;
    auto& shared = client();
    auto request = file(server.url("/slow/f"));
    request.size = content.size();
    request.digests = {sha256(content)};
    auto results = std::async(std::launch::async, [&] { return shared.download({request}, nullptr, stop.get_token()); });
    while (!exists("file.part") || std::filesystem::file_size(directory / "file.part") < 200'000) {
        std::this_thread::yield();
    }
    stop.request_stop();
    EXPECT_THAT(results.get().at(0), FailedWith(Errc::cancelled));
    const auto part = stored("file.part").size();
    request.urls = {server.url("/f")};
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(result->fetched, content.size() - part);
    const auto lines = server.wait_for_log(2);
    EXPECT_EQ(lines.back().status, 206);
    EXPECT_EQ(lines.back().range, "bytes=" + std::to_string(part) + "-");
    EXPECT_EQ(lines.back().body_bytes, content.size() - part);
}

TEST_F(Nginx, that_limits_each_connection_sends_the_end_of_a_large_file_over_a_second_one) {
    const NginxServer server({.locations = {{"/slow/", "limit_rate 500k;"}}});
    const auto content = content_of(10'000'000);
    server.publish("slow/f", content);
    auto request = file(server.url("/slow/f"));
    request.digests = {sha256(content)};
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(result->fetched, content.size());
    EXPECT_FALSE(exists("file.tail.part"));
    const auto lines = server.wait_for_log(2);
    ASSERT_GE(lines.size(), 2u);
    EXPECT_EQ(distinct_connections(lines), 2u);
    EXPECT_EQ(std::ranges::count_if(lines, [](const NginxLogLine& line) { return line.status == 206; }), 1);
}

TEST_F(Nginx, answers_a_conditional_fetch_with_not_modified) {
    const NginxServer server;
    server.publish("repomd.xml", "<repomd/>");
    const auto first = fetch(document(server.url("/repomd.xml")));
    ASSERT_THAT(first, Succeeded());
    EXPECT_FALSE(first->etag.empty());
    auto again = document(server.url("/repomd.xml"));
    again.if_none_match = first->etag;
    again.if_modified_since = first->last_modified;
    const auto second = fetch(again);
    ASSERT_THAT(second, Succeeded());
    EXPECT_TRUE(second->not_modified);
    EXPECT_EQ(server.wait_for_log(2).at(1).status, 304);
}

TEST_F(Nginx, its_early_close_of_idle_connections_loses_no_request) {
    options.idle_limit = 60s;
    const NginxServer server({.keepalive_timeout = "100ms"});
    server.publish("f", "body");
    client().expect_more(true);
    // The first close is the server's; by then its limit is known, and ours come earlier.
    for (int round = 0; round < 5; ++round) {
        ASSERT_THAT(fetch(document(server.url("/f"))), Succeeded());
        const auto deadline = Clock::now() + 5s;
        while (client().connections().open != 0 && Clock::now() < deadline) {
            EXPECT_LE(count_in(own_sockets_to(server.port()), TcpState::close_wait), 1);
        }
        EXPECT_EQ(client().connections().open, 0u);
    }
    EXPECT_EQ(server.wait_for_log(5).size(), 5u);
}

TEST_F(Nginx, its_limit_of_requests_per_connection_is_followed) {
    const NginxServer server({.keepalive_requests = 10});
    server.publish("f", "body");
    options.max_parallel_downloads = 1;
    for (const auto& result : client().fetch(std::vector<FetchRequest>(40, document(server.url("/f"))))) {
        ASSERT_THAT(result, Succeeded());
    }
    const auto lines = server.wait_for_log(40);
    EXPECT_EQ(lines.size(), 40u) << "no request was lost";
    EXPECT_EQ(distinct_connections(lines), 4u);
}

TEST_F(Nginx, that_ends_while_a_connection_is_idle_is_refused_at_once) {
    options.idle_limit = 60s;
    client().expect_more(true);
    NginxServer server;
    server.publish("f", "body");
    ASSERT_THAT(fetch(document(server.url("/f"))), Succeeded());
    EXPECT_EQ(client().connections().idle, 1u);
    server.stop();
    EXPECT_THAT(fetch(document(server.url("/f"))), FailedWith(net::NetErrc::connect_refused));
    EXPECT_EQ(client().connections().open, 0u);
}

}  // namespace
}  // namespace lastack::test
