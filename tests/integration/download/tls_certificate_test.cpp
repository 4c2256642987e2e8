// Which certificates are accepted, and what is said of those that are not.
#include "tls_fixture.hpp"

#include <fstream>
#include <optional>

namespace lastack::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kDate = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC";

class TlsCertificate : public TlsTest {
protected:
    // A server with that certificate, asked for a document.
    [[nodiscard]] Error rejection_of(const CertificateFiles& identity) {
        DocumentPeer peer({.identity = identity});
        const auto result = fetch(document(peer.url("/f")));
        EXPECT_THAT(result, FailedWith(net::NetErrc::certificate_rejected));
        EXPECT_EQ(peer.accepted(), 1) << "no second try helps";
        EXPECT_TRUE(peer.wait_until_all_closed());
        EXPECT_TRUE(peer.record().connections.front().requests.empty());
        return result ? Error{} : result.error();
    }
    void expect_accepted(const CertificateFiles& identity, std::string_view host = "127.0.0.1") {
        DocumentPeer peer({.identity = identity});
        EXPECT_THAT(fetch(document(peer.url("/f", host))), Succeeded());
    }
    [[nodiscard]] CertificateFiles with_chain(const CertificateFiles& files, const std::string& more) {
        auto longer = files;
        std::ifstream in(files.certificate);
        longer.certificate = directory.write("chain.pem", std::string(std::istreambuf_iterator<char>(in), {}) + more);
        return longer;
    }
};

TEST_F(TlsCertificate, of_an_issuer_in_the_ca_file_is_accepted) { expect_accepted(ca.server()); }

TEST_F(TlsCertificate, of_an_issuer_in_the_ca_directory_is_accepted) {
    tls().ca = ca.directory();
    expect_accepted(ca.server());
}

TEST_F(TlsCertificate, of_an_issuer_in_a_directory_of_hashed_names_is_accepted) {
    tls().ca = ca.hashed_directory();
    expect_accepted(ca.server());
}

TEST_F(TlsCertificate, of_an_issuer_in_the_file_that_the_environment_names_is_accepted) {
    const EnvironmentVariable variable("SSL_CERT_FILE", ca.certificate());
    tls().ca.clear();
    expect_accepted(ca.server());
}

TEST_F(TlsCertificate, of_an_issuer_in_the_directory_that_the_environment_names_is_accepted) {
    const EnvironmentVariable variable("SSL_CERT_DIR", ca.directory());
    tls().ca.clear();
    expect_accepted(ca.server());
}

TEST_F(TlsCertificate, of_an_issuer_that_the_system_does_not_know_is_rejected) {
    tls().ca.clear();
    const auto error = rejection_of(ca.server());
    EXPECT_THAT(error.cause, AnyOf(HasSubstr("unknown issuer"), HasSubstr("no trust store")));
}

TEST_F(TlsCertificate, the_option_wins_over_the_environment) {
    const EnvironmentVariable variable("SSL_CERT_FILE", ca.certificate());
    const TestCa other("other");
    tls().ca = other.certificate();
    EXPECT_THAT(rejection_of(ca.server()).cause, HasSubstr("unknown issuer"));
}

TEST_F(TlsCertificate, that_names_only_the_host_name_is_accepted_for_it) {
    expect_accepted(ca.issue({.dns = {"localhost"}, .ips = {}}), "localhost");
}

TEST_F(TlsCertificate, that_names_only_the_address_is_accepted_for_it) {
    expect_accepted(ca.issue({.common_name = "none", .dns = {}, .ips = {"127.0.0.1"}}));
}

TEST_F(TlsCertificate, that_names_a_v6_address_is_accepted_for_it) {
    DocumentPeer peer({.identity = ca.issue({.common_name = "none", .dns = {}, .ips = {"::1"}})}, "::1");
    EXPECT_THAT(fetch(document(peer.url("/f", "[::1]"))), Succeeded());
}

TEST_F(TlsCertificate, of_an_intermediate_that_is_sent_along_is_accepted) {
    expect_accepted(ca.issue({.intermediate = Intermediate::sent}));
}

