// A real nginx in a directory of its own. The listening socket is made here and inherited by nginx, so no port is ever guessed and
// connections are accepted from the first moment. Runs as root or not. Throws when nginx does not start.
#pragma once

#include "support/process.hpp"
#include "support/temp_directory.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

struct NginxLocation {
    std::string path = "/";
    std::string directives;  // "limit_rate 64k; keepalive_timeout 1s;"
};

struct NginxTls {
    std::filesystem::path certificate;  // the chain as it is sent
    std::filesystem::path key;
    std::filesystem::path client_ca;  // not empty: a client without a certificate of this CA is answered with 400
    std::string protocols = "TLSv1.2 TLSv1.3";
    bool session_tickets = true;  // without them no session is resumed: there is no cache
};

struct NginxOptions {
    std::filesystem::path root;             // what it serves; empty: the directory `www` of its own, see NginxServer::publish
    std::string keepalive_timeout = "75s";  // as in nginx.conf; with a second value the Keep-Alive field is sent
    unsigned keepalive_requests = 1000;
    std::vector<NginxLocation> locations;  // besides "/"
    std::string http_directives;           // further ones, of the http block
    std::string server_directives;         // and of the server
    std::optional<NginxTls> tls;           // https instead of http
};

struct NginxLogLine {
    std::uint64_t connection = 0;  // a serial number of nginx's
    std::uint64_t number_on_connection = 0;
    std::string request;  // "GET /path HTTP/1.1"
    int status = 0;
    std::uint64_t body_bytes = 0;
    std::string range;         // the request's Range field, empty when there was none
    double time = 0;           // seconds since the epoch, at the end of the request
    std::string tls_protocol;  // "TLSv1.3"; empty without TLS
    bool tls_resumed = false;  // the connection's session was an earlier one's
    std::string tls_client;    // "CN=client" of the certificate that the client showed; empty without one
    std::string user;          // whom auth_basic knew; empty: nobody
};

class NginxServer {
public:
    explicit NginxServer(const NginxOptions& options = {});
    ~NginxServer();
    NginxServer(const NginxServer&) = delete;
    NginxServer& operator=(const NginxServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(std::string_view path = "/", std::string_view host = "127.0.0.1") const;
    [[nodiscard]] pid_t pid() const { return process_->pid(); }
    void publish(std::string_view name, std::string_view content) const;  // a file of its own document root

    // nginx writes a line when a request is finished. Waits until there are so many; fewer when the time is over.
    [[nodiscard]] std::vector<NginxLogLine> wait_for_log(std::size_t lines,
                                                         std::chrono::milliseconds patience = std::chrono::seconds{10}) const;
    [[nodiscard]] std::vector<NginxLogLine> log() const;
    [[nodiscard]] std::string error_log() const;
    void stop();  // SIGQUIT, and SIGKILL after a while; idle connections get a FIN

private:
    TempDirectory directory_;
    bool tls_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Process> process_;
};

[[nodiscard]] std::size_t distinct_connections(const std::vector<NginxLogLine>& lines);

}  // namespace lastack::test
