// A real squid on 127.0.0.1: an http proxy (absolute URLs and CONNECT, to any port) that caches nothing and keeps connections on both
// sides. Runs as root (it then becomes `proxy`) or not. Throws std::runtime_error when squid does not start.
#pragma once

#include "support/server_process.hpp"
#include "support/temp_directory.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lastack::test {

enum class ProxyAuth : std::uint8_t { none, basic, digest };

struct SquidOptions {
    ProxyAuth auth = ProxyAuth::none;
    std::string user = "user";
    std::string password = "secret";
    std::string realm = "lastack test";
    unsigned nonce_max_count = 50;                        // Digest: the next use is answered with 407 and stale=true
    std::string client_idle_pconn_timeout = "2 minutes";  // as in squid.conf
    std::string server_idle_pconn_timeout = "1 minute";
    std::string directives;  // further ones, in front of all http_access rules
};

struct SquidLogLine {
    std::uint16_t client_port = 0;  // tells the client's connections apart
    std::string method;
    std::string target;  // "http://127.0.0.1:80/path"; "127.0.0.1:443" of a CONNECT
    int status = 0;
    std::uint64_t bytes = 0;  // sent to the client, with heads
    std::string user;         // empty: nobody
    std::string result;       // "TCP_MISS", "TCP_TUNNEL", "TCP_DENIED", ...
};

class SquidProxy {
public:
    explicit SquidProxy(const SquidOptions& options = {});

    [[nodiscard]] std::uint16_t port() const { return process_->port(); }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
    [[nodiscard]] pid_t pid() const { return process_->pid(); }

    // A line is there when the request is done; that of a CONNECT when its tunnel is closed.
    [[nodiscard]] std::vector<SquidLogLine> log() const;
    [[nodiscard]] std::vector<SquidLogLine> wait_for_log(std::size_t lines,
                                                         std::chrono::milliseconds patience = std::chrono::seconds{10}) const;
    [[nodiscard]] std::string cache_log() const { return directory_.read("cache.log"); }  // what it says about itself
    void stop() { process_->stop(); }

private:
    [[nodiscard]] std::string configuration(const SquidOptions& options, std::uint16_t port) const;
    [[nodiscard]] std::string authentication(const SquidOptions& options) const;

    TempDirectory directory_;
    std::optional<ServerProcess> process_;
};

}  // namespace lastack::test