TEST_F(TlsCertificate, is_asked_for_without_regard_to_the_case_of_the_host) {
    expect_accepted(ca.issue({.dns = {"localhost"}, .ips = {}}), "LocalHost");
}

TEST_F(TlsCertificate, that_expired_is_rejected_with_both_dates) {
    const auto error = rejection_of(ca.issue({.valid = Validity::expired}));
    EXPECT_THAT(error.cause,
                ContainsRegex(std::string("^the certificate of 127.0.0.1 expired on ") + kDate + " \\(your clock says " + kDate + "\\)$"));
    EXPECT_THAT(error.next_step, HasSubstr("clock"));
    EXPECT_EQ(error.phase, Phase::securing);
}

TEST_F(TlsCertificate, that_is_not_valid_yet_is_rejected_with_both_dates) {
    const auto error = rejection_of(ca.issue({.valid = Validity::not_yet}));
    EXPECT_THAT(error.cause, ContainsRegex(std::string("^the certificate of 127.0.0.1 is not valid before ") + kDate +
                                           " \\(your clock says " + kDate + "\\)$"));
    EXPECT_THAT(error.next_step, HasSubstr("clock"));
}

TEST_F(TlsCertificate, of_another_host_is_rejected_with_its_names) {
    const auto error = rejection_of(ca.issue({.dns = {"one.test", "two.test"}, .ips = {"192.0.2.7", "2001:db8::1"}}));
    EXPECT_THAT(error.cause, AllOf(HasSubstr("one.test"), HasSubstr("two.test"), HasSubstr("192.0.2.7"), HasSubstr("2001:0db8:"),
                                   HasSubstr("not for 127.0.0.1")));
    EXPECT_THAT(error.next_step, HasSubstr("name"));
}

TEST_F(TlsCertificate, with_more_names_than_fit_a_message_is_rejected_with_some_of_them) {
    std::vector<std::string> names;
    for (int i = 1; i <= 50; ++i) {
        names.push_back("n" + std::to_string(i) + ".test");
    }
    const auto error = rejection_of(ca.issue({.dns = names, .ips = {}}));
    EXPECT_THAT(error.cause, AllOf(HasSubstr("n1.test"), HasSubstr("and others"), Not(HasSubstr("n50.test"))));
}

TEST_F(TlsCertificate, without_alternative_names_is_rejected_for_an_address) {
    const auto error = rejection_of(ca.issue({.common_name = "127.0.0.1", .dns = {}, .ips = {}}));
    EXPECT_THAT(error.cause, HasSubstr("not for 127.0.0.1"));
}

TEST_F(TlsCertificate, of_an_unknown_issuer_is_rejected_with_its_name) {
    const auto error = rejection_of(ca.issue({.signed_by = SignedBy::unknown_ca}));
    EXPECT_THAT(error.cause, AllOf(HasSubstr("unknown issuer"), HasSubstr("unknown CA")));
    EXPECT_THAT(error.next_step, HasSubstr("sslcacert"));
}

TEST_F(TlsCertificate, of_an_unknown_issuer_whose_certificate_is_sent_along_is_rejected_with_its_name) {
    TestCa other("somebody else");
    const auto error = rejection_of(with_chain(other.server(), other.pem()));
    EXPECT_THAT(error.cause, AllOf(HasSubstr("unknown issuer"), HasSubstr("somebody else"), Not(HasSubstr("self-signed"))));
    EXPECT_THAT(error.next_step, HasSubstr("sslcacert"));
}

TEST_F(TlsCertificate, of_an_issuer_that_only_has_the_name_of_a_trusted_one_is_rejected) {
    const auto error = rejection_of(ca.issue({.signed_by = SignedBy::forged_ca}));
    EXPECT_THAT(error.cause, Not(IsEmpty()));
    EXPECT_THAT(error.next_step, Not(IsEmpty()));
}

