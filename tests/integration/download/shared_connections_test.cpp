// Requests share a connection only when all that tells connections apart is equal.
#include "proxy_fixture.hpp"
#include "support/tls_peer.hpp"

namespace lastack::test {
namespace {

using net::NetErrc;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";

class SharedConnections : public ProxyTest {
protected:
    SharedConnections() {
        options.max_parallel_downloads = 16;
        options.max_connections_per_host = 16;
        client().expect_more(true);
    }
    void log_in(std::string username, std::string password) {
        request_options.connection.username = std::move(username);
        request_options.connection.password = std::move(password);
    }
    // Asks twice; the first must open a connection of its own, the second use it.
    void expect_one_more(const std::string& url, const char* what) {
        const auto before = client().connections().opened;
        ASSERT_THAT(fetch_url(url), Succeeded()) << what;
        EXPECT_EQ(client().connections().opened, before + 1) << what;
        ASSERT_THAT(fetch_url(url), Succeeded()) << what;
        EXPECT_EQ(client().connections().opened, before + 1) << what;
    }
};

TEST_F(SharedConnections, have_the_same_user_proxy_and_proxy_user) {
    ScriptedOrigin proxy;
    ScriptedOrigin other;
    for (auto* server : {&origin, &proxy, &other}) {
        server->on(When{}, Reply{.body = "x"});
    }
    expect_one_more(origin.url("/"), "nobody");
    log_in("user", kSecret);
    expect_one_more(origin.url("/"), "a user");
    log_in("user", "another");
    expect_one_more(origin.url("/"), "another password");
    ask_through(url_of(proxy));
    expect_one_more(origin.url("/"), "a proxy");
    ask_through(url_of(other));
    expect_one_more(origin.url("/"), "another proxy");
    ask_through(url_of(proxy), "user", kSecret);
    expect_one_more(origin.url("/"), "the proxy as a user");
    ask_through(url_of(proxy), "user", "another");
    expect_one_more(origin.url("/"), "the proxy with another password");
    EXPECT_EQ(origin.accepted(), 3);
    EXPECT_EQ(proxy.accepted(), 3);
    EXPECT_EQ(other.accepted(), 1);
}

TEST_F(SharedConnections, have_the_same_tls_options) {
    TlsPeer peer({.identity = ca.server()});
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kOk, .requests = 0}});
    auto& tls_options = request_options.connection.tls;
    const auto client_files = ca.client();
    const auto url = peer.url("/a");
    expect_one_more(url, "the test's CA");
    tls_options.client_certificate = client_files.certificate;
    tls_options.client_key = client_files.key;
    expect_one_more(url, "a client certificate");
    tls_options.client_certificate = client_files.combined;
    tls_options.client_key.clear();
    expect_one_more(url, "from another file");
    tls_options.client_certificate.clear();
    tls_options.verify = false;
    expect_one_more(url, "unverified");
    request_options.connection.ip_family = IpFamily::v4;
    expect_one_more(url, "IPv4 only");
    tls_options.verify = true;
    tls_options.ca.clear();
    EXPECT_THAT(fetch_url(url), FailedWith(NetErrc::certificate_rejected)) << "not saved by a connection that was not verified";
}

TEST_F(SharedConnections, through_a_tunnel_have_the_same_proxy_user) {
    const SquidProxy squid;
    const SquidProxy other;
    TlsPeer peer({.identity = ca.server()});
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kOk, .requests = 0}});
    const auto url = peer.url("/a");
    expect_one_more(url, "direct");
    ask_through(squid.url());
    expect_one_more(url, "a proxy");
    ask_through(other.url());
    expect_one_more(url, "another proxy");
    ask_through(squid.url(), "user", kSecret);
    expect_one_more(url, "the proxy as a user");
    EXPECT_EQ(peer.accepted(), 4);
}

}  // namespace
}  // namespace lastack::test
