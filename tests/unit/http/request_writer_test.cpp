#include "http/request_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace lastack::http {
namespace {

Request request_for(const char* url) {
    Request request{.url = parse_url(url).value()};
    request.user_agent = "lastack/1";
    return request;
}

TEST(RequestWriter, writes_what_every_request_carries) {
    Request request = request_for("http://user:secret@h:81/a%20b?c#d");
    request.fields.add("Range", "bytes=5-");
    EXPECT_EQ(write_request(request).value_or(""),
              "GET /a%20b?c HTTP/1.1\r\nHost: h:81\r\nUser-Agent: lastack/1\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
              "Range: bytes=5-\r\n\r\n");
}

TEST(RequestWriter, says_close_when_the_connection_is_for_one_request) {
    Request request = request_for("http://[::1]/");
    request.method = Method::head;
    request.keepalive = false;
    const std::string bytes = write_request(request).value_or("");
    EXPECT_TRUE(bytes.starts_with("HEAD / HTTP/1.1\r\nHost: [::1]\r\n"));
    EXPECT_TRUE(bytes.ends_with("\r\nConnection: close\r\n\r\n"));
}

TEST(RequestWriter, no_field_can_begin_a_line_of_its_own) {
    for (int c = 0; c < 256; ++c) {
        const std::string bad = std::string{"a"} + static_cast<char>(c) + "b";
        const bool harmless = (c >= 0x20 && c != 0x7F) || c == '\t';
        Request in_agent = request_for("http://h/");
        in_agent.user_agent = bad;
        EXPECT_EQ(write_request(in_agent).has_value(), harmless) << c;
        Request in_value = request_for("http://h/");
        in_value.fields.add("If-Range", bad);
        EXPECT_EQ(write_request(in_value).has_value(), harmless) << c;
        if (!harmless) {
            EXPECT_EQ(write_request(in_value).error().code, Errc::invalid_argument);
            Request in_name = request_for("http://h/");
            in_name.fields.add(bad, "x");
            EXPECT_FALSE(write_request(in_name)) << c;
        }
    }
}

TEST(RequestWriter, a_target_with_a_line_break_is_refused_however_it_came_about) {
    Request request = request_for("http://h/");
    request.url.target = "/a HTTP/1.1\r\nX: y";
    EXPECT_FALSE(write_request(request));
    request.url.target = "/";
    request.url.origin.host = "h\r\nX: y";
    EXPECT_FALSE(write_request(request));
}

TEST(RequestWriter, a_field_without_a_name_is_refused) {
    Request request = request_for("http://h/");
    request.fields.add("", "x");
    EXPECT_FALSE(write_request(request));
}

}  // namespace
}  // namespace lastack::http
