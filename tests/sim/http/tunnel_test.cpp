// CONNECT, in pieces of any size, and the ways through proxies that a connector makes.
#include "http/tunnel.hpp"

#include "client_fixture.hpp"

#include <gmock/gmock.h>

#include <array>
#include <memory>

namespace lastack::http {
namespace {

using namespace std::string_literals;
using net::NetErrc;
using std::chrono::seconds;

const std::string made = "HTTP/1.1 200 Connection established\r\nProxy-Agent: x\r\n\r\n";

class TunnelSim : public testing::Test {
protected:
    TunnelSim() { network.lend_to_the_test(); }

    enum class Then { stays, closes, resets };
    void proxy_says(std::string text, Then then = Then::stays, std::size_t segment = SIZE_MAX) {
        network.listen("192.0.2.1", 3128,
                       {.segment = segment, .on_accept = [this, text = std::move(text), then](sim::Peer peer) -> net::Task<void> {
                            heard = (co_await peer.read_request()).value_or("");
                            peer.send(text);
                            if (then == Then::closes) {
                                peer.close();
                            } else if (then == Then::resets) {
                                peer.reset();
                            }
                            co_await peer.client_gone();
                        }});
    }
    Result<ResponseHead> ask(TunnelRequest request = {.authority = "h:443", .user_agent = {}, .authorization = {}}) {
        return network.run(call(std::move(request))).value();
    }
    net::Task<Result<ResponseHead>> call(TunnelRequest request) {
        stream = (co_await network.connect({"192.0.2.1", 3128}, TimePoint::max())).value();
        co_return co_await ask_for_tunnel(*stream, std::move(request), network.now() + seconds{10});
    }

