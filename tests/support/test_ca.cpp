#include "support/test_ca.hpp"

#include "support/openssl_handles.hpp"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <optional>

namespace lastack::test {

namespace {

constexpr long kHour = 3600;
constexpr long kDay = 24 * kHour;
constexpr int kVersion3 = 2;
constexpr auto kOwnerOnly = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;

struct Span {
    long from;   // seconds from now
    long until;  // likewise
};

// The hour before now: clocks of a machine that was just woken are no subject here.
Span span_of(Validity validity) {
    switch (validity) {
        case Validity::expired:
            return {.from = -2 * kDay, .until = -kDay};
        case Validity::not_yet:
            return {.from = kDay, .until = 2 * kDay};
        case Validity::now:
            break;
    }
    return {.from = -kHour, .until = 30 * kDay};
}

KeyHandle new_key() {
    KeyHandle key(EVP_EC_gen("P-256"));
    openssl_must(key != nullptr, "EVP_EC_gen");
    return key;
}

std::string alternative_names(const CertificateOptions& options) {
    std::string text;
    for (const auto& name : options.dns) {
        text += (text.empty() ? "DNS:" : ",DNS:") + name;
    }
    for (const auto& address : options.ips) {
        text += (text.empty() ? "IP:" : ",IP:") + address;
    }
    return text;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, FreedBy<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    openssl_must(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "extension " + value);
}

template <typename Write>
std::string pem_of(Write write) {
    const std::unique_ptr<BIO, FreedBy<BIO_free_all>> memory(BIO_new(BIO_s_mem()));
    openssl_must(memory != nullptr && write(memory.get()) == 1, "PEM");
    char* data = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    return pem_of([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

std::string pem_of(EVP_PKEY* key) {
    return pem_of([&](BIO* out) { return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

std::filesystem::path write_secret(const TempDirectory& directory, const std::string& name, const std::string& content) {
    directory.write(name, "");
    std::filesystem::permissions(directory / name, kOwnerOnly);
    return directory.write(name, content);
}

// Everything but issuer, extensions and signature.
X509Handle new_certificate(const std::string& common_name, EVP_PKEY* key, Span valid) {
    X509Handle made(X509_new());
    openssl_must(made != nullptr, "X509_new");
    X509* certificate = made.get();
    std::uint64_t serial = 0;
    openssl_must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "RAND_bytes");
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
    openssl_must(X509_set_version(certificate, kVersion3) == 1 &&
                     ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1U) == 1 &&
                     X509_gmtime_adj(X509_getm_notBefore(certificate), valid.from) != nullptr &&
                     X509_gmtime_adj(X509_getm_notAfter(certificate), valid.until) != nullptr && X509_set_pubkey(certificate, key) == 1 &&
                     X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, static_cast<int>(common_name.size()), -1, 0) == 1,
                 "certificate");
    return made;
}

void sign(X509* certificate, EVP_PKEY* issuer_key) { openssl_must(X509_sign(certificate, issuer_key, EVP_sha256()) != 0, "X509_sign"); }

}  // namespace

struct TestCa::Authority {
    KeyHandle key = new_key();
    X509Handle certificate;

    // Signed by `above`, or by itself.
    explicit Authority(const std::string& name, const Authority* above = nullptr)
        : certificate(new_certificate(name, key.get(), span_of(Validity::now))) {
        X509* issuer = above != nullptr ? above->certificate.get() : certificate.get();
        X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
        add_extension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(certificate.get(), issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
        add_extension(certificate.get(), issuer, NID_subject_key_identifier, "hash");
        sign(certificate.get(), above != nullptr ? above->key.get() : key.get());
    }

    [[nodiscard]] std::string name() const {
        std::array<char, 256> text{};
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, text.data(), static_cast<int>(text.size()));
        return text.data();
    }
};

TestCa::TestCa(std::string name) : directory_("lastack-ca"), authority_(std::make_unique<Authority>(name)) {
    // Servers that gave up root's rights read certificates too.
    std::filesystem::permissions(
        directory_.path(), std::filesystem::perms::owner_all | std::filesystem::perms::group_exec | std::filesystem::perms::others_exec);
    certificate_ = directory_.write("ca.pem", pem());
    const Authority other("another CA");
    for (const Authority* each : {const_cast<const Authority*>(authority_.get()), &other}) {
        const bool own = each == authority_.get();
        const auto text = pem_of(each->certificate.get());
        std::array<char, 16> hash{};
        std::snprintf(hash.data(), hash.size(), "%08lx.0", X509_subject_name_hash(each->certificate.get()));
        directory_.write(own ? "cas/test.pem" : "cas/another.pem", text);
        directory_.write("hashed/" + std::string(hash.data()), text);
    }
}

TestCa::~TestCa() = default;

const std::filesystem::path& TestCa::certificate() const { return certificate_; }
std::string TestCa::pem() const { return pem_of(authority_->certificate.get()); }
std::filesystem::path TestCa::directory() const { return directory_ / "cas"; }
std::filesystem::path TestCa::hashed_directory() const { return directory_ / "hashed"; }

CertificateFiles TestCa::issue(const CertificateOptions& options) {
    std::optional<Authority> other;
    if (options.signed_by == SignedBy::unknown_ca || options.signed_by == SignedBy::forged_ca) {
        other.emplace(options.signed_by == SignedBy::forged_ca ? authority_->name() : "unknown CA");
    }
    const Authority* signer = other ? &*other : authority_.get();
    std::optional<Authority> between;
    if (options.intermediate != Intermediate::none) {
        between.emplace("lastack test intermediate", signer);
        signer = &*between;
    }

    const auto key = new_key();
    const auto made = new_certificate(options.common_name, key.get(), span_of(options.valid));
    const bool by_itself = options.signed_by == SignedBy::itself;
    X509* issuer = by_itself ? made.get() : signer->certificate.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    add_extension(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(), issuer, NID_ext_key_usage, options.purpose == Purpose::server ? "serverAuth" : "clientAuth");
    if (const auto names = alternative_names(options); !names.empty()) {
        add_extension(made.get(), issuer, NID_subject_alt_name, names);
    }
    sign(made.get(), by_itself ? key.get() : signer->key.get());

    const auto name = "issued/" + std::to_string(++issued_) + "/";
    std::string chain = pem_of(made.get());
    CertificateFiles files;
    if (between) {
        const auto text = pem_of(between->certificate.get());
        files.intermediate = directory_.write(name + "intermediate.pem", text);
        chain += options.intermediate == Intermediate::sent ? text : "";
    }
    files.certificate = directory_.write(name + "certificate.pem", chain);
    files.key = write_secret(directory_, name + "key.pem", pem_of(key.get()));
    files.combined = write_secret(directory_, name + "combined.pem", chain + pem_of(key.get()));
    return files;
}

CertificateFiles TestCa::client(std::string name) {
    return issue({.common_name = std::move(name), .dns = {}, .ips = {}, .purpose = Purpose::client});
}

}  // namespace lastack::test
