#include "support/nginx_server.hpp"
#include "support/selftest/raw_client.hpp"
#include "support/selftest/tls_client.hpp"
#include "support/test_ca.hpp"

#include <gtest/gtest.h>

namespace lastack::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

NginxTls tls_of(const CertificateFiles& files) { return {.certificate = files.certificate, .key = files.key}; }

TEST(NginxTls, serves_over_tls_and_logs_protocol_and_resumption) {
    TestCa ca;
    const NginxServer server({.tls = tls_of(ca.server())});
    server.publish("file", "hello");
    EXPECT_THAT(server.url("/file"), StartsWith("https://127.0.0.1:"));
    EXPECT_THAT(server.url("/file", "localhost"), StartsWith("https://localhost:"));
    TlsClient first(server.port(), {.ca = ca.certificate()});
    ASSERT_TRUE(first.established()) << first.error();
    EXPECT_THAT(first.get("/file").read_until("hello"), EndsWith("hello"));
    ASSERT_NE(first.session(), nullptr);
    TlsClient second(server.port(), {.ca = ca.certificate(), .server_name = "127.0.0.1", .session = first.session()});
    second.get("/file").read_until("hello");
    TlsClient old(server.port(), {.ca = ca.certificate(), .max_version = TLS1_2_VERSION});
    old.get("/file").read_until("hello");
    const auto lines = server.wait_for_log(3);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0].tls_protocol, "TLSv1.3");
    EXPECT_FALSE(lines[0].tls_resumed);
    EXPECT_EQ(lines[1].tls_protocol, "TLSv1.3");
    EXPECT_TRUE(lines[1].tls_resumed);
    EXPECT_EQ(lines[2].tls_protocol, "TLSv1.2");
}

TEST(NginxTls, without_tickets_no_session_is_resumed) {
    TestCa ca;
    auto tls = tls_of(ca.server());
    tls.session_tickets = false;
    tls.protocols = "TLSv1.2";
    const NginxServer server({.tls = tls});
    server.publish("file", "hello");
    TlsClient first(server.port());
    first.get("/file").read_until("hello");
    TlsClient second(server.port(), {.session = first.session()});
    second.get("/file").read_until("hello");
    const auto lines = server.wait_for_log(2);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[1].tls_protocol, "TLSv1.2");
    EXPECT_FALSE(lines[1].tls_resumed);
}

TEST(NginxTls, speaks_only_the_protocols_it_was_given) {
    TestCa ca;
    auto tls = tls_of(ca.server());
    tls.protocols = "TLSv1.1";
    const NginxServer server({.tls = tls});
    server.publish("file", "hello");
    const TlsClient modern(server.port(), {.min_version = TLS1_2_VERSION});
    EXPECT_FALSE(modern.established());
    EXPECT_EQ(modern.alert(), SSL_AD_PROTOCOL_VERSION) << modern.error();
    TlsClient old(server.port(), {.min_version = TLS1_1_VERSION, .max_version = TLS1_1_VERSION});
    EXPECT_THAT(old.get("/file").read_until("hello"), EndsWith("hello")) << old.error();
}

TEST(NginxTls, a_client_needs_a_certificate_where_one_is_asked_for) {
    TestCa ca;
    TestCa stranger("stranger");
    auto tls = tls_of(ca.server());
    tls.client_ca = ca.certificate();
    const NginxServer server({.tls = tls});
    server.publish("file", "hello");
    TlsClient without(server.port());
    EXPECT_THAT(without.get("/file").read_until("</html>"), HasSubstr("400 Bad Request"));
    TlsClient foreign(server.port(), {.identity = stranger.client()});
    EXPECT_THAT(foreign.get("/file").read_until("</html>"), HasSubstr("400 Bad Request"));
    TlsClient with(server.port(), {.identity = ca.client()});
    EXPECT_THAT(with.get("/file").read_until("hello"), HasSubstr("200 OK"));
}

TEST(NginxTls, a_plain_server_logs_no_protocol) {
    const NginxServer server;
    server.publish("file", "hello");
    RawClient client(server.port());
    client.get("/file").read_until("hello");
    const auto lines = server.wait_for_log(1);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].tls_protocol, "");
    EXPECT_FALSE(lines[0].tls_resumed);
}

}  // namespace
}  // namespace lastack::test