TEST_F(TlsCertificate, that_is_self_signed_is_rejected_with_the_way_to_trust_it) {
    const auto error = rejection_of(ca.issue({.signed_by = SignedBy::itself}));
    EXPECT_THAT(error.cause, HasSubstr("self-signed"));
    EXPECT_THAT(error.next_step, HasSubstr("sslcacert"));
}

TEST_F(TlsCertificate, that_is_self_signed_is_accepted_when_it_is_named_as_trusted) {
    const auto identity = ca.issue({.signed_by = SignedBy::itself});
    tls().ca = identity.certificate;
    expect_accepted(identity);
}

TEST_F(TlsCertificate, whose_intermediate_is_left_out_is_rejected_with_its_name) {
    const auto error = rejection_of(ca.issue({.intermediate = Intermediate::left_out}));
    EXPECT_THAT(error.cause, HasSubstr("lastack test intermediate"));
    EXPECT_THAT(error.next_step, HasSubstr("intermediate"));
}

TEST_F(TlsCertificate, of_a_client_is_rejected_when_a_server_shows_it) {
    const auto error = rejection_of(ca.issue({.purpose = Purpose::client}));
    EXPECT_THAT(error.cause, Not(IsEmpty()));
    EXPECT_THAT(error.next_step, Not(IsEmpty()));
}

TEST_F(TlsCertificate, with_control_characters_in_its_names_is_shown_without_them) {
    const auto error = rejection_of(ca.issue({.common_name = "evil\x1b[31m\ntext", .dns = {}, .ips = {}}));
    EXPECT_THAT(error.cause, HasSubstr("evil"));
    EXPECT_EQ(error.cause.find_first_of("\x1b\n"), std::string::npos) << error.cause;
}

TEST_F(TlsCertificate, is_not_looked_at_when_verification_is_off) {
    tls().verify = false;
    const CertificateOptions cases[] = {{.valid = Validity::expired},
                                        {.valid = Validity::not_yet},
                                        {.dns = {"elsewhere.test"}, .ips = {}},
                                        {.signed_by = SignedBy::unknown_ca},
                                        {.signed_by = SignedBy::itself},
                                        {.signed_by = SignedBy::forged_ca},
                                        {.intermediate = Intermediate::left_out},
                                        {.purpose = Purpose::client}};
    for (const auto& each : cases) {
        expect_accepted(ca.issue(each));
    }
}

TEST_F(TlsCertificate, rejected_ends_that_mirror_at_once_and_the_next_one_serves_the_file) {
    TlsPeer bad({.identity = ca.issue({.valid = Validity::expired})});
    TlsPeer good(peer_options());
    good.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = answer("content")}});
    request_options.retries = 10;
    const auto began = Clock::now();
    const auto result = download(file(std::vector<std::string>{bad.url("/f"), good.url("/f")}));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(stored(), "content");
    EXPECT_EQ(bad.accepted(), 1);
    EXPECT_LT(Clock::now() - began, 2s) << "nothing was waited for";
}

TEST_F(TlsCertificate, rejected_by_every_mirror_is_told_after_one_try_each) {
    DocumentPeer one({.identity = ca.issue({.valid = Validity::expired})});
    DocumentPeer two({.identity = ca.wrong_host()});
    request_options.retries = 10;
    const auto result = download(file(std::vector<std::string>{one.url("/f"), two.url("/f")}));
    EXPECT_THAT(result, FailedWith(net::NetErrc::certificate_rejected));
    EXPECT_EQ(one.accepted(), 1);
    EXPECT_EQ(two.accepted(), 1);
    EXPECT_FALSE(exists("file"));
}

TEST_F(TlsCertificate, rejected_tells_the_server_why) {
    DocumentPeer peer({.identity = ca.issue({.signed_by = SignedBy::unknown_ca})});
    (void)failure_of(peer.url("/f"));
    ASSERT_TRUE(peer.wait_until_all_closed());
    constexpr int unknown_ca = 48;
    EXPECT_EQ(peer.record().connections.front().alert, unknown_ca);
}

}  // namespace
}  // namespace lastack::test
