// CONNECT: https through http and https proxies.
#include "http/error.hpp"
#include "proxy_fixture.hpp"
#include "support/listening_socket.hpp"
#include "support/proxy_servers.hpp"
#include "support/tls_peer.hpp"

namespace lastack::test {
namespace {

using http::HttpErrc;
using net::NetErrc;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kMade = "HTTP/1.1 200 Connection established\r\n\r\n";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";

std::vector<int> tunnels_of(const std::vector<SquidLogLine>& lines) {
    std::vector<int> statuses;
    for (const auto& line : lines) {
        EXPECT_EQ(line.method, "CONNECT");
        statuses.push_back(line.status);
    }
    return statuses;
}

class Tunnel : public ProxyTest {
protected:
    // An https request through a proxy that is a script; the host need not exist.
    Result<FetchResult> fetch_through(const ScriptedOrigin& proxy, std::string username = "", std::string password = "") {
        ask_through(url_of(proxy), std::move(username), std::move(password));
        return fetch_url("https://origin.test/a");
    }
};

TEST_F(Tunnel, carries_several_requests) {
    const SquidProxy squid;
    const auto server = secure_nginx();
    server.publish("f", "body");
    ask_through(squid.url());
    client().expect_more(true);
    for (int round = 0; round < 3; ++round) {
        const auto result = fetch_url(server.url("/f"));
        ASSERT_THAT(result, Succeeded());
        EXPECT_EQ(result->body, "body");
    }
    EXPECT_EQ(distinct_connections(server.wait_for_log(3)), 1u);
    ASSERT_EQ(client().connection_list().size(), 1u);
    EXPECT_EQ(client().connection_list()[0].proxy, squid.url());
    client().close_connections();
    EXPECT_THAT(tunnels_of(squid.wait_for_log(1)), ElementsAre(200));
}

class TunnelAuth : public Tunnel, public ::testing::WithParamInterface<ProxyAuth> {
protected:
    SquidProxy squid{{.auth = GetParam(), .user = "user", .password = kSecret}};
};

TEST_P(TunnelAuth, is_answered_once_and_then_said_unasked) {
    TlsPeer first({.identity = ca.server()});
    TlsPeer second({.identity = ca.server()});
    ask_through(squid.url(), "user", kSecret);
    request_options.connection.username = "origin-user";
    request_options.connection.password = "origin-secret";
    for (auto* peer : {&first, &second}) {
        peer->on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kOk, .requests = 0}});
        ASSERT_THAT(fetch_url(peer->url("/a")), Succeeded());
        const auto request = peer->record().connections.at(0).requests.at(0);
        EXPECT_FALSE(request.has("Proxy-Authorization")) << "inside the tunnel the proxy is nobody";
        EXPECT_TRUE(request.header("Authorization").starts_with("Basic "));
    }
    client().close_connections();
    EXPECT_THAT(tunnels_of(squid.wait_for_log(3)), ElementsAre(407, 200, 200));
}

TEST_P(TunnelAuth, a_wrong_password_is_tried_once) {
    request_options.retries = 10;
    ask_through(squid.url(), "user", "wrong-secret");
    const auto result = fetch_url("https://127.0.0.1:9/a");
    ASSERT_THAT(result, FailedWith(NetErrc::proxy_refused));
    EXPECT_EQ(result.error().http_status, 407);
    EXPECT_EQ(result.error().phase, Phase::tunnelling);
    EXPECT_THAT(result.error().cause, HasSubstr("proxy " + squid.url() + ": it answered 407"));
    EXPECT_THAT(result.error().next_step, HasSubstr("proxy_password"));
    EXPECT_THAT(result.error(), SaysNothingOf("wrong-secret"));
    EXPECT_THAT(tunnels_of(squid.wait_for_log(2)), ElementsAre(407, 407));
}

TEST_P(TunnelAuth, without_credentials_it_is_asked_once) {
    request_options.retries = 10;
    ask_through(squid.url());
    ASSERT_THAT(fetch_url("https://127.0.0.1:9/a"), FailedWith(NetErrc::proxy_refused));
    EXPECT_THAT(tunnels_of(squid.wait_for_log(1)), ElementsAre(407));
}

INSTANTIATE_TEST_SUITE_P(Schemes, TunnelAuth, ::testing::Values(ProxyAuth::basic, ProxyAuth::digest),
                         [](const auto& instance) { return std::string(instance.param == ProxyAuth::basic ? "basic" : "digest"); });

TEST_F(Tunnel, is_made_by_a_proxy_that_closes_with_its_challenge) {
    const TinyProxy tiny({.user = "user", .password = kSecret});
    const auto server = secure_nginx();
    server.publish("f", "body");
    ask_through(tiny.url(), "user", kSecret);
    client().expect_more(true);
    ASSERT_THAT(fetch_url(server.url("/f")), Succeeded());
    ASSERT_THAT(fetch_url(server.url("/f")), Succeeded());
    EXPECT_EQ(distinct_connections(server.wait_for_log(2)), 1u);
}

