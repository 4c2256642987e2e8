#include "support/proxy_servers.hpp"

#include "support/listening_socket.hpp"
#include "support/nginx_server.hpp"
#include "support/scripted_origin.hpp"
#include "support/selftest/raw_client.hpp"
#include "support/selftest/tls_client.hpp"
#include "support/squid_proxy.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace lastack::test {
namespace {

using namespace std::string_literals;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(TinyProxy, forwards_and_tunnels) {
    ScriptedOrigin origin;
    origin.on("/file", Reply{.body = "hello"});
    const TinyProxy proxy;
    RawClient client(proxy.port());
    EXPECT_THAT(client.get(origin.url("/file")).read_to_end(), AllOf(HasSubstr(" 200 OK"), EndsWith("hello")));
    EXPECT_EQ(client.end(), End::fin);
    RawClient tunnel(proxy.port());
    tunnel.send("CONNECT 127.0.0.1:" + std::to_string(origin.port()) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(tunnel.read_until("\r\n\r\n"), HasSubstr(" 200 "));
    tunnel.drop();
    EXPECT_THAT(tunnel.get("/file").read_until("hello"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(proxy.log(), HasSubstr("CONNECT 127.0.0.1:" + std::to_string(origin.port())));
}

TEST(TinyProxy, wants_a_name_and_password) {
    ScriptedOrigin origin;
    origin.on("/file", Reply{.body = "hello"});
    const TinyProxy proxy({.user = "user", .password = "secret"});
    RawClient without(proxy.port());
    EXPECT_THAT(without.get(origin.url("/file")).read_to_end(), AllOf(HasSubstr(" 407 "), HasSubstr("Proxy-Authenticate: Basic")));
    EXPECT_EQ(origin.accepted(), 0);
    RawClient with(proxy.port());
    EXPECT_THAT(with.get(origin.url("/file"), "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n").read_to_end(), EndsWith("hello"));
}

// What a SOCKS5 client says after its greeting was answered (RFC 1928): CONNECT to an address or to a name.
std::string connect_to(const std::string& address, std::uint16_t port) {
    return "\x05\x01\x00"s + address + static_cast<char>(port >> 8U) + static_cast<char>(port & 0xffU);
}

TEST(DanteServer, connects_to_addresses_and_names_and_is_gone_when_destroyed) {
    ScriptedOrigin origin;
    origin.on("/file", Reply{.body = "hello"});
    std::uint16_t port = 0;
    {
        const DanteServer proxy;
        port = proxy.port();
        EXPECT_THAT(proxy.url(), StartsWith("socks5://127.0.0.1:"));
        for (const auto& address : {"\x01\x7f\x00\x00\x01"s, "\x03\x09localhost"s}) {
            RawClient client(port);
            EXPECT_EQ(client.send("\x05\x01\x00"s).read_until("\x05\x00"s), "\x05\x00"s);
            client.drop();
            client.send(connect_to(address, origin.port())).read_at_most(10);
            client.drop();
            EXPECT_THAT(client.get("/file").read_until("hello"), StartsWith("HTTP/1.1 200 OK"));
        }
        EXPECT_EQ(origin.accepted(), 2);
        EXPECT_THAT(proxy.log(), HasSubstr("tcp/connect"));
        RawClient refused(port);
        refused.send("\x05\x01\x00"s).read_until("\x05\x00"s);
        refused.drop();
        const RefusingPort nobody;
        EXPECT_THAT(refused.send(connect_to("\x01\x7f\x00\x00\x01"s, nobody.port())).read_until("\x05"s), StartsWith("\x05\x05"s));
    }
    EXPECT_THROW(RawClient{port}, std::system_error);
}

TEST(TlsFront, makes_an_https_proxy_of_a_proxy) {
    TestCa ca;
    const auto identity = ca.server();
    ScriptedOrigin origin;
    origin.on("/file", Reply{.body = "hello"});
    const SquidProxy proxy;
    const TlsFront front({.certificate = identity.certificate, .key = identity.key, .connect = proxy.port()});
    EXPECT_THAT(front.url("localhost"), StartsWith("https://localhost:"));
    TlsClient client(front.port(), {.ca = ca.certificate()});
    ASSERT_TRUE(client.established()) << client.error();
    EXPECT_THAT(client.get(origin.url("/file")).read_until("hello"), AllOf(StartsWith("HTTP/1.1 200 OK"), EndsWith("hello")));
    EXPECT_EQ(proxy.wait_for_log(1).size(), 1u);
    EXPECT_THAT(front.log(), HasSubstr("Service [front] accepted connection"));
}

TEST(TlsFront, tls_runs_inside_tls) {
    TestCa ca;
    const auto identity = ca.server();
    const NginxServer server({.tls = NginxTls{.certificate = identity.certificate, .key = identity.key}});
    const SquidProxy proxy;
    const TlsFront front({.certificate = identity.certificate, .key = identity.key, .connect = proxy.port()});
    TlsClient client(front.port(), {.ca = ca.certificate()});
    client.send("CONNECT 127.0.0.1:" + std::to_string(server.port()) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
    client.drop();
    // A fatal alert of nginx's in answer to what is no TLS at all.
    client.send("\x16\x03\x01" + std::string(3, '\xff') + std::string(100, 'x'));
    EXPECT_THAT(client.read_until("\x15\x03"), HasSubstr("\x15\x03"));
}

TEST(TlsFront, a_client_needs_a_certificate_where_one_is_asked_for) {
    TestCa ca;
    const auto identity = ca.server();
    ScriptedOrigin origin;
    origin.on("/file", Reply{.body = "hello"});
    const TlsFront front(
        {.certificate = identity.certificate, .key = identity.key, .client_ca = ca.certificate(), .connect = origin.port()});
    TlsClient without(front.port(), {.ca = ca.certificate()});
    without.get("/file").read_to_end();
    EXPECT_EQ(origin.accepted(), 0);
    TlsClient with(front.port(), {.ca = ca.certificate(), .identity = ca.client()});
    EXPECT_THAT(with.get("/file").read_until("hello"), EndsWith("hello")) << with.error();
}

TEST(ServerProcess, takes_another_port_when_somebody_was_faster) {
    TempDirectory directory;
    FileDescriptor rival;
    std::uint16_t first = 0;
    const auto prepare = [&](std::uint16_t port) {
        if (first == 0) {
            first = port;
            rival = listen_on("127.0.0.1", port);
        }
        const auto file = directory.write(
            "tinyproxy.conf", "Port " + std::to_string(port) + "\nListen 127.0.0.1\nLogFile \"" + (directory / "log").string() + "\"\n");
        return ProcessOptions{.arguments = {"/usr/bin/tinyproxy", "-d", "-c", file.string()}};
    };
    ServerProcess server(prepare, directory / "log");
    EXPECT_NE(server.port(), first);
    EXPECT_TRUE(server.running());
}

TEST(ServerProcess, that_ends_says_why) {
    TempDirectory directory;
    const auto prepare = [](std::uint16_t) { return ProcessOptions{.arguments = {"/usr/bin/tinyproxy", "-d", "-c", "/none"}}; };
    try {
        const ServerProcess server(prepare, directory / "log");
        FAIL() << "it started";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("/none"));
    }
}

}  // namespace
}  // namespace lastack::test
