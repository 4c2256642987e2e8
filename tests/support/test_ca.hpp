// A certificate authority of a test's own: EC P-256 certificates made in this process and written as PEM into a temporary directory.
//
//   TestCa ca;
//   const auto server = ca.server();                                  // localhost, 127.0.0.1, ::1
//   const auto expired = ca.issue({.valid = Validity::expired});
//   const auto chained = ca.issue({.intermediate = Intermediate::left_out});
//   const auto client = ca.issue({.common_name = "me", .purpose = Purpose::client});
//
// Everything throws std::runtime_error when OpenSSL or the file system fails.
#pragma once

#include "support/temp_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lastack::test {

enum class Purpose : std::uint8_t { server, client };
enum class Validity : std::uint8_t { now, expired, not_yet };
enum class SignedBy : std::uint8_t {
    this_ca,
    itself,
    unknown_ca,  // one that is nowhere trusted
    forged_ca,   // one of the same name as this, with another key
};
enum class Intermediate : std::uint8_t {
    none,
    sent,      // stands in the chain behind the certificate
    left_out,  // signed the certificate, is not in the chain
};

struct CertificateOptions {
    std::string common_name = "localhost";
    std::vector<std::string> dns = {"localhost"};         // subjectAltName; both empty: no such extension
    std::vector<std::string> ips = {"127.0.0.1", "::1"};  // likewise
    Purpose purpose = Purpose::server;
    Validity valid = Validity::now;
    SignedBy signed_by = SignedBy::this_ca;
    Intermediate intermediate = Intermediate::none;
};

// The files of a certificate.
struct CertificateFiles {
    std::filesystem::path certificate;   // the chain as it is sent: the certificate first
    std::filesystem::path key;           // not encrypted, mode 0600
    std::filesystem::path combined;      // chain and key in one file, mode 0600
    std::filesystem::path intermediate;  // the intermediate CA alone; empty when there is none
};

class TestCa {
public:
    explicit TestCa(std::string name = "lastack test CA");
    ~TestCa();
    TestCa(const TestCa&) = delete;
    TestCa& operator=(const TestCa&) = delete;

    [[nodiscard]] const std::filesystem::path& certificate() const;  // of the CA alone
    [[nodiscard]] std::string pem() const;                           // its content
    // CA files of this CA and of another one; in the second also under the names that OpenSSL looks for (hash.0).
    [[nodiscard]] std::filesystem::path directory() const;
    [[nodiscard]] std::filesystem::path hashed_directory() const;

    [[nodiscard]] CertificateFiles issue(const CertificateOptions& options);
    [[nodiscard]] CertificateFiles server() { return issue({}); }
    [[nodiscard]] CertificateFiles wrong_host() { return issue({.common_name = "elsewhere.test", .dns = {"elsewhere.test"}, .ips = {}}); }
    [[nodiscard]] CertificateFiles client(std::string name = "client");

private:
    struct Authority;

    TempDirectory directory_;
    std::unique_ptr<Authority> authority_;
    std::filesystem::path certificate_;
    int issued_ = 0;
};

}  // namespace lastack::test
