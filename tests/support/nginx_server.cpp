#include "support/nginx_server.hpp"

#include "base/text.hpp"
#include "base/time.hpp"
#include "support/listening_socket.hpp"
#include "support/log_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <netinet/in.h>
#include <poll.h>
#include <set>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace lastack::test {

namespace {

constexpr const char* kProgram = "/usr/sbin/nginx";
constexpr std::chrono::seconds kStartPatience{10};
constexpr std::chrono::seconds kStopPatience{5};

std::string tls_directives(const NginxTls& tls) {
    std::string text = "ssl_certificate " + tls.certificate.string() + ";\nssl_certificate_key " + tls.key.string() + ";\nssl_protocols " +
                       tls.protocols + ";\nssl_session_tickets " + (tls.session_tickets ? "on" : "off") + ";\n";
    // OpenSSL's default level has no signature for anything older than 1.2.
    if (tls.protocols.contains("TLSv1.1") || tls.protocols.contains("TLSv1 ") || tls.protocols.ends_with("TLSv1")) {
        text += "ssl_ciphers DEFAULT@SECLEVEL=0;\n";
    }
    if (!tls.client_ca.empty()) {
        text += "ssl_verify_client on;\nssl_client_certificate " + tls.client_ca.string() + ";\n";
    }
    return text;
}

std::string configuration(const NginxOptions& options, const std::string& root, const std::string& prefix, std::uint16_t port) {
    // With one process nginx 1.22 fails on inherited sockets (it looks for the previous cycle's); as root the worker stays root, for it
    // has to read directories of the test's own.
    std::string text =
        std::string("daemon off; worker_processes 1; worker_shutdown_timeout 1s;") + (::geteuid() == 0 ? "user root root;" : "") + "pid " +
        prefix + "/nginx.pid;\nerror_log " + prefix +
        "/error.log info;\nevents { worker_connections 512; }\nhttp {\n"
        "log_format seen '$connection\\t$connection_requests\\t$request\\t$status\\t$body_bytes_sent\\t$http_range\\t$msec\\t"
        "$ssl_protocol\\t$ssl_session_reused\\t$ssl_client_s_dn\\t$remote_user';\n"
        // The question whether it runs is no request of the test's; over TLS it is answered with 400.
        "map $request_uri $asked_by_test { /.ready 0; default 1; }\n"
        "access_log " +
        prefix + "/access.log seen if=$asked_by_test;\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        text += std::string(kind) + "_temp_path " + prefix + "/" + kind + ";\n";
    }
    text += options.http_directives + "\ndefault_type application/octet-stream; sendfile on; tcp_nopush off;\nkeepalive_timeout " +
            options.keepalive_timeout + "; keepalive_requests " + std::to_string(options.keepalive_requests) +
            ";\nserver {\nlisten 127.0.0.1:" + std::to_string(port) + (options.tls ? " ssl;\n" + tls_directives(*options.tls) : ";\n") +
            "root " + root + ";\n" + options.server_directives + "\nlocation = /.ready { return 204; }\nlocation / { }\n";
    for (const auto& location : options.locations) {
        text += "location " + location.path + " { " + location.directives + " }\n";
    }
    return text + "}\n}\n";
}

// One request, answered: the socket alone would accept before nginx runs.
bool answers(std::uint16_t port, std::string_view expected, TimePoint deadline) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    constexpr std::string_view request = "GET /.ready HTTP/1.0\r\nHost: localhost\r\n\r\n";
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
        return false;
    }
    pollfd waiting{.fd = socket.get(), .events = POLLIN, .revents = 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    std::array<char, 12> status{};
    return ::poll(&waiting, 1, static_cast<int>(std::max<long long>(left, 0))) > 0 &&
           ::recv(socket.get(), status.data(), status.size(), MSG_WAITALL) == 12 && std::string_view(status.data() + 9, 3) == expected;
}

