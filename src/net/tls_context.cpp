#include "net/tls_context.hpp"

#include "net/error.hpp"
#include "net/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

namespace lastack::net {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t sessions_per_server = 4;
constexpr std::size_t most_servers = 256;
constexpr std::size_t most_trust_files = 4096;  // of one directory

// Where distributions keep the issuers that the system trusts, as one file: Debian, Fedora and its kin, openSUSE, and a plain OpenSSL.
constexpr std::array system_bundles{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                    "/var/lib/ca-certificates/ca-bundle.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
};

Error file_error(const fs::path& file, std::string what, std::string next) {
    Error error{.code = NetErrc::bad_tls_file, .phase = Phase::securing};
    error.cause = std::move(what) + " '" + file.string() + "' cannot be used: " + openssl_reason();
    error.next_step = std::move(next);
    ERR_clear_error();
    return error;
}

// Adds every certificate of a PEM file; says how many.
std::size_t add_issuers(SSL_CTX* context, const fs::path& file) {
    const std::unique_ptr<BIO, FreeBio> bio{BIO_new_file(file.c_str(), "r")};
    if (!bio) {
        return 0;
    }
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    std::size_t added = 0;
    while (true) {
        const std::unique_ptr<X509, FreeCertificate> certificate{PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)};
        if (!certificate) {
            break;
        }
        added += X509_STORE_add_cert(store, certificate.get()) == 1 ? 1 : 0;
    }
    if (added > 0) {
        ERR_clear_error();  // the end of the file is an error to PEM_read
    }
    return added;
}

// All at once: OpenSSL's own way looks into the directory in the middle of a handshake, on the reactor.
std::size_t add_issuers_of_directory(SSL_CTX* context, const fs::path& directory) {
    std::error_code code;
    std::size_t added = 0;
    std::size_t seen = 0;
    for (fs::directory_iterator entry{directory, code}, end; !code && entry != end && seen < most_trust_files;
         entry.increment(code), ++seen) {
        std::error_code not_regular;
        if (entry->is_regular_file(not_regular)) {
            added += add_issuers(context, entry->path());
        }
    }
    ERR_clear_error();  // other files may lie there
    return added;
}

Result<void> trust_file_or_directory(SSL_CTX* context, const fs::path& where) {
    std::error_code code;
    const std::size_t added = fs::is_directory(where, code) ? add_issuers_of_directory(context, where) : add_issuers(context, where);
    if (added == 0) {
        return std::unexpected(file_error(where, "the trust store", "sslcacert must name a file or directory of certificates in PEM form"));
    }
    return {};
}

Result<void> trust_the_system(SSL_CTX* context) {
    const auto from_environment = [](const char* name) {
        const char* value = std::getenv(name);
        return fs::path{value == nullptr ? "" : value};
    };
    std::size_t added = 0;
    const fs::path file = from_environment("SSL_CERT_FILE");
    const fs::path directory = from_environment("SSL_CERT_DIR");
    if (!file.empty()) {
        added += add_issuers(context, file);
    }
    if (!directory.empty()) {  // both may be named, and count together
        added += add_issuers_of_directory(context, directory);
    }
    for (std::size_t i = 0; added == 0 && i < system_bundles.size(); ++i) {
        added += add_issuers(context, system_bundles[i]);
    }
    if (added == 0) {
        added += add_issuers_of_directory(context, X509_get_default_cert_dir());
    }
    ERR_clear_error();
    if (added == 0) {
        return std::unexpected(Error{.code = NetErrc::bad_tls_file,
                                     .phase = Phase::securing,
                                     .cause = "this system has no trust store: no certificate can be checked",
                                     .next_step = "install ca-certificates, or set sslcacert"});
    }
    return {};
}

// For OpenSSL; `given` is the std::string, or null while no key of ours is read.
int key_password(char* buffer, int size, int /*writing*/, void* given) {
    const auto* password = static_cast<const std::string*>(given);
    if (password == nullptr || size < 0 || password->size() > static_cast<std::size_t>(size)) {
        return 0;
    }
    std::ranges::copy(*password, buffer);
    return static_cast<int>(password->size());
}

Result<void> show_certificate(SSL_CTX* context, const TlsOptions& options) {
    if (options.client_certificate.empty()) {
        return {};
    }
    const fs::path& key = options.client_key.empty() ? options.client_certificate : options.client_key;
    if (SSL_CTX_use_certificate_chain_file(context, options.client_certificate.c_str()) != 1) {
        return std::unexpected(file_error(options.client_certificate, "the client certificate", "check sslclientcert"));
    }
    SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<std::string*>(&options.client_key_password));
    const bool used = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    if (!used) {
        return std::unexpected(file_error(
            key, "the client key", "check sslclientkey: it must be the certificate's, in PEM form, without a password that is not given"));
    }
    return {};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::load(const TlsOptions& options) {
    ERR_clear_error();
    std::shared_ptr<TlsContext> made{new TlsContext};  // owners: TlsContexts and the streams that still use it
    made->context_ = SSL_CTX_new(TLS_client_method());
    made->verifies_ = options.verify;
    SSL_CTX* context = made->context_;
    if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        return std::unexpected(
            Error{.code = NetErrc::tls_failed, .phase = Phase::securing, .cause = "TLS cannot be set up: " + openssl_reason()});
    }
    // Without it an end of the connection looks like the end of the answer.
    SSL_CTX_clear_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    // A password nobody can type in the middle of a run is an unusable key, unless the options have it.
    SSL_CTX_set_default_passwd_cb(context, key_password);
    if (options.verify) {
        auto trusted = options.ca.empty() ? trust_the_system(context) : trust_file_or_directory(context, options.ca);
        if (!trusted) {
            return std::unexpected(std::move(trusted.error()));
        }
    }
    if (auto shown = show_certificate(context, options); !shown) {
        return std::unexpected(std::move(shown.error()));
    }
    return made;
}

TlsContext::~TlsContext() {
    for (auto& [server, sessions] : sessions_) {
        std::ranges::for_each(sessions, SSL_SESSION_free);
    }
    SSL_CTX_free(context_);
}

SSL_SESSION* TlsContext::take_session(const std::string& server) {
    const auto found = sessions_.find(server);
    if (found == sessions_.end()) {
        return nullptr;
    }
    SSL_SESSION* session = found->second.front();
    if (SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION && SSL_SESSION_up_ref(session) == 1) {
        return session;  // a server that resumes it need not send another
    }
    found->second.pop_front();
    if (found->second.empty()) {
        sessions_.erase(found);
    }
    return session;
}

void TlsContext::keep_session(const std::string& server, SSL_SESSION* session) {
    if (SSL_SESSION_is_resumable(session) != 1 || (sessions_.size() >= most_servers && !sessions_.contains(server))) {
        SSL_SESSION_free(session);
        return;
    }
    auto& kept = sessions_[server];
    kept.push_front(session);  // the newest lives longest
    if (kept.size() > sessions_per_server) {
        SSL_SESSION_free(kept.back());
        kept.pop_back();
    }
}

Task<Result<std::shared_ptr<TlsContext>>> TlsContexts::get(TlsOptions options) {
    if (const auto known = loaded_.find(options); known != loaded_.end()) {
        co_return known->second;
    }
    auto made = co_await workers_.run([&options] { return TlsContext::load(options); });
    if (!made) {
        co_return std::unexpected(std::move(made.error()));
    }
    // Several may have loaded it at a time; sessions are shared by those that agree on one.
    co_return loaded_.try_emplace(std::move(options), std::move(*made)).first->second;
}

}  // namespace lastack::net