TEST_F(Tunnel, is_asked_for_once_more_after_a_407_with_close) {
    ScriptedOrigin proxy;
    proxy.on(When{},
             Reply::steps({Send{"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nConnection: close\r\n\r\n"}, CloseFin{}}));
    const auto result = fetch_through(proxy, "user", kSecret);
    ASSERT_THAT(result, FailedWith(NetErrc::proxy_refused));
    EXPECT_THAT(result.error(), SaysNothingOf(kSecret));
    const auto requests = proxy.requests();
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_FALSE(requests[0].has("Proxy-Authorization"));
    EXPECT_TRUE(requests[1].header("Proxy-Authorization").starts_with("Basic "));
    EXPECT_EQ(requests[1].connection, 2);
    EXPECT_TRUE(proxy.wait_until_all_closed());
}

TEST_F(Tunnel, is_asked_for_without_a_word_about_the_origins_credentials) {
    ScriptedOrigin proxy;
    proxy.on(When{}, Reply{.status = 502});
    request_options.connection.username = "user";
    request_options.connection.password = kSecret;
    EXPECT_THAT(fetch_through(proxy), FailedWith(NetErrc::proxy_failed));
    const auto request = proxy.requests().at(0);
    EXPECT_EQ(request.target, "origin.test:443");
    EXPECT_EQ(request.header("Host"), "origin.test:443");
    EXPECT_FALSE(request.has("Authorization"));
    EXPECT_FALSE(request.has("Proxy-Authorization"));
}

