#include "http/proxy_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace lastack::http {
namespace {

using net::ProxyTarget;
using testing::HasSubstr;
using testing::Not;

// "user:password@host:port", "direct" or the error's text.
std::string choice(const char* url, const ProxyOptions& options, const ProxyEnvironment& environment) {
    const auto chosen = choose_proxy(parse_url(url).value(), options, environment);
    if (!chosen) {
        return describe(chosen.error());
    }
    if (!*chosen) {
        return "direct";
    }
    const ProxyTarget& proxy = **chosen;
    const std::string credentials = proxy.username.empty() ? "" : proxy.username + ":" + proxy.password + "@";
    return credentials + proxy.host + ":" + std::to_string(proxy.port);
}

ProxyOptions with_url(const char* url) { return {.url = url, .username = {}, .password = {}, .tls = {}}; }

const ProxyEnvironment full{.http_proxy = "plain:1", .https_proxy = "secure:2", .all_proxy = "all:3", .no_proxy = "exempt.example"};

TEST(ProxyChoice, follows_the_options_and_then_the_environment) {
    const ProxyEnvironment only_all{.http_proxy = {}, .https_proxy = {}, .all_proxy = "socks5h://all", .no_proxy = {}};
    const ProxyEnvironment only_http{.http_proxy = "plain:1", .https_proxy = {}, .all_proxy = {}, .no_proxy = {}};
    struct Row {
        const char* url;
        ProxyOptions options;
        ProxyEnvironment environment;
        const char* expected;
    };
    const Row rows[] = {
        {"http://h/", {}, {}, "direct"},
        {"http://h/", {}, full, "plain:1"},
        {"https://h/", {}, full, "secure:2"},
        {"http://h/", {}, only_all, "all:1080"},
        {"https://h/", {}, only_all, "all:1080"},
        {"https://h/", {}, only_http, "direct"},
        {"http://exempt.example/", {}, full, "direct"},
        {"http://h/", with_url("mine:4"), full, "mine:4"},
        {"https://h/", with_url("mine:4"), full, "mine:4"},
        {"http://exempt.example/", with_url("mine:4"), full, "mine:4"},
        {"http://h/", with_url(""), full, "direct"},
        {"http://h/", with_url("_none_"), full, "direct"},
        {"http://h/", with_url("_NONE_"), full, "direct"},
        {"http://localhost/", {}, full, "plain:1"},
        {"http://127.0.0.1/", {}, full, "plain:1"},
        {"http://[::1]/", {}, full, "plain:1"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(choice(row.url, row.options, row.environment), row.expected) << row.url << " " << row.options.url.value_or("unset");
    }
}

TEST(ProxyChoice, credentials_of_the_options_replace_those_of_the_url_as_a_pair) {
    struct Row {
        const char* url;
        const char* username;
        const char* password;
        const char* expected;
    };
    const Row rows[] = {
        {"u:p@proxy:1", "", "", "u:p@proxy:1"},          {"proxy:1", "me", "secret", "me:secret@proxy:1"},
        {"u:p@proxy:1", "me", "", "me:@proxy:1"},        {"u:p@proxy:1", "me", "secret", "me:secret@proxy:1"},
        {"u@proxy:1", "", "secret", "u:secret@proxy:1"}, {"proxy:1", "", "secret", "proxy:1"},
    };
    for (const Row& row : rows) {
        ProxyOptions options{.url = row.url, .username = row.username, .password = row.password, .tls = {}};
        EXPECT_EQ(choice("http://h/", options, {}), row.expected) << row.url;
        options.url.reset();
        EXPECT_EQ(choice("http://h/", options, {.http_proxy = row.url, .https_proxy = {}, .all_proxy = {}, .no_proxy = {}}), row.expected)
            << row.url;
    }
}

TEST(ProxyChoice, credentials_that_cannot_be_sent_are_refused) {
    for (const auto& [username, password] : std::vector<std::pair<std::string, std::string>>{
             {"u\r\nx", "hunter2"}, {"u", "hunter2\n"}, {"u:x", "hunter2"}, {std::string("u\0", 2), "hunter2"}}) {
        const auto chosen = choice("http://h/", {.url = "proxy", .username = username, .password = password, .tls = {}}, {});
        EXPECT_THAT(chosen, HasSubstr("user name"));
        EXPECT_THAT(chosen, Not(HasSubstr("hunter2")));
    }
}

TEST(ProxyChoice, tls_options_belong_to_https_proxies_only) {
    ProxyOptions options{.url = "https://proxy", .username = {}, .password = {}, .tls = {.verify = false, .ca = "/ca"}};
    const Url url = parse_url("http://h/").value();
    EXPECT_EQ(choose_proxy(url, options, {}).value()->tls, options.tls);
    for (const char* other : {"http://proxy", "socks5://proxy", "socks5h://proxy"}) {
        options.url = other;
        EXPECT_EQ(choose_proxy(url, options, {}).value()->tls, TlsOptions{}) << other;
    }
}

TEST(ProxyChoice, an_unusable_proxy_is_an_error_that_says_where_it_was_set) {
    EXPECT_THAT(choice("http://h/", with_url("socks4://u:hunter2@p"), {}),
                testing::AllOf(HasSubstr("option proxy"), HasSubstr("socks4"), Not(HasSubstr("hunter2"))));
    const ProxyEnvironment environment{.http_proxy = "u:hunter2", .https_proxy = "ftp://p", .all_proxy = {}, .no_proxy = "exempt"};
    EXPECT_THAT(choice("http://h/", {}, environment), testing::AllOf(HasSubstr("http_proxy"), Not(HasSubstr("hunter2"))));
    EXPECT_THAT(choice("https://h/", {}, environment), HasSubstr("https_proxy"));
    EXPECT_EQ(choice("http://exempt/", {}, environment), "direct");
}

TEST(NoProxy, is_read_as_curl_reads_it) {
    struct Row {
        const char* url;
        const char* list;
        bool exempt;
    };
    const Row rows[] = {
        {"http://h/", "", false},
        {"http://h/", " , ,", false},
        {"http://h/", "*", true},
        {"http://h/", "x, *", true},
        {"http://[::1]/", "*", true},
        {"http://h.example/", "*.example", false},
        {"http://example.com/", "example.com", true},
        {"http://example.com/", "EXAMPLE.com", true},
        {"http://example.com/", ".example.com", true},
        {"http://example.com/", "example.com.", true},
        {"http://a.example.com/", "example.com", true},
        {"http://a.example.com/", ".example.com", true},
        {"http://a.b.example.com/", ".example.com", true},
        {"http://badexample.com/", "example.com", false},
        {"http://badexample.com/", ".example.com", false},
        {"http://example.com/", "a.example.com", false},
        {"http://example.com/", "com", true},
        {"http://example.com/", "example", false},
        {"http://example.com/", ".", false},
        {"http://example.com/", "..example.com", false},
        {"http://b/", "a,b", true},
        {"http://b/", "a b", true},
        {"http://b/", "a , b", true},
        {"http://b/", "a\tb", true},
        {"http://b/", "ab", false},
        {"http://h:8080/", "h:8080", true},
        {"http://h:8080/", ".h:8080", true},
        {"http://h:8080/", "h:80", false},
        {"http://h/", "h:80", true},
        {"https://h/", "h:443", true},
        {"https://h/", "h:80", false},
        {"http://h/", "h:", false},
        {"http://h/", "h:x", false},
        {"http://10.1.2.3/", "10.1.2.3", true},
        {"http://10.1.2.3/", "10.1.2.4", false},
        {"http://10.1.2.3/", ".2.3", false},
        {"http://10.1.2.3/", "10.0.0.0/8", true},
        {"http://11.1.2.3/", "10.0.0.0/8", false},
        {"http://10.1.2.3/", "10.1.2.0/23", true},
        {"http://10.1.4.3/", "10.1.2.0/23", false},
        {"http://10.1.2.3/", "10.1.2.2/31", true},
        {"http://10.1.2.4/", "10.1.2.2/31", false},
        {"http://10.1.2.3/", "1.2.3.4/0", true},
        {"http://10.1.2.3/", "10.1.2.3/32", true},
        {"http://10.1.2.3/", "10.1.2.3/33", false},
        {"http://10.1.2.3/", "10.1.2.3/", false},
        {"http://10.1.2.3/", "10.1.2.3/-1", false},
        {"http://10.1.2.3:81/", "10.0.0.0/8:81", true},
        {"http://10.1.2.3:82/", "10.0.0.0/8:81", false},
        {"http://10.1.2.3/", "::/0", false},
        {"http://[::1]/", "::1", true},
        {"http://[::1]/", "[::1]", true},
        {"http://[0:0::1]/", "::1", true},
        {"http://[::1]:81/", "[::1]:81", true},
        {"http://[::1]:82/", "[::1]:81", false},
        {"http://[::1]/", "0.0.0.0/0", false},
        {"http://[fd00:1::2]/", "fd00::/8", true},
        {"http://[fd00:1::2]/", "[fd00::]/8", true},
        {"http://[fe00::1]/", "fd00::/8", false},
        {"http://[fd00::1]/", "fd00::/129", false},
        {"http://[fd00::1]/", "[fd00::1]x", false},
        {"http://[fd00::1]/", "[fd00::1", false},
        {"http://localhost/", "h", false},
        {"http://localhost/", "localhost", true},
        {"http://127.0.0.1/", "localhost", false},
        {"http://10.example/", "10.0.0.0/8", false},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(is_exempt(parse_url(row.url).value().origin, row.list), row.exempt) << row.url << " '" << row.list << "'";
    }
}

class Environment : public testing::Test {
protected:
    Environment() {
        for (const char* name : names) {
            const char* value = std::getenv(name);
            saved_.emplace_back(name, value == nullptr ? std::optional<std::string>{} : value);
            ::unsetenv(name);
        }
    }
    ~Environment() override {
        for (const auto& [name, value] : saved_) {
            value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
        }
    }

    static constexpr const char* names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                            "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};

private:
    std::vector<std::pair<const char*, std::optional<std::string>>> saved_;
};

TEST_F(Environment, small_letters_come_before_capitals_which_do_not_count_for_http) {
    EXPECT_EQ(read_proxy_environment().http_proxy + read_proxy_environment().all_proxy, "");
    for (const char* name : names) {
        ::setenv(name, name, 1);
    }
    const auto small = read_proxy_environment();
    EXPECT_EQ(small.http_proxy, "http_proxy");
    EXPECT_EQ(small.https_proxy, "https_proxy");
    EXPECT_EQ(small.all_proxy, "all_proxy");
    EXPECT_EQ(small.no_proxy, "no_proxy");
    ::unsetenv("http_proxy");
    ::setenv("https_proxy", "", 1);
    ::unsetenv("all_proxy");
    ::unsetenv("no_proxy");
    const auto capitals = read_proxy_environment();
    EXPECT_EQ(capitals.http_proxy, "");
    EXPECT_EQ(capitals.https_proxy, "HTTPS_PROXY") << "an empty variable is as good as none";
    EXPECT_EQ(capitals.all_proxy, "ALL_PROXY");
    EXPECT_EQ(capitals.no_proxy, "NO_PROXY");
}

}  // namespace
}  // namespace lastack::http