// nginx writes "-" for what there is not.
std::string or_empty(std::string_view field) { return field == "-" ? std::string{} : std::string(field); }

NginxLogLine parse_line(std::string_view line) {
    std::array<std::string_view, 11> fields;
    for (auto& field : fields) {
        const auto end = line.find('\t');
        field = line.substr(0, end);
        line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    }
    return {.connection = parse_decimal(fields[0]).value_or(0),
            .number_on_connection = parse_decimal(fields[1]).value_or(0),
            .request = std::string(fields[2]),
            .status = static_cast<int>(parse_decimal(fields[3]).value_or(0)),
            .body_bytes = parse_decimal(fields[4]).value_or(0),
            .range = or_empty(fields[5]),
            .time = std::stod(std::string(fields[6])),
            .tls_protocol = or_empty(fields[7]),
            .tls_resumed = fields[8] == "r",
            .tls_client = or_empty(fields[9]),
            .user = or_empty(fields[10])};
}

}  // namespace

NginxServer::NginxServer(const NginxOptions& options) : directory_("lastack-nginx"), tls_(options.tls.has_value()) {
    std::filesystem::create_directories(directory_ / "www");
    // Readable for others: nginx as root keeps its rights here, but a root given by the test may be looked at by anyone.
    std::filesystem::permissions(
        directory_.path(), std::filesystem::perms::owner_all | std::filesystem::perms::others_exec | std::filesystem::perms::group_exec);
    auto listener = listen_on("127.0.0.1");
    port_ = local_port(listener.get());
    const auto root = options.root.empty() ? (directory_ / "www") : options.root;
    directory_.write("nginx.conf", configuration(options, root.string(), directory_.path().string(), port_));
    directory_.write("access.log", "");
    process_ = std::make_unique<Process>(
        ProcessOptions{.arguments = {kProgram, "-p", directory_.path().string(), "-e", (directory_ / "error.log").string(), "-c",
                                     (directory_ / "nginx.conf").string()},
                       .environment = {{"NGINX", std::to_string(listener.get()) + ";"}},
                       .keep = {listener.get()}});
    // Only nginx holds it now: when nginx ends, connections are refused at once.
    listener = FileDescriptor{};
    if (!answers(port_, tls_ ? "400" : "204", Clock::now() + kStartPatience)) {
        stop();
        throw std::runtime_error("nginx does not answer: " + process_->err() + error_log());
    }
}

NginxServer::~NginxServer() { stop(); }

std::string NginxServer::url(std::string_view path, std::string_view host) const {
    return (tls_ ? "https://" : "http://") + std::string(host) + ":" + std::to_string(port_) + std::string(path);
}

void NginxServer::publish(std::string_view name, std::string_view content) const { directory_.write("www/" + std::string(name), content); }

std::vector<NginxLogLine> NginxServer::log() const {
    std::vector<NginxLogLine> lines;
    for (const auto& line : log_lines(directory_ / "access.log")) {
        lines.push_back(parse_line(line));
    }
    return lines;
}

std::vector<NginxLogLine> NginxServer::wait_for_log(std::size_t lines, std::chrono::milliseconds patience) const {
    std::vector<NginxLogLine> seen;
    const auto enough = [&] {
        seen = log();
        return seen.size() >= lines;
    };
    [[maybe_unused]] const bool in_time = wait_for_log_change(directory_ / "access.log", enough, patience);
    return seen;
}

std::string NginxServer::error_log() const { return directory_.read("error.log"); }

void NginxServer::stop() {
    if (process_ && process_->running()) {
        process_->signal(SIGQUIT);
        process_->wait(kStopPatience);
    }
}

std::size_t distinct_connections(const std::vector<NginxLogLine>& lines) {
    std::set<std::uint64_t> connections;
    for (const auto& line : lines) {
        connections.insert(line.connection);
    }
    return connections.size();
}

}  // namespace lastack::test
