// The TLS options of a .repo file, end to end: what they let through, and that nothing is changed when they do not.
#include "scratch_root.hpp"
#include "support/test_ca.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

namespace lastack::cli::test {
namespace {

using lastack::test::CertificateFiles;
using lastack::test::NginxTls;
using lastack::test::SignedBy;
using lastack::test::TestCa;
using lastack::test::Validity;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Version 1.0 of `tool` is installed; a server with this certificate has 2.0.
class TlsOptions : public testing::Test {
protected:
    TlsOptions() { root.install({{.name = "tool"}}); }

    const NginxServer& serve(const CertificateFiles& files, const std::filesystem::path& client_ca = {}) {
        return nginx.emplace(NginxOptions{.root = root.served(),
                                          .tls = NginxTls{.certificate = files.certificate, .key = files.key, .client_ca = client_ca}});
    }
    [[nodiscard]] std::string trusted() const { return "sslcacert=" + ca.certificate().string() + "\n"; }
    [[nodiscard]] ProcessResult update_with(const std::string& options) {
        root.add_repository(*nginx, "core", {{.name = "tool", .version = "2.0"}}, "gpgcheck=0\nretries=2\n" + options);
        return root.lastack({"-y", "update"});
    }
    void expect_updated(const ProcessResult& run) const {
        EXPECT_EQ(run.status, 0) << told(run);
        EXPECT_THAT(root.installed(), ElementsAre("tool-2.0-1"));
    }
    void expect_refused(const ProcessResult& run, const std::string& why) const {
        EXPECT_EQ(run.status, 1) << told(run);
        EXPECT_THAT(run.err, HasSubstr(why));
        EXPECT_THAT(root.installed(), ElementsAre("tool-1.0-1"));
        EXPECT_THAT(root.cached(".rpm"), IsEmpty());
        EXPECT_THAT(root.cached("repomd.xml"), IsEmpty());
    }

