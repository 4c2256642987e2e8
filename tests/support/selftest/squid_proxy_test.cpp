#include "support/squid_proxy.hpp"

#include "support/nginx_server.hpp"
#include "support/scripted_origin.hpp"
#include "support/selftest/raw_client.hpp"
#include "support/selftest/tls_client.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace lastack::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kBasicOfUserSecret = "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n";

std::string md5(const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
    std::string hex;
    for (unsigned index = 0; index < size; ++index) {
        std::array<char, 3> pair{};
        std::snprintf(pair.data(), pair.size(), "%02x", digest.at(index));
        hex += pair.data();
    }
    return hex;
}

std::string quoted_value(const std::string& head, const std::string& name) {
    const auto begin = head.find(name + "=\"") + name.size() + 2;
    return head.substr(begin, head.find('"', begin) - begin);
}

// RFC 7616 with MD5 and qop=auth.
std::string digest_field(const std::string& challenge, const std::string& uri, int use, const std::string& password = "secret") {
    const auto realm = quoted_value(challenge, "realm");
    const auto nonce = quoted_value(challenge, "nonce");
    const auto count = "0000000" + std::to_string(use);
    const auto response = md5(md5("user:" + realm + ":" + password) + ":" + nonce + ":" + count + ":abc:auth:" + md5("GET:" + uri));
    return "Proxy-Authorization: Digest username=\"user\", realm=\"" + realm + "\", nonce=\"" + nonce + "\", uri=\"" + uri +
           "\", qop=auth, nc=" + count + ", cnonce=\"abc\", response=\"" + response + "\"\r\n";
}

TEST(SquidProxy, forwards_on_kept_connections_and_caches_nothing) {
    ScriptedOrigin origin;
    origin.on("/file", Reply{.headers = {{"Cache-Control", "max-age=3600"}}, .body = "hello"});
    const SquidProxy proxy;
    RawClient client(proxy.port());
    EXPECT_THAT(client.get(origin.url("/file")).read_until("hello"), HasSubstr("200 OK"));
    client.drop();
    EXPECT_THAT(client.get(origin.url("/file")).read_until("hello"), EndsWith("hello"));
    const auto seen = origin.record();
    EXPECT_EQ(seen.requests.size(), 2u);
    EXPECT_EQ(seen.connections.size(), 1u);
    const auto lines = proxy.wait_for_log(2);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].method, "GET");
    EXPECT_EQ(lines[0].target, origin.url("/file"));
    EXPECT_EQ(lines[0].status, 200);
    EXPECT_GT(lines[0].bytes, 5u);
    EXPECT_EQ(lines[0].user, "");
    EXPECT_EQ(lines[0].result, "TCP_MISS");
    EXPECT_NE(lines[0].client_port, 0);
    EXPECT_EQ(lines[0].client_port, lines[1].client_port);
}

TEST(SquidProxy, tunnels_to_any_port) {
    TestCa ca;
    const auto identity = ca.server();
    const NginxServer server({.tls = NginxTls{.certificate = identity.certificate, .key = identity.key}});
    server.publish("file", "hello");
    const SquidProxy proxy;
    const auto target = "127.0.0.1:" + std::to_string(server.port());
    {
        RawClient outer(proxy.port());
        ASSERT_THAT(outer.send("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n").read_until("\r\n\r\n"),
                    StartsWith("HTTP/1.1 200 "));
        TlsClient inner(outer.take_socket(), {.ca = ca.certificate(), .server_name = "127.0.0.1"});
        EXPECT_THAT(inner.get("/file").read_until("hello"), EndsWith("hello")) << inner.error();
    }
    const auto lines = proxy.wait_for_log(1);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].method, "CONNECT");
    EXPECT_EQ(lines[0].target, target);
    EXPECT_EQ(lines[0].result, "TCP_TUNNEL");
}

