#include "support/tcp_states.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <unistd.h>

namespace lastack::test {

namespace {

std::set<std::uint64_t> socket_inodes(const std::string& process) {
    constexpr std::string_view kPrefix = "socket:[";
    std::set<std::uint64_t> inodes;
    std::error_code error;
    for (std::filesystem::directory_iterator each(process + "/fd", error), end; !error && each != end; each.increment(error)) {
        std::error_code vanished;
        const auto target = std::filesystem::read_symlink(each->path(), vanished).string();
        if (!vanished && target.starts_with(kPrefix) && target.ends_with(']')) {
            if (const auto inode = parse_decimal(std::string_view(target).substr(kPrefix.size(), target.size() - kPrefix.size() - 1))) {
                inodes.insert(*inode);
            }
        }
    }
    return inodes;
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
    return TcpSocket{static_cast<TcpState>(*state), port_of(fields[1]), port_of(fields[2]), *inode, *unread};
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
    const auto inodes = socket_inodes(process);
    std::vector<TcpSocket> result;
    for (const char* table : {"/net/tcp", "/net/tcp6"}) {
        std::ifstream in(process + table);
        for (std::string line; std::getline(in, line);) {
            if (const auto socket = parse_line(line); socket && inodes.contains(socket->inode)) {
                result.push_back(*socket);
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
