#include "support/selftest/tls_client.hpp"

#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <array>
#include <poll.h>
#include <sys/socket.h>

namespace lastack::test {

namespace {

constexpr int kPatience = 10'000;
constexpr unsigned char kAlertCloseNotify = 0;

bool is_address(const std::string& text) {
    in6_addr bytes{};
    return ::inet_pton(AF_INET, text.c_str(), &bytes) == 1 || ::inet_pton(AF_INET6, text.c_str(), &bytes) == 1;
}

ContextHandle context_for(const TlsClientOptions& options) {
    ContextHandle context(SSL_CTX_new(TLS_client_method()));
    openssl_must(context != nullptr, "SSL_CTX_new");
    SSL_CTX_set_min_proto_version(context.get(), options.min_version);
    SSL_CTX_set_max_proto_version(context.get(), options.max_version);
    if (options.max_version != 0 && options.max_version < TLS1_2_VERSION) {
        SSL_CTX_set_cipher_list(context.get(), "DEFAULT@SECLEVEL=0");
    }
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    if (!options.ca.empty()) {
        openssl_must(SSL_CTX_load_verify_locations(context.get(), options.ca.c_str(), nullptr) == 1, "CA");
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    }
    if (options.identity) {
        use_identity(context.get(), options.identity->certificate, options.identity->key);
    }
    return context;
}

}  // namespace

TlsClient::TlsClient(std::uint16_t port, const TlsClientOptions& options) : TlsClient(RawClient(port).take_socket(), options) {}

TlsClient::TlsClient(FileDescriptor socket, const TlsClientOptions& options)
    : socket_(std::move(socket)), context_(context_for(options)), tls_(context_.get(), TlsBuffers::End::client) {
    SSL_set_app_data(ssl(), this);
    SSL_CTX_sess_set_new_cb(context_.get(), keep_session);
    SSL_set_msg_callback(ssl(), look_at);
    SSL_set_msg_callback_arg(ssl(), this);
    if (is_address(options.server_name)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl()), options.server_name.c_str());
    } else {
        SSL_set_tlsext_host_name(ssl(), options.server_name.c_str());
        SSL_set1_host(ssl(), options.server_name.c_str());
    }
    std::string protocols;
    for (const auto& name : options.alpn) {
        protocols += static_cast<char>(name.size()) + name;
    }
    SSL_set_alpn_protos(ssl(), reinterpret_cast<const unsigned char*>(protocols.data()), static_cast<unsigned>(protocols.size()));
    if (options.session != nullptr) {
        SSL_set_session(ssl(), options.session);
    }
    handshake();
}

void TlsClient::handshake() {
    while (true) {
        const int done = SSL_do_handshake(ssl());
        const int reason = SSL_get_error(ssl(), done);
        if (done != 1 && reason != SSL_ERROR_WANT_READ) {
            error_ = openssl_error();
            broken_ = true;
        }
        flush();
        if (done == 1) {
            established_ = true;
            return;
        }
        if (broken_ || !receive()) {
            return;
        }
    }
}

void TlsClient::flush() {
    const auto bytes = tls_.take_output();
    if (!bytes.empty() && ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
        end_ = End::reset;
    }
}

bool TlsClient::receive() {
    pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (end_ != End::still_open || ::poll(&waiting, 1, kPatience) <= 0) {
        return false;
    }
    std::array<char, 16384> buffer{};
    const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) {
        end_ = count == 0 ? End::fin : End::reset;
        return false;
    }
    raw_bytes_ += static_cast<std::size_t>(count);
    tls_.feed({buffer.data(), static_cast<std::size_t>(count)});
    return true;
}

void TlsClient::decrypt() {
    std::array<char, 16384> buffer{};
    while (established_ && !broken_ && !close_notify_) {
        const int count = SSL_read(ssl(), buffer.data(), static_cast<int>(buffer.size()));
        if (count > 0) {
            in_.append(buffer.data(), static_cast<std::size_t>(count));
            continue;
        }
        const int reason = SSL_get_error(ssl(), count);
        if (reason == SSL_ERROR_ZERO_RETURN) {
            close_notify_ = true;
        } else if (reason != SSL_ERROR_WANT_READ) {
            error_ = openssl_error();
            broken_ = true;
        }
        flush();
        return;
    }
}

TlsClient& TlsClient::send(std::string_view bytes) {
    SSL_write(ssl(), bytes.data(), static_cast<int>(bytes.size()));
    flush();
    return *this;
}

TlsClient& TlsClient::get(std::string_view target) { return send("GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n"); }

std::string TlsClient::read_until(std::string_view text) {
    decrypt();
    while (!in_.contains(text) && !broken_ && !close_notify_ && receive()) {
        decrypt();
    }
    return in_;
}

std::string TlsClient::read_to_end() {
    decrypt();
    while (!broken_ && !close_notify_ && receive()) {
        decrypt();
    }
    return in_;
}

void TlsClient::read_raw_at_least(std::size_t bytes) {
    while (raw_bytes_ < bytes && receive()) {
        decrypt();
    }
}

void TlsClient::wait_for_tcp_end() {
    while (receive()) {
        decrypt();
    }
}

void TlsClient::wait_for_sessions(int count) {
    decrypt();
    while (sessions_ < count && receive()) {
        decrypt();
    }
}

void TlsClient::wait_for_key_updates(int count) {
    decrypt();
    while (key_updates_ < count && receive()) {
        decrypt();
    }
}

void TlsClient::send_close_notify() {
    SSL_shutdown(ssl());
    flush();
}

void TlsClient::fin() const { ::shutdown(socket_.get(), SHUT_WR); }

void TlsClient::reset() {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    socket_ = FileDescriptor{};
}

int TlsClient::keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* client = static_cast<TlsClient*>(SSL_get_app_data(ssl));
    client->session_.reset(session);
    ++client->sessions_;
    return 1;
}

void TlsClient::look_at(int write, int /*version*/, int type, const void* bytes, std::size_t size, SSL* /*ssl*/, void* client) {
    const auto* octets = static_cast<const unsigned char*>(bytes);
    auto& self = *static_cast<TlsClient*>(client);
    if (write != 0 || size < 1) {
        return;
    }
    if (type == SSL3_RT_ALERT && size == 2 && octets[1] != kAlertCloseNotify) {
        self.alert_ = octets[1];
    } else if (type == SSL3_RT_HANDSHAKE && octets[0] == SSL3_MT_KEY_UPDATE) {
        ++self.key_updates_;
    }
}

}  // namespace lastack::test
