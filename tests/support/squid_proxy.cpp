#include "support/squid_proxy.hpp"

#include "base/text.hpp"
#include "support/log_file.hpp"
#include "support/openssl_handles.hpp"
#include "support/run_command.hpp"

#include <array>
#include <cerrno>
#include <pwd.h>
#include <system_error>
#include <unistd.h>

namespace lastack::test {

namespace {

constexpr const char* kProgram = "/usr/sbin/squid";
constexpr const char* kHelpers = "/usr/lib/squid/";
constexpr const char* kUser = "proxy";  // Debian's, for squid as root

std::string md5_hex(const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    openssl_must(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) == 1, "EVP_Digest");
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const unsigned char octet : std::span(digest).first(size)) {
        hex += digits[octet >> 4U];
        hex += digits[octet & 15U];
    }
    return hex;
}

// squid gives up root's rights and then writes here.
void give_to_squid(const TempDirectory& directory) {
    if (::geteuid() != 0) {
        return;
    }
    const passwd* user = ::getpwnam(kUser);
    if (user == nullptr || ::chown(directory.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
        throw std::system_error(user == nullptr ? ENOENT : errno, std::generic_category(), std::string("user ") + kUser);
    }
}

SquidLogLine parse_line(const std::string& line) {
    auto fields = split(line, " ");
    fields.resize(7);
    return {.client_port = static_cast<std::uint16_t>(parse_decimal(fields[0]).value_or(0)),
            .method = fields[1],
            .target = fields[2],
            .status = static_cast<int>(parse_decimal(fields[3]).value_or(0)),
            .bytes = parse_decimal(fields[4]).value_or(0),
            .user = fields[5] == "-" ? std::string{} : fields[5],
            .result = fields[6]};
}

}  // namespace

SquidProxy::SquidProxy(const SquidOptions& options) : directory_("lastack-squid") {
    give_to_squid(directory_);
    directory_.write("access.log", "");
    std::filesystem::permissions(directory_ / "access.log", std::filesystem::perms{0666});
    const auto prepare = [&](std::uint16_t port) {
        const auto file = directory_.write("squid.conf", configuration(options, port));
        // The service's name is part of the names of what squid shares between processes; letters and digits only.
        return ProcessOptions{.arguments = {kProgram, "-N", "-n", "lastack" + std::to_string(port), "-f", file.string()}};
    };
    process_.emplace(prepare, directory_ / "cache.log");
}

std::string SquidProxy::configuration(const SquidOptions& options, std::uint16_t port) const {
    const auto path = [&](std::string_view name) { return (directory_ / name).string(); };
    return "http_port 127.0.0.1:" + std::to_string(port) + "\nvisible_hostname localhost\npid_filename " + path("squid.pid") +
           "\ncache_log " + path("cache.log") + "\nlogformat seen %>p %rm %ru %>Hs %<st %un %Ss\naccess_log stdio:" + path("access.log") +
           " logformat=seen\ncoredump_dir " + directory_.path().string() +
           "\ncache deny all\ncache_mem 8 MB\nmemory_cache_shared off\nnetdb_filename none\npinger_enable off\n"
           // Names come from /etc/hosts; nothing leaves this machine.
           "dns_nameservers 127.0.0.1\ndns_timeout 1 second\n"
           "client_persistent_connections on\nserver_persistent_connections on\nclient_idle_pconn_timeout " +
           options.client_idle_pconn_timeout + "\nserver_idle_pconn_timeout " + options.server_idle_pconn_timeout +
           "\nshutdown_lifetime 0 seconds\ncache_effective_user " + kUser + "\n" + options.directives + "\n" + authentication(options) +
           "http_access deny all\n";
}

std::string SquidProxy::authentication(const SquidOptions& options) const {
    if (options.auth == ProxyAuth::none) {
        return "http_access allow localhost\n";
    }
    const std::string scheme = options.auth == ProxyAuth::basic ? "basic" : "digest";
    std::string text;
    if (options.auth == ProxyAuth::basic) {
        const auto hash = must_run({"openssl", "passwd", "-5", options.password});
        const auto file = directory_.write("passwords", options.user + ":" + hash);
        text = "auth_param basic program " + std::string(kHelpers) + "basic_ncsa_auth " + file.string() + "\n";
    } else {
        const auto secret = md5_hex(options.user + ":" + options.realm + ":" + options.password);
        const auto file = directory_.write("passwords", options.user + ":" + options.realm + ":" + secret + "\n");
        text = "auth_param digest program " + std::string(kHelpers) + "digest_file_auth -c " + file.string() +
               "\nauth_param digest nonce_max_count " + std::to_string(options.nonce_max_count) + "\n";
    }
    return text + "auth_param " + scheme + " children 1 startup=1\nauth_param " + scheme + " realm " + options.realm +
           "\nacl known proxy_auth REQUIRED\nhttp_access allow localhost known\n";
}

std::vector<SquidLogLine> SquidProxy::log() const {
    std::vector<SquidLogLine> lines;
    for (const auto& line : log_lines(directory_ / "access.log")) {
        lines.push_back(parse_line(line));
    }
    return lines;
}

std::vector<SquidLogLine> SquidProxy::wait_for_log(std::size_t lines, std::chrono::milliseconds patience) const {
    std::vector<SquidLogLine> seen;
    const auto enough = [&] {
        seen = log();
        return seen.size() >= lines;
    };
    [[maybe_unused]] const bool in_time = wait_for_log_change(directory_ / "access.log", enough, patience);
    return seen;
}

}  // namespace lastack::test
