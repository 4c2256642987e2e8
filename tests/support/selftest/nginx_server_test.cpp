#include "support/nginx_server.hpp"

#include "support/selftest/raw_client.hpp"

#include <gtest/gtest.h>

namespace lastack::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(NginxServer, serves_files_and_logs_each_request_with_its_connection) {
    const NginxServer server;
    server.publish("dir/file", "hello");
    RawClient first(server.port());
    first.get("/dir/file").read_until("\r\n\r\nhello");
    first.drop();
    EXPECT_THAT(first.get("/dir/file", "Range: bytes=1-2\r\n").read_until("\r\n\r\nel"), HasSubstr("206 Partial Content"));
    RawClient second(server.port());
    EXPECT_THAT(second.get("/none").read_until("</html>"), HasSubstr("404"));
    const auto lines = server.wait_for_log(3);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(distinct_connections(lines), 2u);
    EXPECT_EQ(lines[1].request, "GET /dir/file HTTP/1.1");
    EXPECT_EQ(lines[1].number_on_connection, 2u);
    EXPECT_EQ(lines[1].range, "bytes=1-2");
    EXPECT_EQ(lines[1].status, 206);
    EXPECT_EQ(lines[1].body_bytes, 2u);
    EXPECT_GT(lines[1].time, 1e9);
    EXPECT_EQ(lines[2].status, 404);
}

TEST(NginxServer, follows_the_settings_of_a_location) {
    const NginxServer server({.keepalive_timeout = "5s 5s", .locations = {{"/once/", "keepalive_timeout 0; return 200 'bye';"}}});
    server.publish("file", "hello");
    RawClient kept(server.port());
    EXPECT_THAT(kept.get("/file").read_until("hello"), HasSubstr("Keep-Alive: timeout=5"));
    RawClient closed(server.port());
    EXPECT_THAT(closed.get("/once/").read_to_end(), EndsWith("bye"));
    EXPECT_EQ(closed.end(), End::fin);
}

TEST(NginxServer, closes_idle_connections_when_stopped) {
    NginxServer server;
    server.publish("file", "hello");
    RawClient client(server.port());
    client.get("/file").read_until("hello");
    server.stop();
    client.read_to_end();
    EXPECT_EQ(client.end(), End::fin);
}

TEST(NginxServer, that_cannot_start_says_why) {
    EXPECT_THROW(NginxServer({.server_directives = "no_such_directive;"}), std::runtime_error);
}

}  // namespace
}  // namespace lastack::test
