#include "support/static_file.hpp"

#include <gtest/gtest.h>

namespace lastack::test {
namespace {

constexpr std::string_view kContent = "0123456789";
const ServeOptions kFull{.etag = "\"v1\"", .last_modified = "Mon, 02 Mar 2026 10:00:00 GMT"};

struct Case {
    const char* name;
    std::vector<Header> fields;
    ServeOptions options;
    int status;
    std::string body;
    std::string content_range;
};

class StaticFile : public ::testing::TestWithParam<Case> {};

TEST_P(StaticFile, is_answered_as_the_fields_ask) {
    const auto& expected = GetParam();
    const auto reply =
        answer_for_file(SeenRequest{.method = "GET", .target = "/f", .headers = expected.fields}, kContent, expected.options);
    EXPECT_EQ(reply.status, expected.status);
    EXPECT_EQ(reply.body, expected.body);
    std::string content_range;
    for (const auto& header : reply.headers) {
        if (header.name == "Content-Range") {
            content_range = header.value;
        }
    }
    EXPECT_EQ(content_range, expected.content_range);
}

const std::string kWhole{kContent};

INSTANTIATE_TEST_SUITE_P(
    Fields, StaticFile,
    ::testing::Values(
        Case{"plain", {}, kFull, 200, kWhole, ""}, Case{"from", {{"Range", "bytes=4-"}}, kFull, 206, "456789", "bytes 4-9/10"},
        Case{"from_to", {{"Range", "bytes=4-5"}}, kFull, 206, "45", "bytes 4-5/10"},
        Case{"beyond", {{"Range", "bytes=8-100"}}, kFull, 206, "89", "bytes 8-9/10"},
        Case{"suffix", {{"Range", "bytes=-3"}}, kFull, 206, "789", "bytes 7-9/10"},
        Case{"behind_the_end", {{"Range", "bytes=10-"}}, kFull, 416, "", "bytes */10"},
        Case{"backwards", {{"Range", "bytes=5-4"}}, kFull, 200, kWhole, ""},
        Case{"list", {{"Range", "bytes=0-1,4-5"}}, kFull, 200, kWhole, ""},
        Case{"no_ranges", {{"Range", "bytes=4-"}}, ServeOptions{.ranges = false}, 200, kWhole, ""},
        Case{"if_range_agrees", {{"Range", "bytes=4-"}, {"If-Range", "\"v1\""}}, kFull, 206, "456789", "bytes 4-9/10"},
        Case{"if_range_differs", {{"Range", "bytes=4-"}, {"If-Range", "\"v0\""}}, kFull, 200, kWhole, ""},
        Case{"if_range_weak", {{"Range", "bytes=4-"}, {"If-Range", "W/\"v1\""}}, ServeOptions{.etag = "W/\"v1\""}, 200, kWhole, ""},
        Case{"if_range_date", {{"Range", "bytes=4-"}, {"If-Range", kFull.last_modified}}, kFull, 206, "456789", "bytes 4-9/10"},
        Case{"none_match", {{"If-None-Match", "\"v0\", W/\"v1\""}}, kFull, 304, "", ""},
        Case{"none_match_differs", {{"If-None-Match", "\"v0\""}, {"If-Modified-Since", kFull.last_modified}}, kFull, 200, kWhole, ""},
        Case{"modified_since_same", {{"If-Modified-Since", kFull.last_modified}}, kFull, 304, "", ""},
        Case{"modified_since_older", {{"If-Modified-Since", "Sun, 01 Mar 2026 10:00:00 GMT"}}, kFull, 200, kWhole, ""}),
    [](const ::testing::TestParamInfo<Case>& info) { return std::string(info.param.name); });

TEST(Script, leaves_out_bodies_where_there_can_be_none) {
    const Reply reply{.body = "x"};
    EXPECT_EQ(response_bytes(reply, "HEAD"), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
    EXPECT_EQ(response_bytes(Reply{.status = 304, .body = "x"}), "HTTP/1.1 304 Not Modified\r\n\r\n");
}

TEST(Script, a_length_given_in_the_fields_is_not_said_twice) {
    EXPECT_EQ(response_bytes(Reply{.headers = {{"Content-Length", "9"}}, .body = "x"}), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
}

}  // namespace
}  // namespace lastack::test
