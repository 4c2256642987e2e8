#include "cli/get_options.hpp"

#include "cli/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace lastack::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::variant<Arguments, EarlyExit> parsed(std::vector<const char*> words) {
    words.insert(words.begin(), {"lastack", "get"});
    words.push_back("http://h/f");
    return parse_arguments(static_cast<int>(words.size()), words.data());
}

// [main] with something in every place.
ConnectionOptions configured() {
    return {.tls = {.verify = true, .ca = "/main-ca", .client_certificate = "/main-cert", .client_key = "/main-key"},
            .proxy = {.url = "main-proxy", .username = "pu", .password = "pp", .tls = {}},
            .username = "u",
            .password = "p",
            .ip_family = IpFamily::any};
}

void set_proxy(ConnectionOptions& options, const char* url) { options.proxy = {.url = url, .username = {}, .password = {}, .tls = {}}; }

TEST(GetOptions, replace_what_main_says) {
    struct Row {
        std::vector<const char*> words;
        std::function<void(ConnectionOptions&)> change;
    };
    const Row rows[] = {
        {{}, [](auto&) {}},
        {{"--proxy", "socks5h://u:p@mine"}, [](auto& o) { set_proxy(o, "socks5h://u:p@mine"); }},
        {{"--proxy=mine:1"}, [](auto& o) { set_proxy(o, "mine:1"); }},
        {{"--proxy=_none_"}, [](auto& o) { set_proxy(o, "_none_"); }},
        {{"--no-proxy"}, [](auto& o) { o.proxy.url = ""; }},
        {{"--no-sslverify"}, [](auto& o) { o.tls.verify = false; }},
        {{"--sslverify"}, [](auto& o) { o.tls.verify = true; }},
        {{"--cacert", "ca.pem"}, [](auto& o) { o.tls.ca = "ca.pem"; }},
        {{"--cert", "c.pem"},
         [](auto& o) {
             o.tls.client_certificate = "c.pem";
             o.tls.client_key.clear();
         }},
        {{"--cert=c.pem", "--key=k.pem"},
         [](auto& o) {
             o.tls.client_certificate = "c.pem";
             o.tls.client_key = "k.pem";
         }},
        {{"-4"}, [](auto& o) { o.ip_family = IpFamily::v4; }},
        {{"-6"}, [](auto& o) { o.ip_family = IpFamily::v6; }},
        {{"--ipv6"}, [](auto& o) { o.ip_family = IpFamily::v6; }},
    };
    for (const Row& row : rows) {
        const auto arguments = parsed(row.words);
        const std::string shown = row.words.empty() ? "nothing" : row.words[0];
        ASSERT_TRUE(std::holds_alternative<Arguments>(arguments)) << shown << std::get<EarlyExit>(arguments).text;
        const auto connection = connection_of(std::get<Arguments>(arguments).get, configured());
        ASSERT_TRUE(connection) << shown;
        ConnectionOptions expected = configured();
        expected.username.clear();  // for repositories, not for any server that is named
        expected.password.clear();
        row.change(expected);
        EXPECT_EQ(*connection, expected) << shown;
    }
}

TEST(GetOptions, that_contradict_each_other_are_wrong_usage) {
    for (const auto& words :
         std::vector<std::vector<const char*>>{{"-4", "-6"}, {"--proxy=p", "--no-proxy"}, {"--sslverify", "--no-sslverify"}}) {
        const auto arguments = parsed(words);
        ASSERT_TRUE(std::holds_alternative<EarlyExit>(arguments)) << words[0];
        EXPECT_EQ(std::get<EarlyExit>(arguments).status, 2) << words[0];
    }
}

TEST(GetOptions, a_proxy_that_is_none_is_refused_without_its_password) {
    const auto connection = connection_of({.proxy = "socks4://u:hunter2@p", .ca = {}, .certificate = {}, .key = {}}, {});
    ASSERT_FALSE(connection);
    EXPECT_THAT(describe(connection.error()), testing::AllOf(HasSubstr("--proxy: "), HasSubstr("socks4"), Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace lastack::cli
