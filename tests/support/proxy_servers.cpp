#include "support/proxy_servers.hpp"

#include <unistd.h>

namespace lastack::test {

namespace {

constexpr const char* kTinyProxy = "/usr/bin/tinyproxy";
constexpr const char* kVsftpd = "/usr/sbin/vsftpd";
constexpr const char* kDante = "/usr/sbin/danted";
constexpr const char* kStunnel = "/usr/bin/stunnel4";

}  // namespace

TinyProxy::TinyProxy(const TinyProxyOptions& options) : directory_("lastack-tinyproxy") {
    const auto prepare = [&](std::uint16_t port) {
        // Without a ConnectPort line CONNECT may lead anywhere.
        std::string text = "Port " + std::to_string(port) + "\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\nMaxClients 100\n" +
                           "LogLevel Connect\nLogFile \"" + (directory_ / "tinyproxy.log").string() + "\"\n";
        if (!options.user.empty()) {
            text += "BasicAuth " + options.user + " " + options.password + "\n";
        }
        const auto file = directory_.write("tinyproxy.conf", text);
        return ProcessOptions{.arguments = {kTinyProxy, "-d", "-c", file.string()}};
    };
    process_.emplace(prepare, directory_ / "tinyproxy.log");
}

VsftpdServer::VsftpdServer() : directory_("lastack-vsftpd") {
    namespace fs = std::filesystem;
    // Read by the account that it gives up its rights for.
    fs::permissions(directory_.path(), fs::perms{0755});
    fs::create_directories(directory_ / "files");
    fs::create_directories(directory_ / "empty");
    const auto prepare = [&](std::uint16_t port) {
        std::string text = "listen=YES\nlisten_address=127.0.0.1\nlisten_port=" + std::to_string(port) +
                           "\nbackground=NO\nanonymous_enable=YES\nno_anon_password=YES\nanon_root=" + (directory_ / "files").string() +
                           "\nsecure_chroot_dir=" + (directory_ / "empty").string() +
                           "\nconnect_from_port_20=NO\nseccomp_sandbox=NO\nxferlog_enable=YES\nlog_ftp_protocol=YES\nvsftpd_log_file=" +
                           (directory_ / "vsftpd.log").string() + "\n";
        if (::geteuid() != 0) {
            text += "run_as_launching_user=YES\n";
        }
        return ProcessOptions{.arguments = {kVsftpd, directory_.write("vsftpd.conf", text).string()}};
    };
    process_.emplace(prepare, directory_ / "vsftpd.log");
}

void VsftpdServer::publish(std::string_view name, std::string_view content) const {
    const auto file = directory_.write("files/" + std::string(name), content);
    std::filesystem::permissions(file, std::filesystem::perms{0644});
}

DanteServer::DanteServer() : directory_("lastack-dante") {
    const auto prepare = [&](std::uint16_t port) {
        std::string text = "logoutput: " + (directory_ / "danted.log").string() + "\ninternal: 127.0.0.1 port = " + std::to_string(port) +
                           "\nexternal: lo\nclientmethod: none\nsocksmethod: none\n";
        if (::geteuid() == 0) {
            text += "user.privileged: root\nuser.unprivileged: root\n";
        }
        for (const char* kind : {"client", "socks"}) {
            text += std::string(kind) + " pass { from: 127.0.0.0/8 to: 0.0.0.0/0 log: connect disconnect error }\n";
        }
        const auto file = directory_.write("danted.conf", text);
        // Its processes share memory through files.
        return ProcessOptions{.arguments = {kDante, "-f", file.string(), "-p", (directory_ / "danted.pid").string()},
                              .environment = {{"TMPDIR", directory_.path().string()}}};
    };
    process_.emplace(prepare, directory_ / "danted.log");
}

TlsFront::TlsFront(const TlsFrontOptions& options) : directory_("lastack-stunnel") {
    const auto prepare = [&](std::uint16_t port) {
        std::string text = "foreground = quiet\npid =\nsyslog = no\ndebug = info\noutput = " + (directory_ / "stunnel.log").string() +
                           "\n[front]\naccept = 127.0.0.1:" + std::to_string(port) +
                           "\nconnect = 127.0.0.1:" + std::to_string(options.connect) + "\ncert = " + options.certificate.string() +
                           "\nkey = " + options.key.string() + "\nTIMEOUTclose = 0\n";
        if (!options.client_ca.empty()) {
            text += "CAfile = " + options.client_ca.string() + "\nverifyChain = yes\n";
        }
        const auto file = directory_.write("stunnel.conf", text + options.directives + "\n");
        return ProcessOptions{.arguments = {kStunnel, file.string()}};
    };
    process_.emplace(prepare, directory_ / "stunnel.log");
}

}  // namespace lastack::test
