// Real servers besides nginx and squid, each on 127.0.0.1, in a directory of its own, ended with its object. All throw std::runtime_error
// when their program does not start.
#pragma once

#include "support/server_process.hpp"
#include "support/temp_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace lastack::test {

// tinyproxy: http proxy, CONNECT to any port. It closes the client's connection after each request.
struct TinyProxyOptions {
    std::string user;  // empty: no authentication; else Basic
    std::string password;
};

class TinyProxy {
public:
    explicit TinyProxy(const TinyProxyOptions& options = {});

    [[nodiscard]] std::uint16_t port() const { return process_->port(); }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
    [[nodiscard]] std::string log() const { return directory_.read("tinyproxy.log"); }
    void stop() { process_->stop(); }

private:
    TempDirectory directory_;
    std::optional<ServerProcess> process_;
};

// dante: SOCKS5 (and 4) without authentication, to loopback only. User names would be accounts of this machine.
class DanteServer {
public:
    DanteServer();

    [[nodiscard]] std::uint16_t port() const { return process_->port(); }
    [[nodiscard]] std::string url() const { return "socks5://127.0.0.1:" + std::to_string(port()); }
    [[nodiscard]] std::string log() const { return directory_.read("danted.log"); }
    void stop() { process_->stop(); }

private:
    TempDirectory directory_;
    std::optional<ServerProcess> process_;
};

// vsftpd: anonymous ftp of one directory.
class VsftpdServer {
public:
    VsftpdServer();

    void publish(std::string_view name, std::string_view content) const;
    [[nodiscard]] std::uint16_t port() const { return process_->port(); }
    [[nodiscard]] std::string url(std::string_view path) const { return "ftp://127.0.0.1:" + std::to_string(port()) + std::string(path); }
    [[nodiscard]] std::string log() const { return directory_.read("vsftpd.log"); }  // with all commands and replies

private:
    TempDirectory directory_;
    std::optional<ServerProcess> process_;
};

// stunnel in front of a port of 127.0.0.1: with a proxy behind it an https proxy.
struct TlsFrontOptions {
    std::filesystem::path certificate;  // the chain as it is sent
    std::filesystem::path key;
    std::filesystem::path client_ca;  // not empty: the handshake fails for a client without a certificate of this CA
    std::uint16_t connect = 0;        // the port behind it
    std::string directives;           // further ones of the service
};

class TlsFront {
public:
    explicit TlsFront(const TlsFrontOptions& options);

    [[nodiscard]] std::uint16_t port() const { return process_->port(); }
    [[nodiscard]] std::string url(std::string_view host = "127.0.0.1") const {
        return "https://" + std::string(host) + ":" + std::to_string(port());
    }
    [[nodiscard]] std::string log() const { return directory_.read("stunnel.log"); }
    void stop() { process_->stop(); }

private:
    TempDirectory directory_;
    std::optional<ServerProcess> process_;
};

}  // namespace lastack::test
