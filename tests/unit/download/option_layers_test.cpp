#include "download/option_layers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

namespace lastack::download {
namespace {

using namespace std::chrono_literals;

// One option in two states; `shown` says which of them it has.
struct Layered {
    const char* name;
    std::function<void(RequestOptions&)> low;
    std::function<void(RequestOptions&)> high;
    std::function<std::string(const RequestOptions&)> shown;
    friend void PrintTo(const Layered& each, std::ostream* out) { *out << each.name; }
};

template <typename T>
Layered scalar(const char* name, T RequestOptions::* member, auto low, auto high) {
    return {.name = name,
            .low = [member, low](RequestOptions& o) { o.*member = low; },
            .high = [member, high](RequestOptions& o) { o.*member = high; },
            .shown = [member, low, high](const RequestOptions& o) -> std::string {
                return o.*member == high ? "high" : o.*member == low ? "low" : "default";
            }};
}

template <typename Find>
Layered part(const char* name, Find find, auto low, auto high) {
    return {.name = name,
            .low = [find, low](RequestOptions& o) { find(o) = low; },
            .high = [find, high](RequestOptions& o) { find(o) = high; },
            .shown = [find, low, high](const RequestOptions& o) -> std::string {
                auto copy = o;
                return find(copy) == high ? "high" : find(copy) == low ? "low" : "default";
            }};
}

class OptionLayer : public ::testing::TestWithParam<Layered> {
protected:
    static RequestOptions with(const std::function<void(RequestOptions&)>& set) {
        RequestOptions options;
        set(options);
        return options;
    }
    Url url = *parse_url("http://mirror/pub/f");
};

// Where the upper layer gives the built-in default, that holds too: `high` of the flags is their default.
TEST_P(OptionLayer, of_the_client_gives_way_to_the_mirrors_and_that_to_the_requests) {
    const auto low = with(GetParam().low);
    const auto high = with(GetParam().high);
    const OptionLayers by_client{low, {}};
    EXPECT_EQ(GetParam().shown(by_client.at(url, {})), "low");
    EXPECT_EQ(GetParam().shown(by_client.at(url, high)), "high");
    EXPECT_EQ(GetParam().shown(by_client.of_file(high)), "high");
    const OptionLayers by_mirror{low, {{.url = "http://mirror/pub", .options = high}}};
    EXPECT_EQ(GetParam().shown(by_mirror.at(url, {})), "high");
    EXPECT_EQ(GetParam().shown(by_mirror.at(*parse_url("http://other/pub/f"), {})), "low");
    EXPECT_EQ(GetParam().shown(by_mirror.at(url, low)), "low");
    EXPECT_EQ(GetParam().shown(by_mirror.of_file({})), "low");
}

INSTANTIATE_TEST_SUITE_P(
    All, OptionLayer,
    ::testing::Values(
        scalar("timeout", &RequestOptions::timeout, 1s, 2s), scalar("retries", &RequestOptions::retries, 3u, 10u),
        scalar("minrate", &RequestOptions::minrate, 1u, 0u),
        scalar("time_budget", &RequestOptions::time_budget, TimeBudget{.time = 1s}, TimeBudget{.time = 2s}),
        scalar("keepalive", &RequestOptions::keepalive, false, true), scalar("user_agent", &RequestOptions::user_agent, "low", "high"),
        scalar("no_cache", &RequestOptions::no_cache, true, false), scalar("rate_limit", &RequestOptions::rate_limit, 1000u, 0u),
        scalar("max_header_size", &RequestOptions::max_header_size, 1024u, 256u << 10),
        part(
            "order", [](RequestOptions& o) -> auto& { return o.mirrors.order; }, MirrorOrder::random, MirrorOrder::ranked),
        part(
            "max_connections", [](RequestOptions& o) -> auto& { return o.mirrors.max_connections; }, 1u, 0u),
        part(
            "verify", [](RequestOptions& o) -> auto& { return o.connection.tls.verify; }, false, true),
        part(
            "ca", [](RequestOptions& o) -> auto& { return o.connection.tls.ca; }, "/low", "/high"),
        part(
            "client_certificate", [](RequestOptions& o) -> auto& { return o.connection.tls.client_certificate; }, "/low", "/high"),
        part(
            "proxy", [](RequestOptions& o) -> auto& { return o.connection.proxy.url; }, "http://p", ""),
        part(
            "username", [](RequestOptions& o) -> auto& { return o.connection.username; }, "low", "high"),
        part(
            "ip_family", [](RequestOptions& o) -> auto& { return o.connection.ip_family; }, IpFamily::v6, IpFamily::any)),
    [](const ::testing::TestParamInfo<Layered>& info) { return std::string{info.param.name}; });

TEST(OptionLayers, headers_of_a_layer_take_the_place_of_those_of_that_name_below) {
    const OptionLayers layers{{.headers = {{"X-A", "1"}, {"X-B", "1"}}}, {}};
    const auto merged = layers.of_file({.headers = {{"x-b", "2"}, {"X-C", "2"}}});
    const std::vector<std::pair<std::string, std::string>> expected{{"X-A", "1"}, {"x-b", "2"}, {"X-C", "2"}};
    EXPECT_EQ(merged.headers, expected);
}

TEST(OptionLayers, what_belongs_together_is_taken_whole) {
    RequestOptions client;
    client.connection = {.tls = {.client_certificate = "/c", .client_key = "/k"},
                         .proxy = {.url = "http://p", .username = "pu", .password = "pp"},
                         .username = "u",
                         .password = "p"};
    const OptionLayers layers{client, {}};
    EXPECT_EQ(layers.of_file({}).connection, client.connection);
    RequestOptions own;
    own.connection = {.tls = {.client_certificate = "/own"}, .proxy = {.url = "http://q"}, .username = "me"};
    EXPECT_EQ(layers.of_file(own).connection, own.connection);
}

TEST(OptionLayers, range_and_body_are_the_requests_alone) {
    const OptionLayers layers{{.range = ByteRange{.first = 5}, .body = "x", .content_type = "text/x"}, {}};
    const auto merged = layers.of_file({});
    EXPECT_FALSE(merged.range);
    EXPECT_FALSE(merged.body);
    EXPECT_EQ(merged.content_type, "");
}

TEST(OptionLayers, a_mirror_is_known_by_its_origin_and_whole_segments_of_its_path) {
    const auto agent = [](std::string_view url) {
        const OptionLayers layers{{.user_agent = "client"},
                                  {{.url = "https://h/pub", .options = {.user_agent = "pub"}},
                                   {.url = "https://h/pub/deep/", .options = {.user_agent = "deep"}},
                                   {.url = "no url", .options = {.user_agent = "never"}}}};
        return layers.at(*parse_url(url), {}).user_agent;
    };
    EXPECT_EQ(agent("https://h/pub/f"), "pub");
    EXPECT_EQ(agent("https://h/pub"), "pub");
    EXPECT_EQ(agent("https://h:443/pub/deep/f"), "deep");
    for (const char* other : {"https://h/public/f", "https://h/", "http://h/pub/f", "https://h:444/pub/f", "https://h.evil/pub/f"}) {
        EXPECT_EQ(agent(other), "client") << other;
    }
}

}  // namespace
}  // namespace lastack::download
