// A TLS server inside the test's process that follows a script per connection: it can stop, close and break off at every place of TLS, and
// records what the client did. One thread polls plain sockets; every call may be made from any thread.
//
//   TestCa ca;
//   TlsPeer peer({.identity = ca.server()});
//   peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = ok}, tls::WaitUntil{"go"}, tls::Fin{}});   // FIN without close_notify
//   ... the client's request ...
//   peer.wait_at("go"); peer.open("go");
//   peer.wait_for([](const tls::Record& seen) { return seen.connections[0].peer_fin.has_value(); });
#pragma once

#include "support/test_ca.hpp"
#include "support/tls_script.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

enum class TlsVersion : std::uint16_t { any = 0, tls1_1 = 0x0302, tls1_2 = 0x0303, tls1_3 = 0x0304 };

struct TlsPeerOptions {
    CertificateFiles identity;
    TlsVersion min = TlsVersion::any;
    TlsVersion max = TlsVersion::any;
    std::vector<std::string> alpn;    // the first of these that is offered is chosen; none: the extension is not answered
    std::filesystem::path client_ca;  // not empty: a certificate of this CA is required
    bool sessions = true;             // can be resumed
    unsigned tickets = 2;             // of TLS 1.3, right after the handshake
};

class TlsPeer {
public:
    // Listens on 127.0.0.1. Throws std::system_error, std::runtime_error. Until a script is given each connection gets
    // {Handshake, Answer{"HTTP/1.1 204 No Content", for ever}}.
    explicit TlsPeer(const TlsPeerOptions& options, const std::string& address = "127.0.0.1");
    ~TlsPeer();  // closes every socket and joins the thread
    TlsPeer(const TlsPeer&) = delete;
    TlsPeer& operator=(const TlsPeer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url(std::string_view path = "/", std::string_view host = "127.0.0.1") const;

    // For connections accepted from now on; `connection` counts from 1, 0: each that has no script of its own.
    void on_accept(int connection, tls::Steps steps);
    // Likewise: another certificate, other versions. Sessions of before cannot be resumed then.
    void restart_tls(const TlsPeerOptions& options);

    void open(const std::string& gate);
    void close_gate(const std::string& gate);

    [[nodiscard]] tls::Record record() const;
    [[nodiscard]] int accepted() const;

    // Returns when `predicate` holds, true, or when the time is over, false. It is asked with the peer's lock held.
    [[nodiscard]] bool wait_for(const std::function<bool(const tls::Record&)>& predicate,
                                std::chrono::milliseconds patience = std::chrono::seconds{10}) const;
    [[nodiscard]] bool wait_at(const std::string& gate, int connections = 1) const;
    [[nodiscard]] bool wait_until_all_closed() const;
    // Until `predicate` holds for the connection of this number, which may not be there yet.
    [[nodiscard]] bool wait_for_connection(int number, const std::function<bool(const tls::SeenConnection&)>& predicate,
                                           std::chrono::milliseconds patience = std::chrono::seconds{10}) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lastack::test
