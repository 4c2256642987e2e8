#include "support/openssl_handles.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <stdexcept>

namespace lastack::test {

std::string openssl_error() {
    const auto code = ERR_get_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    std::string text = reason != nullptr ? reason : code != 0 ? "error " + std::to_string(code) : std::string{};
    ERR_clear_error();
    return text;
}

void openssl_must(bool done, std::string_view what) {
    if (!done) {
        throw std::runtime_error(std::string(what) + ": " + openssl_error());
    }
}

void use_identity(SSL_CTX* context, const std::filesystem::path& certificate, const std::filesystem::path& key) {
    openssl_must(SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) == 1, "certificate " + certificate.string());
    openssl_must(SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1, "key " + key.string());
}

TlsBuffers::TlsBuffers(SSL_CTX* context, End end) : ssl_(SSL_new(context)) {
    openssl_must(ssl_ != nullptr, "SSL_new");
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    openssl_must(in != nullptr && out != nullptr, "BIO_new");
    SSL_set_bio(ssl_.get(), in, out);
    if (end == End::server) {
        SSL_set_accept_state(ssl_.get());
    } else {
        SSL_set_connect_state(ssl_.get());
    }
}

void TlsBuffers::feed(std::string_view received) const {
    const auto written = BIO_write(SSL_get_rbio(ssl_.get()), received.data(), static_cast<int>(received.size()));
    openssl_must(written == static_cast<int>(received.size()), "BIO_write");
}

std::string TlsBuffers::take_output() const {
    BIO* out = SSL_get_wbio(ssl_.get());
    std::string bytes(BIO_ctrl_pending(out), '\0');
    if (!bytes.empty()) {
        bytes.resize(static_cast<std::size_t>(BIO_read(out, bytes.data(), static_cast<int>(bytes.size()))));
    }
    return bytes;
}

}  // namespace lastack::test
