// Peers that are gone without a word, addresses that never answer, and sockets that somebody else destroys. The numbers are those of the
// scenarios in docs/design/connections.md.
#include "namespace_fixture.hpp"
#include "support/listening_socket.hpp"
#include "support/run_command.hpp"

#include <future>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace lastack::test {
namespace {

class Vanished : public NamespaceTest {
protected:
    // The server's ends of all idle connections are gone without a word: in repair mode the kernel closes a socket without a packet.
    int let_server_forget() {
        for (const auto& socket : tcp_sockets(::getpid())) {
            if (socket.local_port == origin.port() && socket.state == TcpState::established) {
                const int on = 1;
                EXPECT_EQ(::setsockopt(socket.descriptor, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on), 0);
            }
        }
        return origin.reset_idle();
    }
};

// 55
TEST_F(Vanished, peer_that_forgot_an_idle_connection_costs_no_attempt) {
    keep_one_idle();
    ASSERT_EQ(let_server_forget(), 1);
    EXPECT_EQ(count_in(our_sockets(), TcpState::established), 1) << "nothing told us";
    expect_fetched("/f", "body");
    ASSERT_EQ(origin.requests().size(), 2u);
    EXPECT_EQ(origin.requests().back().connection, 2);
}

// 55: three of them, and one request finds out for all.
TEST_F(Vanished, peer_that_forgot_several_costs_one_resend) {
    origin.on("/wait", Reply{.body = "x", .before = {WaitUntil{"go"}}});
    client().expect_more(true);
    auto& shared = client();
    auto three = std::async(std::launch::async, [&] { return shared.fetch(std::vector<FetchRequest>(3, document(origin.url("/wait")))); });
    ASSERT_TRUE(origin.wait_at("go", 3));
    origin.open("go");
    for (const auto& result : three.get()) {
        ASSERT_THAT(result, Succeeded());
    }
    ASSERT_EQ(client().connections().idle, 3u);
    ASSERT_EQ(let_server_forget(), 3);
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.requests().back().connection, 4);
    EXPECT_EQ(client().connections().open, 1u) << "the siblings went with it";
}

// 57: a name with two addresses, of which one never answers a SYN.
class SilentAddress : public NamespaceTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SilentAddress, of_two_does_not_hold_up_the_other) {
    constexpr auto kPrompt = 2s;
    ScriptedOrigin here({.address = "::", .host = "localhost"});
    here.on("/f", Reply{.body = "body"});
    network().client.nft(std::string("add table inet box; add chain inet box out { type filter hook output priority 0; }; ") +
                         "add rule inet box out " + GetParam() + " tcp dport " + std::to_string(here.port()) + " drop");
    const auto begin = Clock::now();
    auto request = document(here.url("/f"));
    request.options.timeout = 30s;
    EXPECT_THAT(fetch(std::move(request)), Succeeded());
    EXPECT_LT(Clock::now() - begin, kPrompt);
    EXPECT_EQ(here.accepted(), 1);
    EXPECT_TRUE(becomes_true([&] { return own_sockets_to(here.port()).empty(); }, kPrompt)) << "an attempt goes on";
}

INSTANTIATE_TEST_SUITE_P(Family, SilentAddress, ::testing::Values("ip6 daddr ::1", "ip daddr 127.0.0.1"),
                         [](const ::testing::TestParamInfo<const char*>& info) { return info.index == 0 ? "six" : "four"; });

// 59: the server's kernel takes what fits into its window, and nobody reads.
TEST_F(NamespaceTest, window_that_stays_shut_costs_the_time_limit_and_the_next_mirror_serves) {
    FileDescriptor deaf;
    {
        const NetworkNamespace::Stay at_server(network().server);
        deaf = listen_on("::");
    }
    const auto port = local_port(deaf.get());
    const auto url = "http://" + std::string(NamespacePair::kServer) + ":" + std::to_string(port) + "/f";
    request_options.timeout = 1s;
    request_options.user_agent = std::string(16u << 20, 'x');
    const auto begin = Clock::now();
    const auto failed = fetch(document(url));
    ASSERT_THAT(failed, FailedWith(Errc::timed_out));
    EXPECT_EQ(failed.error().phase, Phase::sending);
    request_options.user_agent.clear();
    EXPECT_TRUE(own_sockets_to(port).empty());
    auto request = document({url, origin.url("/f")});
    request.options.retries = 2;
    EXPECT_THAT(fetch(std::move(request)), Succeeded());
    EXPECT_LT(Clock::now() - begin, 20s);
}

class Destroyed : public NamespaceTest {
protected:
    // False where the kernel cannot.
    [[nodiscard]] bool destroy_ours() const {
        const auto result = run_command({"ss", "-K", "dst", NamespacePair::kServer, "dport", "=", std::to_string(origin.port())});
        return result.status == 0 && !result.output.contains("not supported");
    }
};

// 74
TEST_F(Destroyed, idle_socket_is_closed_at_once) {
    keep_one_idle();
    if (!destroy_ours()) {
        GTEST_SKIP() << "this kernel destroys no sockets (INET_DIAG_DESTROY)";
    }
    expect_all_gone_within(1s);
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_TRUE(origin.record().connections[0].peer_reset);
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.requests().size(), 2u) << "no request met it";
}

// 74
TEST_F(Destroyed, socket_of_a_download_is_replaced_and_no_byte_is_asked_for_twice) {
    const auto content = content_of(50'000);
    const Reply whole{.headers = {{"Content-Length", std::to_string(content.size())}, {"ETag", "\"v1\""}}};
    origin.once("/big", Reply::steps({Send{.bytes = response_head(whole) + content.substr(0, 20'000)}, WaitUntil{"end"}, Reset{}}));
    origin.serve_file("/big", content, {.etag = "\"v1\""});
    request_options.timeout = 30s;
    request_options.retries = 2;
    RunningDownload running(client(), file(origin.url("/big")));
    ASSERT_TRUE(running.wait_for_bytes(20'000));
    const auto begin = Clock::now();
    if (!destroy_ours()) {
        origin.open("end");
        GTEST_SKIP() << "this kernel destroys no sockets (INET_DIAG_DESTROY)";
    }
    ASSERT_THAT(running.result(), Succeeded());
    EXPECT_LT(Clock::now() - begin, 10s);
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(origin.requests().back().header("Range"), "bytes=20000-");
}

}  // namespace
}  // namespace lastack::test
