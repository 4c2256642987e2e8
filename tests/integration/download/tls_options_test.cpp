// Files that cannot be used, client certificates, and what requests of different options may share.
#include "tls_fixture.hpp"

#include <future>

namespace lastack::test {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TlsOption : public TlsTest {
protected:
    void expect_bad_file(const std::filesystem::path& named) {
        DocumentPeer peer(peer_options());
        request_options.retries = 10;
        const auto result = fetch(document(peer.url("/f")));
        ASSERT_THAT(result, FailedWith(net::NetErrc::bad_tls_file));
        EXPECT_THAT(result.error().cause, HasSubstr("'" + named.string() + "'"));
        EXPECT_THAT(result.error().next_step, Not(IsEmpty()));
        EXPECT_LE(peer.accepted(), 1);
        EXPECT_TRUE(peer.wait_until_all_closed());
        for (const auto& connection : peer.record().connections) {
            EXPECT_FALSE(connection.client_hello) << "nothing may be said without it";
        }
    }
};

TEST_F(TlsOption, a_ca_file_that_is_not_there_is_named) {
    tls().ca = directory / "missing.pem";
    expect_bad_file(tls().ca);
}

TEST_F(TlsOption, a_ca_file_of_garbage_is_named) {
    tls().ca = directory.write("garbage.pem", content_of(5000));
    expect_bad_file(tls().ca);
}

TEST_F(TlsOption, a_ca_file_with_a_broken_certificate_is_named) {
    tls().ca = directory.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    expect_bad_file(tls().ca);
}

TEST_F(TlsOption, an_empty_ca_file_is_named) {
    tls().ca = directory.write("empty.pem", "");
    expect_bad_file(tls().ca);
}

TEST_F(TlsOption, an_empty_ca_directory_is_named) {
    tls().ca = directory / "empty";
    std::filesystem::create_directory(tls().ca);
    expect_bad_file(tls().ca);
}

TEST_F(TlsOption, a_client_certificate_that_is_not_there_is_named) {
    tls().client_certificate = directory / "missing.pem";
    expect_bad_file(tls().client_certificate);
}

TEST_F(TlsOption, a_client_certificate_of_garbage_is_named) {
    tls().client_certificate = directory.write("garbage.pem", content_of(5000));
    expect_bad_file(tls().client_certificate);
}

TEST_F(TlsOption, a_client_key_that_is_not_there_is_named) {
    tls().client_certificate = ca.client().certificate;
    tls().client_key = directory / "missing.pem";
    expect_bad_file(tls().client_key);
}

TEST_F(TlsOption, a_client_key_of_garbage_is_named) {
    tls().client_certificate = ca.client().certificate;
    tls().client_key = directory.write("garbage.pem", content_of(5000));
    expect_bad_file(tls().client_key);
}

TEST_F(TlsOption, a_client_certificate_without_a_key_is_named) {
    tls().client_certificate = ca.client().certificate;
    expect_bad_file(tls().client_certificate);
}

TEST_F(TlsOption, a_client_key_of_another_certificate_is_named) {
    tls().client_certificate = ca.client("one").certificate;
    tls().client_key = ca.client("two").key;
    expect_bad_file(tls().client_key);
}

TEST_F(TlsOption, a_file_that_comes_later_is_used_then) {
    DocumentPeer peer(peer_options());
    tls().ca = directory / "later.pem";
    EXPECT_EQ(failure_of(peer.url("/f")).code, net::NetErrc::bad_tls_file);
    directory.write("later.pem", ca.pem());
    EXPECT_THAT(fetch(document(peer.url("/f"))), Succeeded());
}

class TlsClientCertificate : public TlsVersions {
protected:
    [[nodiscard]] TlsPeerOptions demanding() {
        auto options = versioned();
        options.client_ca = ca.certificate();
        return options;
    }
};

INSTANTIATE_TEST_SUITE_P(, TlsClientCertificate, ::testing::Values(TlsVersion::tls1_2, TlsVersion::tls1_3), version_name);

TEST_P(TlsClientCertificate, in_two_files_is_shown) {
    const auto mine = ca.client("anna");
    tls().client_certificate = mine.certificate;
    tls().client_key = mine.key;
    DocumentPeer peer(demanding());
    EXPECT_THAT(fetch(document(peer.url("/f"))), Succeeded());
    EXPECT_EQ(peer.record().connections.front().client_certificate, "anna");
}

TEST_P(TlsClientCertificate, in_one_file_with_its_key_is_shown) {
    tls().client_certificate = ca.client("anna").combined;
    DocumentPeer peer(demanding());
    EXPECT_THAT(fetch(document(peer.url("/f"))), Succeeded());
    EXPECT_EQ(peer.record().connections.front().client_certificate, "anna");
}

TEST_P(TlsClientCertificate, is_shown_with_its_intermediate) {
    tls().client_certificate = ca.issue({.common_name = "anna", .purpose = Purpose::client, .intermediate = Intermediate::sent}).combined;
    DocumentPeer peer(demanding());
    EXPECT_THAT(fetch(document(peer.url("/f"))), Succeeded());
    EXPECT_EQ(peer.record().connections.front().client_certificate, "anna");
}

TEST_P(TlsClientCertificate, that_is_wanted_and_missing_is_a_clear_error_after_one_try) {
    DocumentPeer peer(demanding());
    request_options.retries = 10;
    const auto error = failure_of(peer.url("/f"));
    EXPECT_EQ(error.code, net::NetErrc::tls_failed) << error.cause;
    EXPECT_THAT(error.next_step, HasSubstr("sslclientcert")) << error.cause;
    EXPECT_LE(peer.accepted(), 2);
    EXPECT_TRUE(peer.wait_until_all_closed());
}

TEST_P(TlsClientCertificate, that_the_server_does_not_accept_is_a_clear_error_after_one_try) {
    TestCa other("other");
    tls().client_certificate = other.client("anna").combined;
    DocumentPeer peer(demanding());
    request_options.retries = 10;
    const auto error = failure_of(peer.url("/f"));
    EXPECT_EQ(error.code, net::NetErrc::tls_failed) << error.cause;
    EXPECT_THAT(error.next_step, HasSubstr("sslclientcert")) << error.cause;
    EXPECT_LE(peer.accepted(), 2);
}

TEST_P(TlsClientCertificate, that_one_mirror_wants_does_not_keep_the_file_from_the_next) {
    TlsPeer strict(demanding());
    TlsPeer open(versioned());
    open.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = answer("content")}});
    request_options.retries = 10;
    ASSERT_THAT(download(file(std::vector<std::string>{strict.url("/f"), open.url("/f")})), Succeeded());
    EXPECT_EQ(stored(), "content");
    EXPECT_LE(strict.accepted(), 2);
}