TEST(SquidProxy, wants_a_name_and_password_with_basic) {
    ScriptedOrigin origin;
    origin.on("/file", Reply{.body = "hello"});
    const SquidProxy proxy({.auth = ProxyAuth::basic});
    RawClient client(proxy.port());
    EXPECT_THAT(client.get(origin.url("/file")).read_until("</html>"),
                AllOf(StartsWith("HTTP/1.1 407 "), HasSubstr("Proxy-Authenticate: Basic realm=\"lastack test\"")));
    EXPECT_EQ(origin.accepted(), 0);
    client.drop();
    EXPECT_THAT(client.get(origin.url("/file"), kBasicOfUserSecret).read_until("hello"), HasSubstr("200 OK"));
    RawClient wrong(proxy.port());
    EXPECT_THAT(wrong.get(origin.url("/file"), "Proxy-Authorization: Basic dXNlcjp3cm9uZw==\r\n").read_until("\r\n\r\n"),
                StartsWith("HTTP/1.1 407 "));
    const auto lines = proxy.wait_for_log(3);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0].result, "TCP_DENIED");
    EXPECT_EQ(lines[1].user, "user");
    EXPECT_EQ(lines[0].client_port, lines[1].client_port);
}

TEST(SquidProxy, wants_a_name_and_password_with_digest) {
    ScriptedOrigin origin;
    origin.on("/file", Reply{.body = "hello"});
    const SquidProxy proxy({.auth = ProxyAuth::digest, .nonce_max_count = 2});
    RawClient client(proxy.port());
    const auto uri = origin.url("/file");
    const auto challenge = client.get(uri).read_until("</html>");
    ASSERT_THAT(challenge, AllOf(StartsWith("HTTP/1.1 407 "), HasSubstr("Proxy-Authenticate: Digest realm=\"lastack test\"")));
    client.drop();
    EXPECT_THAT(client.get(uri, digest_field(challenge, uri, 1)).read_until("hello"), HasSubstr("200 OK"));
    // Used up: asked for again with another nonce, which is then good.
    std::string stale;
    for (int use = 2; use < 5 && !stale.contains("HTTP/1.1 407 "); ++use) {
        client.drop();
        stale = client.get(uri, digest_field(challenge, uri, use)).read_until("\r\n\r\n");
    }
    EXPECT_THAT(stale, HasSubstr("stale=true"));
    RawClient wrong(proxy.port());
    EXPECT_THAT(wrong.get(uri, digest_field(challenge, uri, 1, "wrong")).read_until("\r\n\r\n"), StartsWith("HTTP/1.1 407 "));
    RawClient again(proxy.port());
    EXPECT_THAT(again.get(uri, digest_field(stale, uri, 1)).read_until("hello"), HasSubstr("200 OK"));
}

TEST(SquidProxy, closes_a_clients_idle_connection_when_told_so) {
    ScriptedOrigin origin;
    origin.on("/file", Reply{.body = "hello"});
    const SquidProxy proxy({.client_idle_pconn_timeout = "1 second"});
    RawClient client(proxy.port());
    client.get(origin.url("/file")).read_until("hello");
    EXPECT_EQ(client.end(), End::still_open);
    client.read_to_end();
    EXPECT_EQ(client.end(), End::fin);
}

TEST(SquidProxy, two_at_once_do_not_meet) {
    ScriptedOrigin origin;
    origin.on("/file", Reply{.body = "hello"});
    const SquidProxy first;
    const SquidProxy second;
    ASSERT_NE(first.port(), second.port());
    RawClient client(second.port());
    client.get(origin.url("/file")).read_until("hello");
    EXPECT_EQ(second.wait_for_log(1).size(), 1u);
    EXPECT_TRUE(first.log().empty());
}

TEST(SquidProxy, is_gone_when_stopped_and_when_destroyed) {
    std::uint16_t port = 0;
    pid_t pid = 0;
    {
        SquidProxy stopped({.auth = ProxyAuth::basic});
        stopped.stop();
        EXPECT_THROW(RawClient{stopped.port()}, std::system_error);
        const SquidProxy destroyed;
        port = destroyed.port();
        pid = destroyed.pid();
    }
    EXPECT_THROW(RawClient{port}, std::system_error);
    EXPECT_EQ(::kill(-pid, 0), -1);
}

TEST(SquidProxy, that_cannot_start_says_why) {
    try {
        const SquidProxy proxy({.directives = "acl bad no_such_type x"});
        FAIL() << "it started";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("no_such_type"));
    }
}

}  // namespace
}  // namespace lastack::test
