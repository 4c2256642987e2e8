// What the tests of proxies and credentials share: a CA that the client trusts, and proxies that are scripts.
#pragma once

#include "client_fixture.hpp"
#include "net/error.hpp"
#include "support/nginx_server.hpp"
#include "support/polling.hpp"
#include "support/squid_proxy.hpp"
#include "support/test_ca.hpp"

#include <string>
#include <string_view>

namespace lastack::test {

inline constexpr const char* kSecret = "hunter2-secret";

class ProxyTest : public ClientTest {
protected:
    ProxyTest() {
        request_options.connection.tls.ca = ca.certificate();
        options.idle_limit = 60s;
    }

    void ask_through(std::string url, std::string username = "", std::string password = "") {
        request_options.connection.proxy.url = std::move(url);
        request_options.connection.proxy.username = std::move(username);
        request_options.connection.proxy.password = std::move(password);
    }
    static std::string url_of(const ScriptedOrigin& proxy) { return "http://127.0.0.1:" + std::to_string(proxy.port()); }

    [[nodiscard]] NginxServer secure_nginx() {
        const auto files = ca.server();
        return NginxServer({.tls = NginxTls{.certificate = files.certificate, .key = files.key, .client_ca = {}}});
    }
    [[nodiscard]] Result<FetchResult> fetch_url(std::string url) { return fetch(document(std::move(url))); }

    // No connection is left open by the proxy's end, and none waits half-closed for somebody to look at it.
    void expect_closed_with_the_proxy(std::uint16_t port) {
        EXPECT_TRUE(becomes_true([&] { return client().connections().open == 0; }));
        EXPECT_EQ(count_in(own_sockets_to(port), TcpState::close_wait), 0) << describe(own_sockets_to(port));
    }

    TestCa ca;
};

MATCHER_P(SaysNothingOf, secret, "says nothing of the secret") { return describe(arg).find(secret) == std::string::npos; }

}  // namespace lastack::test