TEST_P(TlsClientCertificate, is_asked_for_by_nginx_with_a_status) {
    auto wanted = nginx_options(protocols());
    wanted.tls->client_ca = ca.certificate();
    const NginxServer server(wanted);
    server.publish("f", "body");
    const auto error = failure_of(server.url("/f"));
    EXPECT_EQ(error.http_status, 400);
    tls().client_certificate = ca.client().combined;
    expect_body(server.url("/f"), "body");
}

class TlsSharing : public TlsVersions {};

INSTANTIATE_TEST_SUITE_P(, TlsSharing, ::testing::Values(TlsVersion::tls1_2, TlsVersion::tls1_3), version_name);

TEST_P(TlsSharing, requests_of_equal_options_share_a_connection) {
    const NginxServer server(nginx_options(protocols()));
    server.publish("f", "body");
    client().expect_more(true);
    for (int round = 0; round < 10; ++round) {
        expect_body(server.url("/f"), "body");
    }
    const auto lines = server.wait_for_log(10);
    EXPECT_EQ(distinct_connections(lines), 1u);
    EXPECT_EQ(lines.at(0).tls_protocol, protocols());
}

TEST_P(TlsSharing, a_new_connection_of_equal_options_resumes_the_session) {
    const NginxServer server(nginx_options(protocols()));
    server.publish("f", "body");
    request_options.keepalive = false;
    for (int round = 0; round < 3; ++round) {
        expect_body(server.url("/f"), "body");
    }
    const auto lines = server.wait_for_log(3);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_FALSE(lines[0].tls_resumed);
    EXPECT_TRUE(lines[1].tls_resumed);
    EXPECT_TRUE(lines[2].tls_resumed);
    EXPECT_EQ(distinct_connections(lines), 3u);
}

TEST_P(TlsSharing, requests_of_different_options_share_neither_connection_nor_session) {
    auto optional = nginx_options(protocols());
    optional.server_directives = "ssl_verify_client optional_no_ca;";
    const NginxServer server(optional);
    server.publish("f", "body");
    client().expect_more(true);
    const TlsOptions base = tls();
    std::vector<TlsOptions> all(5, base);
    all[1].ca = ca.directory();
    all[2].verify = false;
    all[3].client_certificate = ca.client("one").combined;
    all[4].client_certificate = ca.client("two").combined;
    for (const auto& each : all) {
        tls() = each;
        expect_body(server.url("/f"), "body");
    }
    const auto lines = server.wait_for_log(all.size());
    ASSERT_EQ(lines.size(), all.size());
    EXPECT_EQ(distinct_connections(lines), all.size());
    for (const auto& line : lines) {
        EXPECT_FALSE(line.tls_resumed);
    }
}

