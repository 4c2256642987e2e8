// Handshakes that do not come to their end, and servers that speak something else. The numbers are those of the scenarios in
// docs/design/connections.md.
#include "http/error.hpp"
#include "support/listening_socket.hpp"
#include "tls_fixture.hpp"

#include <future>
#include <stop_token>

namespace lastack::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using tls::Steps;

class TlsHandshake : public TlsVersions {
protected:
    TlsHandshake() { request_options.retries = 3; }

    // The mirror that does `steps` with each connection is left for the next one, and costs no wait. Alone it is an error.
    void expect_left_for_the_next_mirror(const Steps& steps, std::error_code code, std::string_view words) {
        TlsPeer broken(versioned());
        broken.on_accept(0, steps);
        DocumentPeer good(versioned());
        const auto began = Clock::now();
        const auto result = download(file(std::vector<std::string>{broken.url("/f"), good.url("/f")}));
        ASSERT_THAT(result, Succeeded());
        EXPECT_EQ(stored(), "body");
        EXPECT_LE(broken.accepted(), 2);
        EXPECT_LT(Clock::now() - began, 2s);
        expect_error(broken.url("/f"), code, words);
        EXPECT_LE(broken.accepted(), 2 * (1 + static_cast<int>(request_options.retries)));
        expect_no_sockets_to(broken.port());
    }
    void expect_error(const std::string& url, std::error_code code, std::string_view words) {
        const auto error = failure_of(url);
        EXPECT_EQ(error.code, code) << error.code.message() << ": " << error.cause;
        EXPECT_THAT(error.cause, HasSubstr(std::string(words)));
        EXPECT_THAT(error.address, Not(IsEmpty()));
    }
};

INSTANTIATE_TEST_SUITE_P(, TlsHandshake, ::testing::Values(TlsVersion::tls1_2, TlsVersion::tls1_3), version_name);

constexpr auto kDuring = "during the TLS handshake";

// 22
TEST_P(TlsHandshake, rst_before_the_server_hello_is_the_mirrors_failure) {
    expect_left_for_the_next_mirror({tls::ClientHello{}, tls::Reset{}}, net::NetErrc::reset, kDuring);
}

TEST_P(TlsHandshake, rst_after_the_server_hello_is_the_mirrors_failure) {
    // TLS 1.3 has nothing left for the client to wait for, so the end shows in what follows.
    const bool done = GetParam() == TlsVersion::tls1_3;
    expect_left_for_the_next_mirror({tls::ServerHello{}, tls::Reset{}}, net::NetErrc::reset, done ? "" : kDuring);
}

// 23
TEST_P(TlsHandshake, fin_at_once_is_the_mirrors_failure) { expect_left_for_the_next_mirror({tls::Fin{}}, net::NetErrc::closed, kDuring); }

TEST_P(TlsHandshake, fin_after_the_client_hello_is_the_mirrors_failure) {
    expect_left_for_the_next_mirror({tls::ClientHello{}, tls::Fin{}}, net::NetErrc::closed, kDuring);
}

TEST_P(TlsHandshake, fin_after_the_server_hello_is_the_mirrors_failure) {
    const bool done = GetParam() == TlsVersion::tls1_3;
    expect_left_for_the_next_mirror({tls::ServerHello{}, tls::Fin{}}, net::NetErrc::closed, done ? "" : kDuring);
}

TEST_P(TlsHandshake, fin_right_after_the_handshake_is_the_mirrors_failure) {
    expect_left_for_the_next_mirror({tls::Handshake{}, tls::Fin{}}, net::NetErrc::closed, "");
}

TEST_P(TlsHandshake, close_notify_right_after_the_handshake_is_the_mirrors_failure) {
    expect_left_for_the_next_mirror({tls::Handshake{}, tls::CloseNotify{}, tls::Fin{}}, net::NetErrc::closed, "");
}

TEST_P(TlsHandshake, fin_instead_of_an_answer_is_the_mirrors_failure) {
    expect_left_for_the_next_mirror({tls::Handshake{}, tls::Answer{.bytes = ""}, tls::Fin{}}, net::NetErrc::closed, "without an answer");
}

TEST_P(TlsHandshake, an_alert_is_named_and_ends_that_mirror) {
    constexpr std::uint8_t internal_error = 80;
    expect_left_for_the_next_mirror({tls::ClientHello{}, tls::Alert{.description = internal_error}}, net::NetErrc::tls_failed,
                                    "internal error");
}

TEST_P(TlsHandshake, an_alert_for_an_unknown_name_is_explained) {
    constexpr std::uint8_t unrecognized_name = 112;
    DocumentPeer peer(versioned());
    peer.on_accept(0, {tls::ClientHello{}, tls::Alert{.description = unrecognized_name}});
    const auto error = failure_of(peer.url("/f", "localhost"));
    EXPECT_EQ(error.code, net::NetErrc::tls_failed);
    EXPECT_THAT(error.next_step, HasSubstr("host name"));
    EXPECT_EQ(peer.accepted(), 1);
}

TEST_P(TlsHandshake, garbage_in_place_of_the_server_hello_is_an_error_at_once) {
    for (const std::string& bytes :
         {content_of(5000), std::string(5000, '\0'), std::string("\x16\x03\x03\x40\x00", 5) + content_of(16384)}) {
        TlsPeer peer(versioned());
        peer.on_accept(0, {tls::ClientHello{}, tls::SendRaw{.bytes = bytes}, tls::WaitForClose{}});
        EXPECT_EQ(failure_of(peer.url("/f")).code, net::NetErrc::tls_failed);
        EXPECT_EQ(peer.accepted(), 1);
    }
}