TEST_F(Tunnel, through_a_tls_proxy_is_tls_in_tls) {
    const SquidProxy squid({.auth = ProxyAuth::basic, .user = "user", .password = kSecret});
    TestCa of_proxy("the proxy's CA");
    const auto files = of_proxy.server();
    const TlsFront front({.certificate = files.certificate, .key = files.key, .client_ca = {}, .connect = squid.port(), .directives = {}});
    const auto server = secure_nginx();
    const auto content = content_of(500'000);
    server.publish("f", content);
    ask_through(front.url(), "user", kSecret);
    request_options.connection.proxy.tls.ca = of_proxy.certificate();
    auto request = file(server.url("/f"));
    request.digests = {sha256(content)};
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_TRUE(stored() == content);
    client().close_connections();
    EXPECT_THAT(tunnels_of(squid.wait_for_log(1)), ElementsAre(200)) << "Basic goes out unasked over TLS";

    request_options.connection.proxy.tls.ca = ca.certificate();
    const auto rejected = fetch_url(server.url("/f"));
    ASSERT_THAT(rejected, FailedWith(NetErrc::proxy_unreachable)) << "the origin's CA says nothing about the proxy";
    EXPECT_THAT(rejected.error().cause, HasSubstr("proxy " + front.url() + ": "));
    request_options.connection.proxy.tls.ca = of_proxy.certificate();
    request_options.connection.tls.ca = of_proxy.certificate();
    const auto origin_rejected = fetch_url(server.url("/f"));
    ASSERT_THAT(origin_rejected, FailedWith(NetErrc::certificate_rejected)) << "nor the proxy's about the origin";
}

TEST_F(Tunnel, that_leads_nowhere_is_the_hosts_failure) {
    const SquidProxy squid;
    const RefusingPort refusing;
    ask_through(squid.url());
    const auto result = fetch_url("https://127.0.0.1:" + std::to_string(refusing.port()) + "/");
    ASSERT_THAT(result, FailedWith(NetErrc::proxy_failed));
    EXPECT_THAT(result.error().cause, HasSubstr("127.0.0.1:" + std::to_string(refusing.port())));
    EXPECT_THAT(result.error().next_step, HasSubstr("the host behind it"));
}

TEST_F(Tunnel, that_is_forbidden_is_refused_by_the_proxy) {
    const SquidProxy squid({.directives = "acl tunnels method CONNECT\nhttp_access deny tunnels"});
    ask_through(squid.url());
    request_options.retries = 10;
    const auto result = fetch_url("https://127.0.0.1:9/");
    ASSERT_THAT(result, FailedWith(NetErrc::proxy_refused));
    EXPECT_EQ(result.error().http_status, 403);
    EXPECT_THAT(tunnels_of(squid.wait_for_log(1)), ElementsAre(403));
}

TEST_F(Tunnel, through_a_proxy_that_is_not_there) {
    const RefusingPort refusing;
    const SilentPort silent;
    request_options.timeout = 300ms;
    for (const auto& proxy : {"http://127.0.0.1:" + std::to_string(refusing.port()), std::string("http://no-such-host.invalid:3128"),
                              "http://127.0.0.1:" + std::to_string(silent.port())}) {
        ask_through(proxy, "user", kSecret);
        const auto result = fetch_url("https://origin.test/a");
        ASSERT_THAT(result, FailedWith(NetErrc::proxy_unreachable)) << proxy;
        EXPECT_THAT(result.error().cause, HasSubstr("proxy " + proxy + ": "));
        EXPECT_THAT(result.error(), SaysNothingOf(kSecret));
    }
}

struct Row {
    const char* what;
    Steps steps;
    std::error_code code;
    std::string cause;
};

class BadTunnel : public Tunnel, public ::testing::WithParamInterface<Row> {
protected:
    BadTunnel() {
        request_options.timeout = 500ms;
        proxy.on(When{}, Reply::steps(GetParam().steps));
    }
    ScriptedOrigin proxy;
};

using BadProxy = BadTunnel;

TEST_P(BadProxy, is_told_as_its_failure) {
    const auto result = fetch_through(proxy, "user", kSecret);
    ASSERT_THAT(result, FailedWith(GetParam().code));
    EXPECT_EQ(result.error().phase, Phase::tunnelling);
    EXPECT_THAT(result.error().cause, HasSubstr("proxy " + url_of(proxy) + ": "));
    EXPECT_THAT(result.error().cause, HasSubstr(GetParam().cause));
    EXPECT_EQ(result.error().address, "127.0.0.1:" + std::to_string(proxy.port()));
    EXPECT_THAT(result.error(), SaysNothingOf(kSecret));
    EXPECT_EQ(proxy.requests().size(), 1u);
    EXPECT_TRUE(becomes_true([&] { return client().connections().open == 0; }));
}

const std::string no_body = "\r\nContent-Length: 0\r\n\r\n";

INSTANTIATE_TEST_SUITE_P(
    Table, BadProxy,
    ::testing::Values(
        Row{"closes", {CloseFin{}}, NetErrc::proxy_unreachable, "without an answer"},
        Row{"resets", {Reset{}}, NetErrc::proxy_unreachable, ""},
        Row{"is_silent", {WaitForPeerClose{}}, NetErrc::proxy_unreachable, "did not answer in time"},
        Row{"stops_in_the_head", {Send{"HTTP/1.1 200 OK\r\nVia"}, CloseFin{}}, NetErrc::proxy_unreachable, ""},
        Row{"talks_junk", {Send{"220 mail.test ESMTP\r\n\r\n"}}, NetErrc::proxy_unreachable, ""},
        Row{"talks_tls", {Send{std::string("\x15\x03\x01\x00\x02\x02\x28", 7)}, CloseFin{}}, NetErrc::proxy_unreachable, ""},
        Row{"sends_bytes_behind_the_200", {Send{kMade + std::string("x")}}, NetErrc::proxy_unreachable, "before it was used"},
        Row{"sends_a_body_with_the_200", {Send{kOk}}, NetErrc::proxy_unreachable, "before it was used"},
        Row{"says_302", {Send{"HTTP/1.1 302 Found\r\nLocation: https://x.test/" + no_body}}, NetErrc::proxy_failed, "302 Found"},
        Row{"says_403", {Send{"HTTP/1.1 403 Forbidden" + no_body}}, NetErrc::proxy_refused, "403 Forbidden"},
        Row{"says_407_without_a_challenge", {Send{"HTTP/1.1 407 Who" + no_body}}, NetErrc::proxy_refused, "407 Who"},
        Row{"says_502", {Send{"HTTP/1.1 502 Bad Gateway" + no_body}}, NetErrc::proxy_failed, "502 Bad Gateway"},
        Row{"says_503_and_closes", {Send{"HTTP/1.1 503 Busy" + no_body}, CloseFin{}}, NetErrc::proxy_failed, "503 Busy"}),
    [](const auto& instance) { return std::string(instance.param.what); });

class BrokenBehindTunnel : public BadTunnel {};

TEST_P(BrokenBehindTunnel, is_not_told_as_the_proxys_failure) {
    const auto result = fetch_through(proxy, "user", kSecret);
    ASSERT_THAT(result, FailedWith(GetParam().code));
    EXPECT_EQ(result.error().phase, Phase::securing);
    EXPECT_THAT(result.error().cause, Not(HasSubstr("proxy " + url_of(proxy) + ": ")));
    EXPECT_THAT(result.error().cause, HasSubstr("through proxy " + url_of(proxy)));
    EXPECT_THAT(result.error(), SaysNothingOf(kSecret));
    EXPECT_TRUE(becomes_true([&] { return client().connections().open == 0; }));
}

constexpr WaitReadable hello{60};

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenBehindTunnel,
    ::testing::Values(Row{"fin_after_the_200", {Send{kMade}, ShutdownWrite{}}, NetErrc::closed, ""},
                      Row{"fin_after_the_client_hello", {Send{kMade}, hello, ShutdownWrite{}}, NetErrc::closed, ""},
                      Row{"reset_after_the_client_hello", {Send{kMade}, hello, Reset{}}, NetErrc::reset, ""},
                      Row{"junk_after_the_client_hello", {Send{kMade}, hello, Send{"no TLS here\r\n\r\n"}}, NetErrc::tls_failed, ""},
                      Row{"silence_after_the_client_hello", {Send{kMade}, hello, WaitForPeerClose{}}, Errc::timed_out, ""}),
    [](const auto& instance) { return std::string(instance.param.what); });

