#include "repository_server.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace lastack::cli::test {

using lastack::test::NginxOptions;
using lastack::test::NginxTls;
using lastack::test::SquidLogLine;

namespace {

std::size_t client_ports(const std::vector<SquidLogLine>& log) {
    std::set<std::uint16_t> ports;
    for (const auto& line : log) {
        ports.insert(line.client_port);
    }
    return ports.size();
}

}  // namespace

const std::vector<Way>& every_way() {
    static const std::vector<Way> ways{{.name = "http"},
                                       {.name = "https", .tls = true},
                                       {.name = "http_through_squid", .squid = true},
                                       {.name = "https_through_squid", .tls = true, .squid = true}};
    return ways;
}

std::string name_of(const Way& way) { return way.name; }

RepositoryServer::RepositoryServer(const Way& way, NginxOptions options, unsigned idle_seconds) : way_(way) {
    if (way_.tls) {
        const auto files = ca_.server();
        options.tls = NginxTls{.certificate = files.certificate, .key = files.key, .client_ca = {}};
    }
    options.keepalive_timeout = std::to_string(idle_seconds) + "s";
    nginx_.emplace(options);
    if (way_.squid) {
        squid_.emplace(lastack::test::SquidOptions{.client_idle_pconn_timeout = std::to_string(idle_seconds) + " seconds"});
    }
}

std::string RepositoryServer::options() const {
    return (way_.tls ? "sslcacert=" + ca_.certificate().string() + "\n" : "") + (way_.squid ? "proxy=" + squid_->url() + "\n" : "");
}

std::string RepositoryServer::answered(std::size_t requests) const {
    const auto seen = nginx_->wait_for_log(requests).size();
    std::string wrong = seen == requests ? "" : "nginx answered " + std::to_string(seen) + " requests. ";
    if (!way_.squid) {
        return wrong;
    }
    // A tunnel that was not ready before another connection became free carries nothing: squid may tell of more tunnels than nginx of
    // connections.
    const auto least = way_.tls ? distinct_connections(nginx_->log()) : requests;
    const auto told = squid_->wait_for_log(least);
    if (told.size() < least || told.size() > requests) {
        wrong += "squid told of " + std::to_string(told.size()) + " requests, not " + std::to_string(least) + " to " +
                 std::to_string(requests) + ". ";
    }
    const bool all_tunnels = std::ranges::all_of(told, [](const SquidLogLine& line) { return line.method == "CONNECT"; });
    const bool all_forwarded = std::ranges::all_of(told, [](const SquidLogLine& line) { return line.method == "GET"; });
    return wrong + ((way_.tls ? all_tunnels : all_forwarded) ? "" : "squid saw other methods.");
}

std::size_t RepositoryServer::connections() const { return way_.squid ? client_ports(squid_->log()) : distinct_connections(nginx_->log()); }

}  // namespace lastack::cli::test
