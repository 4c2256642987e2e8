// `lastack get` and the options for the way to an https server.
#include "scratch_root.hpp"
#include "support/squid_proxy.hpp"
#include "support/test_ca.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli::test {
namespace {

using lastack::test::NginxTls;
using lastack::test::SquidProxy;
using lastack::test::TestCa;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// ScratchRoot keeps the host's configuration out; what its [main] trusts is not this server.
class GetOverHttps : public testing::Test {
protected:
    GetOverHttps() {
        nginx.publish("file", "content");
        root.write_main_configuration("retries=1\nsslcacert=" + elsewhere.certificate().string() + "\n");
    }

    [[nodiscard]] ProcessResult get(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "get");
        arguments.push_back(nginx.url("/file"));
        auto options = root.command(arguments);
        options.directory = here.path().string();
        return lastack::test::run(options);
    }
    void expect_got(const ProcessResult& run) const {
        EXPECT_EQ(run.status, 0) << told(run);
        EXPECT_EQ(here.read("file"), "content");
    }
    void expect_nothing(const ProcessResult& run, const std::string& why) const {
        EXPECT_EQ(run.status, 1) << told(run);
        EXPECT_THAT(run.err, HasSubstr(why));
        EXPECT_TRUE(std::filesystem::is_empty(here.path()));
    }

    ScratchRoot root;
    TestCa ca;
    TestCa elsewhere{"another CA"};
    lastack::test::CertificateFiles server = ca.server();
    NginxServer nginx{NginxOptions{.tls = NginxTls{.certificate = server.certificate, .key = server.key, .client_ca = {}}}};
    TempDirectory here;
};

TEST_F(GetOverHttps, of_an_unknown_issuer_gets_nothing) { expect_nothing(get({}), "unknown issuer"); }

TEST_F(GetOverHttps, cacert_names_who_is_trusted) { expect_got(get({"--cacert", ca.certificate().string()})); }

TEST_F(GetOverHttps, no_sslverify_trusts_everybody) { expect_got(get({"--no-sslverify"})); }

TEST_F(GetOverHttps, sslverify_takes_back_what_the_configuration_says) {
    root.write_main_configuration("sslverify=0\nretries=1\nsslcacert=" + elsewhere.certificate().string() + "\n");
    expect_nothing(get({"--sslverify"}), "unknown issuer");
    expect_got(get({}));
}

TEST_F(GetOverHttps, proxy_is_asked_for_a_tunnel) {
    const SquidProxy squid({.auth = lastack::test::ProxyAuth::basic, .user = "carrier", .password = "hunter3"});
    const auto run =
        get({"-v", "--cacert", ca.certificate().string(), "--proxy", "http://carrier:hunter3@127.0.0.1:" + std::to_string(squid.port())});
    expect_got(run);
    EXPECT_THAT(run.out + run.err, Not(HasSubstr("hunter3")));
    const auto log = squid.wait_for_log(1);
    ASSERT_THAT(log, Not(IsEmpty()));
    EXPECT_EQ(log.back().method, "CONNECT");
    EXPECT_EQ(log.back().user, "carrier");
}

TEST_F(GetOverHttps, proxy_that_refuses_the_tunnel_is_told) {
    const SquidProxy squid({.directives = "http_access deny CONNECT"});
    expect_nothing(get({"--cacert", ca.certificate().string(), "--proxy", squid.url()}), "403");
    EXPECT_THAT(nginx.log(), IsEmpty());
}

TEST_F(GetOverHttps, cert_and_key_are_shown_to_a_server_that_asks) {
    const NginxServer asking(
        NginxOptions{.tls = NginxTls{.certificate = server.certificate, .key = server.key, .client_ca = ca.certificate()}});
    asking.publish("secret", "for members");
    const auto client = ca.client("me");
    auto options = root.command({"get", "--cacert", ca.certificate().string(), "--cert", client.certificate.string(), "--key",
                                 client.key.string(), asking.url("/secret")});
    options.directory = here.path().string();
    const auto run = lastack::test::run(options);
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(here.read("secret"), "for members");
    ASSERT_THAT(asking.wait_for_log(1), SizeIs(1));
    EXPECT_EQ(asking.log().front().tls_client, "CN=me");
}

}  // namespace
}  // namespace lastack::cli::test
