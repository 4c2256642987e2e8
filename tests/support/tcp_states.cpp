#include "support/tcp_states.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <unistd.h>

namespace lastack::test {

namespace {

// Inode to descriptor.
std::map<std::uint64_t, int> socket_descriptors(const std::string& process) {
    constexpr std::string_view kPrefix = "socket:[";
    std::map<std::uint64_t, int> descriptors;
    std::error_code error;
    for (std::filesystem::directory_iterator each(process + "/fd", error), end; !error && each != end; each.increment(error)) {
        std::error_code vanished;
        const auto target = std::filesystem::read_symlink(each->path(), vanished).string();
        if (!vanished && target.starts_with(kPrefix) && target.ends_with(']')) {
            if (const auto inode = parse_decimal(std::string_view(target).substr(kPrefix.size(), target.size() - kPrefix.size() - 1))) {
                descriptors[*inode] = static_cast<int>(parse_decimal(each->path().filename().string()).value_or(0));
            }
        }
    }
    return descriptors;
}

// One thread's directory for each network namespace in which threads of the process live: each has tables of its own.
std::vector<std::string> networks_of(const std::string& process) {
    std::vector<std::string> result;
    std::set<std::string> seen;
    std::error_code error;
    for (std::filesystem::directory_iterator each(process + "/task", error), end; !error && each != end; each.increment(error)) {
        std::error_code vanished;
        const auto network = std::filesystem::read_symlink(each->path() / "ns/net", vanished).string();
        if (!vanished && seen.insert(network).second) {
            result.push_back(each->path());
        }
    }
    return result;
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
    std::uint64_t number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return result.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

std::uint16_t port_of(std::string_view endpoint) {
    return static_cast<std::uint16_t>(parse_hex(endpoint.substr(endpoint.find(':') + 1)).value_or(0));
}

// "sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode ..."
std::optional<TcpSocket> parse_line(const std::string& line) {
    // Nobody owns a socket in TIME_WAIT, and there may be thousands.
    constexpr std::string_view kTimeWait = " 06 ";
    if (line.find(kTimeWait) < line.find(" 00000000:")) {
        return std::nullopt;
    }
    const auto fields = split(line, " ");
    if (fields.size() < 10 || !fields[0].ends_with(':')) {
        return std::nullopt;
    }
    const auto state = parse_hex(fields[3]);
    const auto inode = parse_decimal(fields[9]);
    const auto unread = parse_hex(fields[4].substr(fields[4].find(':') + 1));
    if (!state || !inode || !unread) {
        return std::nullopt;
    }
    return TcpSocket{static_cast<TcpState>(*state), port_of(fields[1]), port_of(fields[2]), *inode, -1, *unread};
}

}  // namespace

std::string_view to_string(TcpState state) {
    static constexpr std::array<std::string_view, 12> names{"?",          "established", "syn_sent",  "syn_received",
                                                            "fin_wait_1", "fin_wait_2",  "time_wait", "close",
                                                            "close_wait", "last_ack",    "listen",    "closing"};
    const auto index = static_cast<std::size_t>(state);
    return index < names.size() ? names[index] : names[0];
}

std::vector<TcpSocket> tcp_sockets(pid_t pid) {
    const auto process = "/proc/" + std::to_string(pid);
    auto descriptors = socket_descriptors(process);
    std::vector<TcpSocket> result;
    for (const auto& network : networks_of(process)) {
        for (const char* table : {"/net/tcp", "/net/tcp6"}) {
            std::ifstream in(network + table);
            for (std::string line; std::getline(in, line);) {
                auto socket = parse_line(line);
                if (const auto owned = socket ? descriptors.find(socket->inode) : descriptors.end(); owned != descriptors.end()) {
                    socket->descriptor = owned->second;
                    result.push_back(*socket);
                    descriptors.erase(owned);  // a table that changes while it is read may show a line twice
                }
            }
        }
    }
    return result;
}

std::vector<TcpSocket> own_sockets_to(std::uint16_t remote_port) {
    auto sockets = tcp_sockets(::getpid());
    std::erase_if(sockets, [&](const TcpSocket& socket) { return socket.remote_port != remote_port; });
    return sockets;
}

int count_in(const std::vector<TcpSocket>& sockets, TcpState state) {
    return static_cast<int>(std::ranges::count(sockets, state, &TcpSocket::state));
}

std::string describe(const std::vector<TcpSocket>& sockets) {
    std::string text;
    for (const auto& socket : sockets) {
        text += (text.empty() ? "" : ", ") + std::string(to_string(socket.state)) + " " + std::to_string(socket.local_port) + "->" +
                std::to_string(socket.remote_port);
    }
    return text.empty() ? "none" : text;
}

}  // namespace lastack::test
