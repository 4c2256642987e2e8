#include "support/test_ca.hpp"

#include "support/openssl_handles.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace lastack::test {
namespace {

std::string content(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

using Chain = std::vector<X509Handle>;
Chain read_chain(const std::filesystem::path& path) {
    const std::unique_ptr<std::FILE, FreedBy<std::fclose>> file(std::fopen(path.c_str(), "re"));
    Chain chain;
    while (X509* next = PEM_read_X509(file.get(), nullptr, nullptr, nullptr)) {
        chain.emplace_back(next);
    }
    ERR_clear_error();
    return chain;
}

struct Trust {
    std::filesystem::path file;
    std::filesystem::path directory;
};

// X509_V_OK or why not.
int verdict(const Trust& trust, const CertificateFiles& files, const char* host, X509_PURPOSE* purpose = nullptr) {
    const std::unique_ptr<X509_STORE, FreedBy<X509_STORE_free>> store(X509_STORE_new());
    X509_STORE_load_locations(store.get(), trust.file.empty() ? nullptr : trust.file.c_str(),
                              trust.directory.empty() ? nullptr : trust.directory.c_str());
    const auto chain = read_chain(files.certificate);
    STACK_OF(X509)* others = sk_X509_new_null();
    for (std::size_t index = 1; index < chain.size(); ++index) {
        sk_X509_push(others, chain[index].get());
    }
    const std::unique_ptr<X509_STORE_CTX, FreedBy<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), chain.at(0).get(), others);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    if (host != nullptr && X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1) {
        X509_VERIFY_PARAM_set1_host(parameters, host, 0);
    }
    X509_VERIFY_PARAM_set_purpose(parameters, purpose != nullptr ? X509_PURPOSE_get_id(purpose) : X509_PURPOSE_SSL_SERVER);
    X509_verify_cert(context.get());
    const int result = X509_STORE_CTX_get_error(context.get());
    sk_X509_free(others);
    ERR_clear_error();
    return result;
}

TEST(TestCa, a_server_certificate_holds_for_every_name_of_this_machine) {
    TestCa ca;
    const auto files = ca.server();
    for (const char* host : {"localhost", "127.0.0.1", "::1"}) {
        EXPECT_EQ(verdict({.file = ca.certificate()}, files, host), X509_V_OK) << host;
    }
    EXPECT_EQ(verdict({.file = ca.certificate()}, files, "127.0.0.2"), X509_V_ERR_IP_ADDRESS_MISMATCH);
    EXPECT_EQ(verdict({.directory = ca.hashed_directory()}, files, "localhost"), X509_V_OK);
}

TEST(TestCa, each_bad_certificate_is_bad_in_its_one_way) {
    TestCa ca;
    const struct {
        CertificateOptions options;
        int expected;
    } cases[] = {
        {{}, X509_V_OK},
        {{.valid = Validity::expired}, X509_V_ERR_CERT_HAS_EXPIRED},
        {{.valid = Validity::not_yet}, X509_V_ERR_CERT_NOT_YET_VALID},
        {{.dns = {"elsewhere.test"}, .ips = {}}, X509_V_ERR_HOSTNAME_MISMATCH},
        {{.purpose = Purpose::client}, X509_V_ERR_INVALID_PURPOSE},
        {{.signed_by = SignedBy::itself}, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        {{.signed_by = SignedBy::unknown_ca}, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {{.signed_by = SignedBy::forged_ca}, X509_V_ERR_CERT_SIGNATURE_FAILURE},
        {{.intermediate = Intermediate::sent}, X509_V_OK},
        {{.intermediate = Intermediate::left_out}, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    };
    for (const auto& each : cases) {
        const int found = verdict({.file = ca.certificate()}, ca.issue(each.options), "localhost");
        EXPECT_EQ(found, each.expected) << X509_verify_cert_error_string(found) << ", expected "
                                        << X509_verify_cert_error_string(each.expected);
    }
    EXPECT_EQ(verdict({.file = ca.certificate()}, ca.wrong_host(), "localhost"), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST(TestCa, a_client_certificate_comes_as_two_files_and_as_one) {
    TestCa ca;
    const auto files = ca.client("me");
    EXPECT_EQ(content(files.combined), content(files.certificate) + content(files.key));
    EXPECT_EQ(std::filesystem::status(files.key).permissions(), std::filesystem::perms{0600});
    EXPECT_EQ(std::filesystem::status(files.combined).permissions(), std::filesystem::perms{0600});
    EXPECT_EQ(verdict({.file = ca.certificate()}, files, nullptr, X509_PURPOSE_get0(X509_PURPOSE_get_by_sname("sslclient"))), X509_V_OK);
    const ContextHandle context(SSL_CTX_new(TLS_client_method()));
    EXPECT_NO_THROW(use_identity(context.get(), files.combined, files.combined));
    EXPECT_THROW(use_identity(context.get(), files.certificate, ca.client().key), std::runtime_error);
}

TEST(TestCa, an_intermediate_left_out_makes_the_chain_whole_again) {
    TestCa ca;
    const auto files = ca.issue({.intermediate = Intermediate::left_out});
    EXPECT_EQ(read_chain(files.certificate).size(), 1u);
    EXPECT_EQ(read_chain(ca.issue({.intermediate = Intermediate::sent}).certificate).size(), 2u);
    TempDirectory directory;
    const auto both = directory.write("both.pem", content(ca.certificate()) + content(files.intermediate));
    EXPECT_EQ(verdict({.file = both}, files, "localhost"), X509_V_OK);
}

TEST(TestCa, the_directory_has_this_ca_and_another) {
    const TestCa ca;
    EXPECT_EQ(content(ca.directory() / "test.pem"), ca.pem());
    EXPECT_NE(content(ca.directory() / "another.pem"), ca.pem());
    EXPECT_EQ(read_chain(ca.directory() / "another.pem").size(), 1u);
}

}  // namespace
}  // namespace lastack::test