TEST_P(TlsSharing, a_session_got_without_verification_is_no_way_around_it) {
    DocumentPeer peer({.identity = ca.wrong_host(), .min = GetParam(), .max = GetParam()});
    tls().verify = false;
    EXPECT_THAT(fetch(document(peer.url("/f"))), Succeeded());
    tls().verify = true;
    EXPECT_EQ(failure_of(peer.url("/f")).code, net::NetErrc::certificate_rejected);
    EXPECT_FALSE(peer.record().connections.at(1).resumed);
}

TEST_P(TlsSharing, a_session_is_not_offered_to_another_host) {
    DocumentPeer one(versioned());
    DocumentPeer two(versioned());
    request_options.keepalive = false;
    EXPECT_THAT(fetch(document(one.url("/f"))), Succeeded());
    EXPECT_THAT(fetch(document(one.url("/f", "localhost"))), Succeeded()) << "the same server under another name";
    EXPECT_THAT(fetch(document(two.url("/f"))), Succeeded());
    for (const auto& seen : {one.record(), two.record()}) {
        for (const auto& connection : seen.connections) {
            EXPECT_FALSE(connection.resumed) << connection.number;
            EXPECT_FALSE(connection.session_offered) << connection.number;
        }
    }
}

TEST_P(TlsSharing, a_session_that_the_server_forgot_costs_a_whole_handshake_and_nothing_else) {
    DocumentPeer peer(versioned());
    request_options.keepalive = false;
    EXPECT_THAT(fetch(document(peer.url("/f"))), Succeeded());
    peer.restart_tls(versioned());
    EXPECT_THAT(fetch(document(peer.url("/f"))), Succeeded());
    const auto seen = peer.record();
    EXPECT_TRUE(seen.connections.at(1).session_offered);
    EXPECT_FALSE(seen.connections.at(1).resumed);
    EXPECT_EQ(peer.accepted(), 2);
}

TEST_P(TlsSharing, a_ticket_of_tls_1_3_is_used_once_and_a_session_of_1_2_again) {
    auto single = versioned();
    single.tickets = 1;
    DocumentPeer peer(single);
    client().expect_more(true);
    // Two at a time, after one that brought a single ticket: only one of them may show it.
    ASSERT_THAT(fetch(document(peer.url("/f"))), Succeeded());
    client().close_connections();
    ASSERT_TRUE(peer.wait_until_all_closed());
    peer.on_accept(0, {tls::ClientHello{}, tls::WaitUntil{"both"}, tls::Handshake{}, tls::Answer{.bytes = answer("body"), .requests = 0}});
    auto& shared = client();
    auto results = std::async(std::launch::async, [&] { return shared.fetch({document(peer.url("/f")), document(peer.url("/g"))}); });
    EXPECT_TRUE(peer.wait_at("both", 2));
    peer.open("both");
    for (const auto& result : results.get()) {
        EXPECT_THAT(result, Succeeded());
    }
    int offered = 0;
    for (const auto& connection : peer.record().connections) {
        offered += connection.session_offered ? 1 : 0;
    }
    EXPECT_EQ(offered, GetParam() == TlsVersion::tls1_3 ? 1 : 2);
}

TEST_F(TlsOption, the_name_is_told_to_the_server_an_address_is_not) {
    DocumentPeer peer(peer_options());
    EXPECT_THAT(fetch(document(peer.url("/f", "localhost"))), Succeeded());
    EXPECT_THAT(fetch(document(peer.url("/f"))), Succeeded());
    const auto seen = peer.record();
    ASSERT_EQ(seen.connections.size(), 2u);
    EXPECT_EQ(seen.connections[0].sni, "localhost");
    EXPECT_EQ(seen.connections[1].sni, "");
}

TEST_F(TlsOption, http_1_1_is_all_that_is_offered) {
    auto choosing = peer_options();
    choosing.alpn = {"h2", "http/1.1"};
    DocumentPeer peer(choosing);
    EXPECT_THAT(fetch(document(peer.url("/f"))), Succeeded());
    const auto seen = peer.record();
    EXPECT_THAT(seen.connections.front().alpn, ElementsAre("http/1.1"));
    EXPECT_EQ(seen.connections.front().alpn_chosen, "http/1.1");
}

}  // namespace
}  // namespace lastack::test