TEST_P(TlsHandshake, garbage_after_the_server_hello_is_an_error_at_once) {
    TlsPeer peer(versioned());
    peer.on_accept(0, {tls::ServerHello{}, tls::SendRaw{.bytes = content_of(5000)}, tls::WaitForClose{}});
    EXPECT_EQ(failure_of(peer.url("/f")).code, net::NetErrc::tls_failed);
    EXPECT_EQ(peer.accepted(), 1);
}

TEST_P(TlsHandshake, silence_ends_at_the_limit) {
    request_options.timeout = 200ms;
    request_options.retries = 1;
    for (const Steps& steps : {Steps{tls::Ignore{}}, Steps{tls::ClientHello{}, tls::Ignore{}}}) {
        TlsPeer peer(versioned());
        peer.on_accept(0, steps);
        const auto began = Clock::now();
        const auto error = failure_of(peer.url("/f"));
        EXPECT_EQ(error.code, Errc::timed_out);
        EXPECT_THAT(error.cause, HasSubstr("TLS handshake"));
        EXPECT_EQ(error.phase, Phase::securing);
        EXPECT_LT(Clock::now() - began, 2s);
        expect_no_sockets_to(peer.port());
    }
}

TEST_P(TlsHandshake, is_given_up_when_the_caller_stops) {
    TlsPeer peer(versioned());
    peer.on_accept(0, {tls::ClientHello{}, tls::WaitUntil{"never"}});
    std::stop_source stop;
    auto& shared = client();
    auto result = std::async(std::launch::async, [&] { return shared.download({file(peer.url("/f"))}, nullptr, stop.get_token()); });
    ASSERT_TRUE(peer.wait_at("never"));
    stop.request_stop();
    EXPECT_THAT(result.get().at(0), FailedWith(Errc::cancelled));
    EXPECT_TRUE(peer.wait_for_connection(1, [](const tls::SeenConnection& seen) { return seen.peer_fin || seen.peer_reset; }));
    expect_no_sockets_to(peer.port());
}

class TlsOther : public TlsTest {};

TEST_F(TlsOther, only_tls_1_1_is_refused_with_a_reason) {
    TlsPeer peer(peer_options(TlsVersion::tls1_1));
    request_options.retries = 10;
    const auto error = failure_of(peer.url("/f"));
    EXPECT_EQ(error.code, net::NetErrc::tls_failed);
    EXPECT_THAT(error.cause + error.next_step, HasSubstr("TLS 1.2"));
    EXPECT_EQ(peer.accepted(), 1);
}

TEST_F(TlsOther, only_tls_1_1_is_refused_without_verification_too) {
    TlsPeer peer(peer_options(TlsVersion::tls1_1));
    tls().verify = false;
    EXPECT_EQ(failure_of(peer.url("/f")).code, net::NetErrc::tls_failed);
}

TEST_F(TlsOther, a_server_hello_of_an_old_version_is_refused_with_a_reason) {
    // What a server answers that does not look at the versions offered: TLS 1.0, session id empty, RSA with AES-128-CBC.
    std::string hello{"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01", 11};
    hello += content_of(32) + std::string{"\x00\x00\x2f\x00", 4};
    TlsPeer peer(peer_options());
    peer.on_accept(0, {tls::ClientHello{}, tls::SendRaw{.bytes = hello}, tls::WaitForClose{}});
    const auto error = failure_of(peer.url("/f"));
    EXPECT_EQ(error.code, net::NetErrc::tls_failed);
    EXPECT_THAT(error.cause, HasSubstr("TLS 1.2"));
}

TEST_F(TlsOther, plain_http_on_that_port_is_told) {
    // The scripted origin answers the ClientHello, which is no request, with nothing: it must speak first, as a real one does with 400.
    const NginxServer server;
    server.publish("f", "body");
    request_options.retries = 10;
    const auto error = failure_of("https://127.0.0.1:" + std::to_string(server.port()) + "/f");
    EXPECT_EQ(error.code, net::NetErrc::tls_failed);
    EXPECT_THAT(error.cause, HasSubstr("does not speak TLS"));
    EXPECT_THAT(error.next_step, HasSubstr("http://"));
    EXPECT_EQ(count_of(ConnectionEventKind::dialling), 1);
}

TEST_F(TlsOther, a_protocol_that_speaks_first_is_told) {
    TlsPeer peer(peer_options());
    peer.on_accept(0, {tls::SendRaw{.bytes = "SSH-2.0-OpenSSH_9.2p1\r\n"}, tls::WaitForClose{}});
    EXPECT_THAT(failure_of(peer.url("/f")).cause, HasSubstr("does not speak TLS"));
    EXPECT_EQ(peer.accepted(), 1);
}

TEST_F(TlsOther, tls_on_a_port_that_was_taken_for_plain_http_is_an_error) {
    DocumentPeer peer(peer_options());
    request_options.retries = 2;
    const auto error = failure_of("http://127.0.0.1:" + std::to_string(peer.port()) + "/f");
    EXPECT_THAT(describe(error), Not(IsEmpty()));
    EXPECT_LE(peer.accepted(), 3);
}

TEST_F(TlsOther, nobody_at_that_port_is_refused_as_without_tls) {
    const auto port = [] {
        const auto listener = listen_on("127.0.0.1");
        return local_port(listener.get());
    }();
    EXPECT_EQ(failure_of("https://127.0.0.1:" + std::to_string(port) + "/f").code, net::NetErrc::connect_refused);
}

}  // namespace
}  // namespace lastack::test
