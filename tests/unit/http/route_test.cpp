#include "http/route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastack::http {
namespace {

using net::ProxyTarget;
using testing::HasSubstr;
using testing::Not;

ConnectionOptions with_proxy(std::string url, ConnectionOptions options = {}) {
    options.proxy.url = std::move(url);
    return options;
}

ConnectionOptions as_user(std::string username, std::string password, ConnectionOptions options = {}) {
    options.username = std::move(username);
    options.password = std::move(password);
    return options;
}

ConnectionOptions with_tls(TlsOptions tls, ConnectionOptions options = {}) {
    options.tls = std::move(tls);
    return options;
}

Result<Route> route(const std::string& url, const ConnectionOptions& options = {}, const std::string& asked = "") {
    return route_to(parse_url(url).value(), parse_url(asked.empty() ? url : asked).value(), options, {});
}

TEST(Route, leads_to_the_proxy_or_through_it) {
    struct Row {
        const char* url;
        const char* proxy;
        const char* leads_to;
        const char* through;  // the tunnel; empty: none
        bool forwarded;
    };
    const Row rows[] = {
        {"http://h/", "", "http://h:80", "", false},
        {"https://h/", "", "https://h:443", "", false},
        {"http://h/", "http://p:1", "http://p:1", "", true},
        {"http://h/", "https://p:1", "https://p:1", "", true},
        {"https://h/", "http://p:1", "https://h:443", "http://p:1", false},
        {"https://h/", "https://p:1", "https://h:443", "https://p:1", false},
        {"http://h/", "socks5://p:1", "http://h:80", "socks5://p:1", false},
        {"https://h/", "socks5h://p:1", "https://h:443", "socks5h://p:1", false},
    };
    for (const Row& row : rows) {
        const auto found = route(row.url, with_proxy(row.proxy)).value();
        EXPECT_EQ(to_string(found.key.origin), row.leads_to) << row.url << " " << row.proxy;
        EXPECT_EQ(found.key.way->proxy ? net::to_string(*found.key.way->proxy) : "", row.through) << row.url << " " << row.proxy;
        EXPECT_EQ(found.forward.has_value(), row.forwarded) << row.url << " " << row.proxy;
    }
}

struct KeyRow {
    const char* what;
    const char* url;
    ConnectionOptions options;
    const char* other_url;
    ConnectionOptions other_options;
    bool shared;
};

class Keys : public testing::TestWithParam<KeyRow> {};

TEST_P(Keys, are_equal_only_where_all_that_tells_connections_apart_is) {
    const KeyRow& row = GetParam();
    const auto one = route(row.url, row.options).value().key;
    const auto other = route(row.other_url, row.other_options).value().key;
    EXPECT_EQ(one == other, row.shared);
    EXPECT_EQ((one <=> other) == 0, row.shared);
}

ProxyOptions proxy_as(std::string url, std::string username, std::string password) {
    return {.url = std::move(url), .username = std::move(username), .password = std::move(password), .tls = {}};
}

ConnectionOptions proxied(ProxyOptions proxy) {
    ConnectionOptions options;
    options.proxy = std::move(proxy);
    return options;
}

const TlsOptions unverified{.verify = false, .ca = {}, .client_certificate = {}, .client_key = {}};
const TlsOptions other_ca{.verify = true, .ca = "/ca.pem", .client_certificate = {}, .client_key = {}};
const TlsOptions certified{.verify = true, .ca = {}, .client_certificate = "/me.pem", .client_key = {}};
const TlsOptions other_key{.verify = true, .ca = {}, .client_certificate = "/me.pem", .client_key = "/key.pem"};

ConnectionOptions tls_proxy(TlsOptions tls) {
    return proxied({.url = "https://p:1", .username = {}, .password = {}, .tls = std::move(tls)});
}
ConnectionOptions of_family(IpFamily family) {
    ConnectionOptions options;
    options.ip_family = family;
    return options;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Keys,
    testing::Values(KeyRow{"same_origin", "http://h/a", {}, "http://h:80/b?c", {}, true},
                    KeyRow{"host", "http://h/", {}, "http://i/", {}, false}, KeyRow{"port", "http://h/", {}, "http://h:81/", {}, false},
                    KeyRow{"scheme", "http://h:1/", {}, "https://h:1/", {}, false},
                    KeyRow{"family", "http://h/", of_family(IpFamily::v4), "http://h/", of_family(IpFamily::v6), false},
                    KeyRow{"user", "http://h/", as_user("a", "x"), "http://h/", as_user("b", "x"), false},
                    KeyRow{"password", "http://h/", as_user("a", "x"), "http://h/", as_user("a", "y"), false},
                    KeyRow{"nobody", "http://h/", as_user("a", "x"), "http://h/", {}, false},
                    KeyRow{"user_in_the_url", "http://a:x@h/", {}, "http://h/", as_user("a", "x"), true},
                    KeyRow{"colon_in_user_or_password", "http://h/", as_user("a:b", "c"), "http://h/", as_user("a", "b:c"), false},
                    KeyRow{"verify", "https://h/", with_tls(unverified), "https://h/", {}, false},
                    KeyRow{"ca", "https://h/", with_tls(other_ca), "https://h/", {}, false},
                    KeyRow{"client_certificate", "https://h/", with_tls(certified), "https://h/", {}, false},
                    KeyRow{"client_key", "https://h/", with_tls(certified), "https://h/", with_tls(other_key), false},
                    KeyRow{"same_tls", "https://h/", with_tls(other_key), "https://h/x", with_tls(other_key), true},
                    KeyRow{"tls_without_tls", "http://h/", with_tls(certified), "http://h/", {}, true},
                    KeyRow{"proxied_or_not", "https://h/", with_proxy("http://p:1"), "https://h/", {}, false},
                    KeyRow{"tunnel_proxy", "https://h/", with_proxy("http://p:1"), "https://h/", with_proxy("http://p:2"), false},
                    KeyRow{"tunnel_scheme", "https://h/", with_proxy("http://p:1"), "https://h/", with_proxy("https://p:1"), false},
                    KeyRow{"tunnel_proxy_user", "https://h/", proxied(proxy_as("p:1", "a", "x")), "https://h/",
                           proxied(proxy_as("p:1", "b", "x")), false},
                    KeyRow{"tunnel_proxy_password", "https://h/", proxied(proxy_as("p:1", "a", "x")), "https://h/",
                           proxied(proxy_as("p:1", "a", "y")), false},
                    KeyRow{"tunnel_proxy_tls", "https://h/", tls_proxy(certified), "https://h/", tls_proxy({}), false},
                    KeyRow{"tunnel_origin", "https://h/", with_proxy("http://p:1"), "https://i/", with_proxy("http://p:1"), false},
                    KeyRow{"socks_or_socks5h", "http://h/", with_proxy("socks5://p:1"), "http://h/", with_proxy("socks5h://p:1"), false},
                    KeyRow{"forward_origins", "http://h/", with_proxy("http://p:1"), "http://i:81/", with_proxy("http://p:1"), true},
                    KeyRow{"forward_proxy", "http://h/", with_proxy("http://p:1"), "http://h/", with_proxy("http://q:1"), false},
                    KeyRow{"forward_proxy_user", "http://h/", proxied(proxy_as("p:1", "a", "x")), "http://h/",
                           proxied(proxy_as("p:1", "b", "x")), false},
                    KeyRow{"forward_proxy_nobody", "http://h/", proxied(proxy_as("p:1", "a", "x")), "http://h/", with_proxy("p:1"), false},
                    KeyRow{"forward_proxy_tls", "http://h/", tls_proxy(certified), "http://h/", tls_proxy({}), false},
                    KeyRow{"forward_or_tunnel", "http://h/", with_proxy("http://p:1"), "https://h/", with_proxy("http://p:1"), false}),
    [](const auto& instance) { return std::string(instance.param.what); });

TEST(Route, credentials_stay_with_the_origin_that_was_asked) {
    struct Row {
        const char* asked;
        const char* url;
        ConnectionOptions options;
        const char* expected;  // "user/password"; empty: none
    };
    const auto me = as_user("me", "secret");
    const Row rows[] = {
        {"http://h/", "http://h/", me, "me/secret"},
        {"http://h/", "http://h:80/other", me, "me/secret"},
        {"http://h/", "http://h:81/", me, ""},
        {"http://h/", "http://www.h/", me, ""},
        {"http://h/", "https://h/", me, ""},
        {"http://h:443/", "https://h:443/", me, ""},
        {"http://u:p@h/", "http://h/", {}, "u/p"},
        {"http://u:p@h/", "http://i/", {}, ""},
        {"http://u%40x:p%3a@h/", "http://h/", {}, "u@x/p:"},
        {"http://u@h/", "http://h/", {}, "u/"},
        {"http://u:p@h/", "http://h/", me, "me/secret"},
        {"http://h/", "http://u:p@h/", {}, ""},  // what a redirect brings is nobody's
        {"http://h/", "http://h/", {}, ""},
        {"http://h/", "http://h/", as_user("", "secret"), ""},
        {"http://h/", "http://h/", with_proxy("http://pu:pp@p", me), "me/secret"},
        {"http://h/", "http://h/", with_proxy("http://pu:pp@p"), ""},
    };
    for (const Row& row : rows) {
        const auto found = route(row.url, row.options, row.asked).value();
        EXPECT_EQ(found.credentials ? found.credentials->username + "/" + found.credentials->password : "", row.expected)
            << row.asked << " -> " << row.url;
    }
}

TEST(Route, a_proxys_credentials_are_its_own) {
    const auto options = proxied(proxy_as("p:1", "pu", "pp"));
    const auto forwarded = route("http://h/", options).value();
    EXPECT_EQ(forwarded.forward->username, "pu");
    EXPECT_FALSE(forwarded.credentials.has_value());
    const auto tunnelled = route("https://h/", options).value();
    EXPECT_EQ(tunnelled.key.way->proxy->username, "pu");
    EXPECT_TRUE(tunnelled.key.way->user.empty());
}

TEST(Route, credentials_that_would_end_a_line_are_refused) {
    for (const auto& [url, options] : std::vector<std::pair<std::string, ConnectionOptions>>{
             {"http://h/", as_user("u\r\nX: y", "hunter2")},
             {"http://h/", as_user("u", "hunter2\n")},
             {"http://h/", as_user(std::string("u\0", 2), "hunter2")},
             {"http://u%0d%0aX:hunter2@h/", {}},
             {"http://u:hunter2%0A@h/", {}},
             {"http://u:hunter2%zz@h/", {}},
             {"http://h/", proxied(proxy_as("p:1", "u\r\nX: y", "hunter2"))},
             {"http://h/", with_proxy("http://u%0d%0a:hunter2@p:1")},
         }) {
        const auto refused = route(url, options);
        ASSERT_FALSE(refused.has_value()) << url;
        EXPECT_EQ(refused.error().code, Errc::invalid_argument);
        EXPECT_THAT(describe(refused.error()), Not(HasSubstr("hunter2")));
    }
}

TEST(Route, an_unusable_proxy_is_no_direct_way) {
    for (const char* url : {"ftp://p", "http://p:0x50", "file:/p", "http://"}) {
        EXPECT_FALSE(route("http://h/", with_proxy(url)).has_value()) << url;
    }
}

}  // namespace
}  // namespace lastack::http