    ScratchRoot root;
    TestCa ca;
    TestCa elsewhere{"another CA"};
    std::optional<NginxServer> nginx;
};

TEST_F(TlsOptions, sslcacert_names_a_file_or_a_directory_of_trusted_issuers) {
    serve(ca.server());
    for (const auto& trusted : {ca.certificate(), ca.directory(), ca.hashed_directory()}) {
        const ScratchRoot fresh;
        fresh.write_repo_file("core", "[core]\nbaseurl=" + nginx->url("/core") + "\ngpgcheck=0\nsslcacert=" + trusted.string() + "\n");
        root.publish("core", {{.name = "tool", .version = "2.0"}});
        const auto run = fresh.lastack({"-y", "install", "tool"});
        EXPECT_EQ(run.status, 0) << told(run);
        EXPECT_THAT(fresh.installed(), ElementsAre("tool-2.0-1"));
    }
}

TEST_F(TlsOptions, sslverify_0_takes_any_certificate_and_1_in_another_repository_still_does_not) {
    serve(ca.issue({.dns = {"elsewhere.test"}, .ips = {}, .valid = Validity::expired, .signed_by = SignedBy::itself}));
    root.write_repo_file("strict",
                         "[strict]\nbaseurl=" + nginx->url("/core") + "\ngpgcheck=0\nretries=1\nskip_if_unavailable=1\n" + trusted());
    const auto run = update_with("sslverify=0\n");
    expect_updated(run);
    EXPECT_THAT(run.err, HasSubstr("warning: repository 'strict' is left out"));
}

TEST_F(TlsOptions, an_unknown_issuer_is_told_and_nothing_is_changed) {
    serve(ca.server());
    const auto run = update_with("sslcacert=" + elsewhere.certificate().string() + "\n");
    expect_refused(run, "the certificate of 127.0.0.1 comes from an unknown issuer");
    EXPECT_THAT(run.err, HasSubstr("sslcacert"));
}

TEST_F(TlsOptions, an_expired_certificate_is_told_with_its_date_and_the_clock) {
    serve(ca.issue({.valid = Validity::expired}));
    const auto run = update_with(trusted());
    expect_refused(run, "the certificate of 127.0.0.1 expired on ");
    EXPECT_THAT(run.err, HasSubstr("your clock says "));
}

TEST_F(TlsOptions, a_certificate_for_another_host_is_told_with_its_names) {
    serve(ca.wrong_host());
    expect_refused(update_with(trusted()), "the certificate is for elsewhere.test, not for 127.0.0.1");
}

TEST_F(TlsOptions, a_file_of_trusted_issuers_that_is_missing_is_told) {
    serve(ca.server());
    expect_refused(update_with("sslcacert=/no/such/file.pem\n"), "/no/such/file.pem");
}

TEST_F(TlsOptions, each_repository_shows_its_own_client_certificate) {
    serve(ca.server(), ca.certificate());
    const auto one = ca.client("one");
    const auto two = ca.client("two");
    root.add_repository(
        *nginx, "first", {{.name = "tool", .version = "2.0"}},
        "gpgcheck=0\n" + trusted() + "sslclientcert=" + one.certificate.string() + "\nsslclientkey=" + one.key.string() + "\n");
    root.add_repository(*nginx, "second", {{.name = "other"}},
                        "gpgcheck=0\n" + trusted() + "sslclientcert=" + two.combined.string() + "\n");
    const auto run = root.lastack({"-y", "install", "tool", "other"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(root.installed(), ElementsAre("other-1.0-1", "tool-2.0-1"));
    const auto log = nginx->wait_for_log(6);
    EXPECT_THAT(log, testing::SizeIs(6));
    for (const auto& line : log) {
        EXPECT_EQ(line.tls_client, line.request.contains("/first/") ? "CN=one" : "CN=two") << line.request;
    }
}

TEST_F(TlsOptions, without_the_client_certificate_that_is_asked_for_nothing_is_changed) {
    serve(ca.server(), ca.certificate());
    expect_refused(update_with(trusted()), "400");
    const auto stranger = elsewhere.client();
    expect_refused(update_with(trusted() + "sslclientcert=" + stranger.combined.string() + "\n"), "400");
    const auto client = ca.client();
    expect_refused(
        update_with(trusted() + "sslclientcert=" + client.certificate.string() + "\nsslclientkey=" + stranger.key.string() + "\n"),
        "sslclientkey");
}

TEST_F(TlsOptions, hold_for_the_mirrorlist_its_mirrors_and_the_key) {
    serve(ca.server());
    root.publish("core", {{.name = "tool", .version = "2.0", .signed_by = "vendor"}});
    std::filesystem::copy_file(lastack::test::signing_key("vendor").armoured, root.served() / "key.asc");
    std::ofstream(root.served() / "mirrors") << "# mirrors\n" << nginx->url("/core") << "\n";
    root.write_repo_file(
        "core", "[core]\nmirrorlist=" + nginx->url("/mirrors") + "\ngpgcheck=1\ngpgkey=" + nginx->url("/key.asc") + "\n" + trusted());
    const auto run = root.lastack({"-y", "update"});
    expect_updated(run);
    EXPECT_THAT(root.keys(), ElementsAre(lastack::test::signing_key("vendor").user_id));
    const auto log = nginx->wait_for_log(5);
    EXPECT_THAT(requests_for(log, "/mirrors"), testing::SizeIs(1));
    EXPECT_THAT(requests_for(log, "/key.asc"), testing::SizeIs(1));
    EXPECT_THAT(log, Each(Field(&NginxLogLine::status, 200)));
}

TEST_F(TlsOptions, a_mirrorlist_of_an_unknown_issuer_is_not_read) {
    serve(ca.server());
    root.publish("core", {{.name = "tool", .version = "2.0"}});
    std::ofstream(root.served() / "mirrors") << nginx->url("/core") << "\n";
    root.write_repo_file("core", "[core]\nmirrorlist=" + nginx->url("/mirrors") +
                                     "\ngpgcheck=0\nretries=2\nsslcacert=" + elsewhere.certificate().string() + "\n");
    expect_refused(root.lastack({"-y", "update"}), "unknown issuer");
}

TEST_F(TlsOptions, a_key_of_an_unknown_issuer_is_not_imported) {
    const NginxServer plain({.root = root.served()});
    serve(ca.issue({.signed_by = SignedBy::unknown_ca}));
    root.publish("core", {{.name = "tool", .version = "2.0", .signed_by = "vendor"}});
    std::filesystem::copy_file(lastack::test::signing_key("vendor").armoured, root.served() / "key.asc");
    root.write_repo_file(
        "core", "[core]\nbaseurl=" + plain.url("/core") + "\ngpgcheck=1\nretries=2\ngpgkey=" + nginx->url("/key.asc") + "\n" + trusted());
    const auto run = root.lastack({"-y", "update"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("unknown issuer"));
    EXPECT_THAT(root.installed(), ElementsAre("tool-1.0-1"));
    EXPECT_THAT(root.keys(), IsEmpty());
}

}  // namespace
}  // namespace lastack::cli::test