    sim::SimNetwork network;
    std::string heard;  // by the proxy
    std::unique_ptr<net::Stream> stream;
};

TEST_F(TunnelSim, says_what_it_must_and_nothing_else) {
    proxy_says(made);
    ASSERT_TRUE(ask().has_value());
    EXPECT_EQ(heard, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
    ASSERT_TRUE(ask({.authority = "[::1]:443", .user_agent = "x/1", .authorization = "Basic eA=="}).has_value());
    EXPECT_EQ(heard, "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nUser-Agent: x/1\r\nProxy-Authorization: Basic eA==\r\n\r\n");
}

struct HeadRow {
    const char* what;
    std::string text;
    int status;
};

class TunnelHead : public TunnelSim, public testing::WithParamInterface<HeadRow> {};

TEST_P(TunnelHead, means_the_same_in_pieces_of_any_size) {
    for (const std::size_t segment : {std::size_t{1}, std::size_t{2}, std::size_t{7}, SIZE_MAX}) {
        proxy_says(GetParam().text, Then::stays, segment);
        const auto head = ask();
        ASSERT_TRUE(head.has_value()) << segment << ": " << head.error().cause;
        EXPECT_EQ(head->status, GetParam().status) << segment;
    }
}

INSTANTIATE_TEST_SUITE_P(Table, TunnelHead,
                         testing::Values(HeadRow{"established", made, 200}, HeadRow{"http_1_0", "HTTP/1.0 200 OK\r\n\r\n", 200},
                                         HeadRow{"any_2xx", "HTTP/1.1 204 No Content\r\n\r\n", 204},
                                         HeadRow{"a_length_that_means_nothing",
                                                 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 200},
                                         HeadRow{"provisional_ones_first",
                                                 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + made, 200},
                                         HeadRow{"challenged", "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", 407},
                                         HeadRow{"refused_with_a_page", "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\npage", 403},
                                         HeadRow{"redirected", "HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", 302}),
                         [](const auto& instance) { return std::string(instance.param.what); });

TEST_F(TunnelSim, fields_of_the_answer_are_kept) {
    proxy_says("HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest nonce=a\r\nProxy-Authenticate: Basic\r\n\r\nbody");
    const auto head = ask();
    ASSERT_TRUE(head.has_value());
    EXPECT_EQ(head->fields.all("proxy-authenticate").size(), 2u);
}

TEST_F(TunnelSim, what_comes_later_is_left_to_the_next_layer) {
    proxy_says(made + "hello", Then::stays, made.size());
    ASSERT_TRUE(ask().has_value());
    std::array<std::byte, 100> buffer{};
    EXPECT_EQ(network.run(stream->read_some(buffer, network.now())).value().value(), 5u);
}

struct FailureRow {
    const char* what;
    std::string text;
    bool closes;
    std::error_code code;
};

class TunnelFailure : public TunnelSim, public testing::WithParamInterface<FailureRow> {};

TEST_P(TunnelFailure, has_the_phase_of_the_tunnel) {
    for (const std::size_t segment : {std::size_t{1}, SIZE_MAX}) {
        if (segment == 1 && GetParam().code == NetErrc::unsolicited) {
            continue;  // what does not come with the answer is the next layer's to find odd
        }
        proxy_says(GetParam().text, GetParam().closes ? Then::closes : Then::stays, segment);
        const auto head = ask();
        ASSERT_FALSE(head.has_value()) << segment;
        EXPECT_EQ(head.error().code, GetParam().code) << head.error().cause;
        EXPECT_EQ(head.error().phase, Phase::tunnelling);
        EXPECT_FALSE(head.error().cause.empty());
    }
}

std::string many(const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) {
        all += text;
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(
    Table, TunnelFailure,
    testing::Values(FailureRow{"closes", "", true, NetErrc::closed},
                    FailureRow{"closes_in_the_head", "HTTP/1.1 200 OK\r\nVi", true, NetErrc::closed},
                    FailureRow{"closes_after_a_provisional_one", "HTTP/1.1 100 Continue\r\n\r\n", true, NetErrc::closed},
                    FailureRow{"is_silent", "", false, Errc::timed_out},
                    FailureRow{"is_silent_in_the_head", "HTTP/1.1 200 OK\r\n", false, Errc::timed_out},
                    FailureRow{"speaks_something_else", "SSH-2.0-x\r\n\r\n", false, HttpErrc::bad_head},
                    FailureRow{"nul_in_a_field", "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"s, false, HttpErrc::bad_head},
                    FailureRow{"never_ends_its_head", "HTTP/1.1 200 OK\r\n" + many("A: " + std::string(1000, 'x') + "\r\n", 400), false,
                               HttpErrc::head_too_large},
                    FailureRow{"flood_of_provisional_ones", many("HTTP/1.1 100 Continue\r\n\r\n", 100), false, HttpErrc::unexpected_status},
                    FailureRow{"bytes_behind_the_200", made + "x", false, NetErrc::unsolicited}),
    [](const auto& instance) { return std::string(instance.param.what); });

TEST_F(TunnelSim, what_was_said_before_a_reset_is_heard) {
    proxy_says("HTTP/1.1 403 No\r\n\r\n", Then::resets);
    const auto head = ask();
    ASSERT_TRUE(head.has_value()) << head.error().cause;
    EXPECT_EQ(head->status, 403);
}

class ProxySim : public ClientSim {
protected:
    ProxySim() { make_client(); }

    static Request through(const std::string& proxy, const std::string& url) {
        Request request = request_for(url);
        request.connection.proxy.url = proxy;
        return request;
    }
};

// The greeting, the command for an address of four bytes, and then what the origin says.
net::Task<void> speak_socks(sim::Peer peer, std::string reply) {
    (void)co_await peer.read_bytes(3);
    peer.send("\x05\x00"s);
    (void)co_await peer.read_bytes(10);
    peer.send(reply);
    if (reply[1] != 0) {
        peer.close();
        co_return;
    }
    while (co_await peer.read_request()) {
        peer.send(sim::answer(200, "good"));
    }
}

const std::string socks_success = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"s;
const std::string socks_unreachable = "\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"s;

TEST_F(ProxySim, a_name_resolved_here_is_asked_for_by_each_of_its_addresses) {
    network.set_addresses("h", {"198.51.100.1", "198.51.100.2"});
    network.listen("p", 1080, [this](sim::Peer peer) -> net::Task<void> {
        return speak_socks(peer, accepted++ == 0 ? socks_unreachable : socks_success);
    });
    const Outcome outcome = send(through("socks5://p", "http://h/"));
    ASSERT_TRUE(outcome.ok()) << outcome.error().cause;
    EXPECT_EQ(accepted, 2);
}

TEST_F(ProxySim, addresses_that_the_proxy_reaches_none_of_are_one_failure) {
    network.set_addresses("h", {"198.51.100.1", "198.51.100.2"});
    network.listen("p", 1080, [this](sim::Peer peer) -> net::Task<void> {
        ++accepted;
        return speak_socks(peer, socks_unreachable);
    });
    const Outcome outcome = send(through("socks5://p", "http://h/"));
    EXPECT_EQ(outcome.error().code, NetErrc::proxy_failed) << outcome.error().cause;
    EXPECT_EQ(accepted, 2);
}

TEST_F(ProxySim, a_request_that_waits_for_its_proxy_outlives_a_freeze) {
    network.listen("p", 3128, sim::HostBehaviour{.answer = sim::Answer::is_silent});
    Outcome outcome;
    begin(through("http://p", "http://h/"), outcome);
    network.settle();
    pool->freeze();
    network.settle();
    network.listen("p", 3128, sim::keep_alive([](const sim::SimRequest&) { return sim::answer(200, "good"); }));
    pool->thaw();
    ASSERT_TRUE(network.run_until([&] { return outcome.result.has_value(); }));
    EXPECT_TRUE(outcome.ok()) << outcome.error().cause;
}

}  // namespace
}  // namespace lastack::http