class TunnelToPeer : public Tunnel {
protected:
    TunnelToPeer() { ask_through(squid.url()); }

    SquidProxy squid;
    TlsPeer peer{{.identity = ca.server()}};
};

TEST_F(TunnelToPeer, cut_in_the_middle_of_the_handshake_is_the_origins_failure) {
    peer.restart_tls({.identity = ca.server(), .max = TlsVersion::tls1_2});  // so that its flight does not end the handshake
    peer.on_accept(0, {tls::ServerHello{}, tls::Fin{}});
    const auto result = fetch_url(peer.url("/a"));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().phase, Phase::securing);
    // squid may pass the end on as a FIN or as a RST.
    EXPECT_TRUE(result.error().code == NetErrc::closed || result.error().code == NetErrc::reset) << result.error().code;
    EXPECT_THAT(result.error().cause, HasSubstr("through proxy " + squid.url()));
}

TEST_F(TunnelToPeer, whose_end_comes_with_the_handshake_each_time_is_not_made_for_ever) {
    peer.on_accept(0, {tls::Handshake{}, tls::Fin{}});
    EXPECT_FALSE(fetch_url(peer.url("/a")).has_value());
    EXPECT_LE(peer.accepted(), 12);
}

TEST_F(TunnelToPeer, closed_while_idle_is_noticed_at_once) {
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kOk}, tls::WaitUntil{"go"}, tls::Fin{}});
    client().expect_more(true);
    ASSERT_THAT(fetch_url(peer.url("/a")), Succeeded());
    EXPECT_EQ(client().connections().idle, 1u);
    peer.open("go");
    expect_closed_with_the_proxy(squid.port());
    ASSERT_THAT(fetch_url(peer.url("/b")), Succeeded());
    EXPECT_EQ(peer.accepted(), 2);
}

TEST_F(TunnelToPeer, ended_with_its_proxy_is_noticed_at_once) {
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kOk, .requests = 0}});
    client().expect_more(true);
    ASSERT_THAT(fetch_url(peer.url("/a")), Succeeded());
    squid.stop();
    expect_closed_with_the_proxy(squid.port());
    EXPECT_THAT(fetch_url(peer.url("/b")), FailedWith(NetErrc::proxy_unreachable));
}

TEST_F(TunnelToPeer, that_turns_out_stale_costs_no_request) {
    peer.on_accept(1, {tls::Handshake{}, tls::Answer{.bytes = kOk}, tls::Answer{.bytes = ""}, tls::CloseNotify{}, tls::Fin{}});
    peer.on_accept(2, {tls::Handshake{}, tls::Answer{.bytes = kOk, .requests = 0}});
    client().expect_more(true);
    ASSERT_THAT(fetch_url(peer.url("/a")), Succeeded());
    ASSERT_THAT(fetch_url(peer.url("/b")), Succeeded());
    EXPECT_EQ(client().connections().resends, 1u);
    EXPECT_EQ(peer.accepted(), 2);
}

TEST_F(TunnelToPeer, cut_in_a_body_is_resumed_by_range) {
    const auto content = content_of(200'000);
    const auto head = [](const std::string& status, const std::string& fields) {
        return "HTTP/1.1 " + status + "\r\nETag: \"v1\"\r\n" + fields + "\r\n\r\n";
    };
    const std::size_t half = 100'000;
    const auto whole = head("200 OK", "Content-Length: 200000");
    const auto rest = head("206 Partial Content", "Content-Length: 100000\r\nContent-Range: bytes 100000-199999/200000");
    peer.on_accept(1, {tls::Handshake{}, tls::Answer{.bytes = whole + content.substr(0, half)}, tls::Fin{}});
    peer.on_accept(2, {tls::Handshake{}, tls::Answer{.bytes = rest + content.substr(half)}});
    request_options.retries = 2;
    auto request = file(peer.url("/file"));
    request.size = content.size();
    request.digests = {sha256(content)};
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(peer.record().connections.at(1).requests.at(0).header("Range"), "bytes=100000-");
}

}  // namespace
}  // namespace lastack::test
