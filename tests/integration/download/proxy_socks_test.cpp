// http and https through SOCKS5.
#include "proxy_fixture.hpp"
#include "support/listening_socket.hpp"
#include "support/proxy_servers.hpp"

namespace lastack::test {
namespace {

using net::NetErrc;
using ::testing::HasSubstr;

class SocksProxy : public ProxyTest {
protected:
    SocksProxy() { origin.on(When{}, Reply{.body = "body"}); }

    static std::string socks_url(std::uint16_t port, std::string_view scheme = "socks5h") {
        return std::string(scheme) + "://127.0.0.1:" + std::to_string(port);
    }
};

TEST_F(SocksProxy, carries_http_with_names_resolved_here_or_there) {
    const DanteServer dante;
    client().expect_more(true);
    for (const char* scheme : {"socks5", "socks5h"}) {
        ask_through(socks_url(dante.port(), scheme));
        ASSERT_THAT(fetch_url(origin.url_at("localhost", "/a")), Succeeded()) << scheme << dante.log();
        ASSERT_THAT(fetch_url(origin.url_at("localhost", "/b")), Succeeded()) << scheme;
    }
    const auto seen = origin.requests();
    ASSERT_EQ(seen.size(), 4u);
    EXPECT_EQ(seen[0].target, "/a") << "the origin is asked as if nothing lay between";
    EXPECT_EQ(seen[0].header("Host"), "localhost:" + std::to_string(origin.port()));
    EXPECT_EQ(origin.accepted(), 2) << "one connection for each way to resolve";
    EXPECT_EQ(client().connections().opened, 2u);
}

TEST_F(SocksProxy, carries_https) {
    const DanteServer dante;
    const auto server = secure_nginx();
    const auto content = content_of(300'000);
    server.publish("f", content);
    ask_through(socks_url(dante.port()));
    auto request = file(server.url("/f", "localhost"));
    request.digests = {sha256(content)};
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_TRUE(stored() == content);
}

TEST_F(SocksProxy, an_origin_that_is_down_behind_it_is_told_in_its_name) {
    const DanteServer dante;
    const RefusingPort refusing;
    ask_through(socks_url(dante.port()));
    const auto result = fetch_url(refusing.url("/a"));
    ASSERT_THAT(result, FailedWith(NetErrc::proxy_failed));
    EXPECT_THAT(result.error().cause, HasSubstr("proxy " + socks_url(dante.port()) + ": the proxy says: connection refused"));
}

TEST_F(SocksProxy, a_connection_closed_behind_it_is_noticed_at_once) {
    const DanteServer dante;
    ask_through(socks_url(dante.port()));
    client().expect_more(true);
    ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded());
    ASSERT_EQ(origin.close_idle(), 1);
    expect_closed_with_the_proxy(dante.port());
    ASSERT_THAT(fetch_url(origin.url("/b")), Succeeded());
    EXPECT_EQ(client().connections().resends, 0u);
}

TEST_F(SocksProxy, a_download_cut_off_behind_it_is_resumed_by_range) {
    const DanteServer dante;
    ask_through(socks_url(dante.port()));
    const auto content = content_of(300'000);
    origin.forget("");
    auto request = file(origin.url("/file"));
    request.size = content.size();
    request.digests = {sha256(content)};
    leave_partial(request, "/file", content, 100'000, {{"ETag", "\"v1\""}});
    origin.serve_file("/file", content, {.etag = "\"v1\""});
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->fetched, 200'000u);
    EXPECT_TRUE(stored() == content);
}

struct Row {
    const char* what;
    Steps steps;
    std::error_code code;
    std::string cause;
};

class BadSocksProxy : public SocksProxy, public ::testing::WithParamInterface<Row> {};

TEST_P(BadSocksProxy, is_told_as_its_failure) {
    ScriptedOrigin proxy;
    proxy.on_accept(0, GetParam().steps);
    request_options.timeout = 500ms;
    ask_through(socks_url(proxy.port()), "user", kSecret);
    const auto result = fetch_url("http://origin.test/a");
    ASSERT_THAT(result, FailedWith(GetParam().code));
    EXPECT_THAT(result.error().cause, HasSubstr("proxy " + socks_url(proxy.port()) + ": "));
    EXPECT_THAT(result.error().cause, HasSubstr(GetParam().cause));
    EXPECT_EQ(result.error().address, "127.0.0.1:" + std::to_string(proxy.port()));
    EXPECT_THAT(result.error(), SaysNothingOf(kSecret));
    EXPECT_EQ(proxy.accepted(), 1);
    EXPECT_TRUE(becomes_true([&] { return client().connections().open == 0; }));
}

std::string octets(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) {
        text += static_cast<char>(value);
    }
    return text;
}

// What the client has said up to there: its two methods, then "user" with the secret, then "origin.test" with its port.
constexpr WaitReadable greeting{2 + 2};
constexpr WaitReadable login{greeting.bytes + 2 + 4 + 1 + 14};
constexpr WaitReadable request{login.bytes + 4 + 1 + 11 + 2};

INSTANTIATE_TEST_SUITE_P(
    Table, BadSocksProxy,
    ::testing::Values(
        Row{"closes", {CloseFin{}}, NetErrc::proxy_unreachable, ""},
        Row{"is_silent", {WaitForPeerClose{}}, NetErrc::proxy_unreachable, "in time"},
        Row{"speaks_http", {greeting, Send{"HTTP/1.1 400 Bad Request\r\n\r\n"}, CloseFin{}}, NetErrc::proxy_failed, "not SOCKS5"},
        Row{"wants_no_login", {greeting, Send{octets({5, 0xff})}, CloseFin{}}, NetErrc::proxy_refused, "accepts no user"},
        Row{"closes_at_the_login",
            {greeting, Send{octets({5, 2})}, login, CloseFin{}},
            NetErrc::proxy_unreachable,
            "closed the connection"},
        Row{"refuses_the_login",
            {greeting, Send{octets({5, 2})}, login, Send{octets({1, 1})}, CloseFin{}},
            NetErrc::proxy_refused,
            "does not accept the user and password"},
        Row{"refuses_the_host",
            {greeting, Send{octets({5, 2})}, login, Send{octets({1, 0})}, request, Send{octets({5, 2, 0, 1, 0, 0, 0, 0, 0, 0})},
             CloseFin{}},
            NetErrc::proxy_refused,
            "not allowed by its rules"},
        Row{"cannot_resolve",
            {greeting, Send{octets({5, 2})}, login, Send{octets({1, 0})}, request, Send{octets({5, 4, 0, 1, 0, 0, 0, 0, 0, 0})},
             CloseFin{}},
            NetErrc::proxy_failed,
            "host unreachable"},
        Row{"stops_in_its_reply",
            {greeting, Send{octets({5, 2})}, login, Send{octets({1, 0})}, request, Send{octets({5, 0, 0, 1})}, ShutdownWrite{}},
            NetErrc::proxy_unreachable,
            "closed the connection"}),
    [](const auto& instance) { return std::string(instance.param.what); });

TEST_F(SocksProxy, that_is_not_there_is_named) {
    const RefusingPort refusing;
    for (const auto& proxy : {socks_url(refusing.port()), std::string("socks5h://no-such-host.invalid:1080")}) {
        ask_through(proxy);
        const auto result = fetch_url(origin.url("/a"));
        ASSERT_THAT(result, FailedWith(NetErrc::proxy_unreachable)) << proxy;
        EXPECT_THAT(result.error().cause, HasSubstr("proxy " + proxy + ": "));
    }
}

TEST_F(SocksProxy, a_name_that_is_resolved_here_and_unknown_is_the_origins_failure) {
    const DanteServer dante;
    ask_through(socks_url(dante.port(), "socks5"));
    request_options.timeout = 2s;
    const auto result = fetch_url("http://no-such-host.invalid/a");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().phase, Phase::resolving);
    EXPECT_THAT(result.error().cause, HasSubstr("no-such-host.invalid"));
    EXPECT_NE(result.error().code, NetErrc::proxy_unreachable);
}

}  // namespace
}  // namespace lastack::test
