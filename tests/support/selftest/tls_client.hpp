// A client that is a plain socket with OpenSSL on top: it tells apart all the ways in which TLS begins and ends.
#pragma once

#include "support/openssl_handles.hpp"
#include "support/selftest/raw_client.hpp"
#include "support/test_ca.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

struct TlsClientOptions {
    std::filesystem::path ca;                  // empty: certificates are not checked
    std::string server_name = "localhost";     // sent as SNI and checked; an address is only checked
    std::vector<std::string> alpn;             // offered
    std::optional<CertificateFiles> identity;  // sent when asked for
    int min_version = 0;                       // TLS1_2_VERSION, ...
    int max_version = 0;
    SSL_SESSION* session = nullptr;  // to be resumed
};

class TlsClient {
public:
    // Both do the handshake and do not throw when that fails.
    explicit TlsClient(std::uint16_t port, const TlsClientOptions& options = {});
    TlsClient(FileDescriptor socket, const TlsClientOptions& options);

    [[nodiscard]] bool established() const { return established_; }
    [[nodiscard]] const std::string& error() const { return error_; }   // OpenSSL's words
    [[nodiscard]] std::optional<int> alert() const { return alert_; }   // the last that came, close_notify left out
    [[nodiscard]] bool close_notify() const { return close_notify_; }   // one came
    [[nodiscard]] End end() const { return end_; }                      // of TCP
    [[nodiscard]] int sessions() const { return sessions_; }            // tickets of 1.3, the session of 1.2
    [[nodiscard]] int key_updates() const { return key_updates_; }      // that came
    [[nodiscard]] std::size_t raw_bytes() const { return raw_bytes_; }  // received
    [[nodiscard]] SSL* ssl() const { return tls_.ssl(); }
    [[nodiscard]] SSL_SESSION* session() const { return session_.get(); }  // the newest

    TlsClient& send(std::string_view bytes);
    TlsClient& get(std::string_view target);
    std::string read_until(std::string_view text);  // what came so far when `text` is in it, or all is over
    std::string read_to_end();                      // until close_notify or the end of TCP
    void read_raw_at_least(std::size_t bytes);
    void wait_for_tcp_end();
    void wait_for_sessions(int count);
    void wait_for_key_updates(int count);
    void send_close_notify();
    void fin() const;
    void reset();
    void drop() { in_.clear(); }

private:
    void handshake();
    void flush();
    bool receive();  // once, with a deadline; false when nothing can come any more
    void decrypt();
    static int keep_session(SSL* ssl, SSL_SESSION* session);
    static void look_at(int write, int version, int type, const void* bytes, std::size_t size, SSL* ssl, void* client);

    FileDescriptor socket_;
    ContextHandle context_;
    TlsBuffers tls_;
    SessionHandle session_;
    std::string in_;
    std::string error_;
    std::optional<int> alert_;
    std::size_t raw_bytes_ = 0;
    int sessions_ = 0;
    int key_updates_ = 0;
    bool established_ = false;
    bool close_notify_ = false;
    bool broken_ = false;
    End end_ = End::still_open;
};

}  // namespace lastack::test
