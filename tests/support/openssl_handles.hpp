// OpenSSL's objects as owners, and its error queue as an exception: for peers and certificates of tests.
#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace lastack::test {

template <auto Free>
struct FreedBy {
    template <typename Handle>
    void operator()(Handle* handle) const {
        Free(handle);
    }
};

using X509Handle = std::unique_ptr<X509, FreedBy<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using ContextHandle = std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, FreedBy<SSL_free>>;
using SessionHandle = std::unique_ptr<SSL_SESSION, FreedBy<SSL_SESSION_free>>;

// The oldest entry of this thread's queue, which is emptied: "unsupported protocol"; empty when there is none.
[[nodiscard]] std::string openssl_error();
// Throws std::runtime_error with it unless `done`.
void openssl_must(bool done, std::string_view what);

// Loads a chain and its key; throws.
void use_identity(SSL_CTX* context, const std::filesystem::path& certificate, const std::filesystem::path& key);

// One end of TLS between two buffers: what goes over the socket, when and cut up how, is its owner's business.
class TlsBuffers {
public:
    enum class End : bool { client, server };
    TlsBuffers(SSL_CTX* context, End end);

    [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
    void feed(std::string_view received) const;
    [[nodiscard]] std::string take_output() const;

private:
    SslHandle ssl_;
};

}  // namespace lastack::test
