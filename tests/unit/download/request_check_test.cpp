#include "download/request_check.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lastack::download {
namespace {

bool is_good(const RequestOptions& options, const char* url = "http://h/f") {
    DownloadRequest file{.urls = {url}, .path = "f", .options = options};
    FetchRequest document{.urls = {url}, .options = options};
    const auto checked = check_request(file);
    EXPECT_EQ(checked.has_value(), check_request(document).has_value());
    if (!checked) {
        EXPECT_EQ(checked.error().code, Errc::invalid_argument);
    }
    return checked.has_value();
}

bool takes_header(std::string name, std::string value = "x") {
    RequestOptions options;
    options.headers = {{std::move(name), std::move(value)}};
    return is_good(options);
}

TEST(RequestCheck, defaults_are_fine) { EXPECT_TRUE(is_good({})); }

TEST(RequestCheck, takes_the_callers_headers) {
    for (const char* name : {"X-Token", "Accept", "Authorization", "Cookie", "Referer", "Cache-Control"}) {
        EXPECT_TRUE(takes_header(name)) << name;
    }
    EXPECT_TRUE(takes_header("X", ""));
    EXPECT_TRUE(takes_header("X", "a\tb \xC3\xA4"));
}

TEST(RequestCheck, refuses_headers_that_frame_the_message_or_have_an_option) {
    for (const char* name : {"Host", "connection", "Content-Length", "content-type", "Transfer-Encoding", "TE", "Trailer", "Upgrade",
                             "Expect", "Keep-Alive", "Accept-Encoding", "RANGE", "If-Range", "If-None-Match", "If-Modified-Since",
                             "User-Agent", "Proxy-Authorization", "Proxy-Connection"}) {
        EXPECT_FALSE(takes_header(name)) << name;
    }
}

TEST(RequestCheck, refuses_headers_that_would_break_the_message) {
    for (const char* name : {"", "a b", "a:", "a\r\nb", "\xC3\xA4", "a\x7F"}) {
        EXPECT_FALSE(takes_header(name)) << name;
    }
    for (const std::string& value : {std::string{"a\r\nb"}, std::string{"a\nb"}, std::string{"a\0b", 3}, std::string{"\x1B"}}) {
        EXPECT_FALSE(takes_header("X", value));
    }
}

TEST(RequestCheck, a_refused_value_is_not_shown) {
    RequestOptions options;
    options.headers = {{"X-Token", "secret\n"}};
    const auto checked = check_request(FetchRequest{.urls = {"http://h/"}, .options = options});
    ASSERT_FALSE(checked);
    EXPECT_EQ(describe(checked.error()).find("secret"), std::string::npos);
}

TEST(RequestCheck, ranges_sizes_and_bodies) {
    EXPECT_TRUE(is_good({.range = ByteRange{.first = 5, .last = 5}}));
    EXPECT_FALSE(is_good({.range = ByteRange{.first = 5, .last = 4}}));
    EXPECT_FALSE(is_good({.max_header_size = 1023}));
    EXPECT_TRUE(is_good({.max_header_size = 1024}));
    EXPECT_FALSE(is_good({.max_header_size = (16u << 20) + 1}));
    EXPECT_TRUE(is_good({.time_budget = TimeBudget{.time = std::chrono::hours{24}}}));
    EXPECT_FALSE(is_good({.time_budget = TimeBudget{}}));
    EXPECT_FALSE(is_good({.time_budget = TimeBudget{.time = std::chrono::hours{24} + std::chrono::milliseconds{1}}}));
    EXPECT_TRUE(is_good({.body = "a\nb"}));
    EXPECT_FALSE(is_good({.body = "a", .content_type = "a\nb"}));
    EXPECT_FALSE(is_good({.body = "a"}, "file:///f"));
    EXPECT_FALSE(is_good({.user_agent = "a\nb"}));
}

TEST(RequestCheck, a_range_cannot_be_had_in_place) {
    DownloadRequest request{.urls = {"file:///f"}, .path = "f", .in_place = true};
    EXPECT_TRUE(check_request(request));
    request.options.range = ByteRange{.first = 1};
    EXPECT_FALSE(check_request(request));
}

}  // namespace
}  // namespace lastack::download
