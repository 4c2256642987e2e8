#include "net/socket_table.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <set>
#include <sys/socket.h>
#include <sys/time.h>
#include <tuple>

namespace lastack::net {

namespace {

constexpr std::size_t datagram_limit = std::size_t{64} << 10;  // the kernel fills at most 32 KiB per datagram of a dump
constexpr timeval patience{.tv_sec = 5, .tv_usec = 0};         // the kernel answers at once or never
constexpr std::uint32_t all_states = ~0U;

constexpr std::uint32_t state_bit(TcpState state) { return 1U << static_cast<unsigned>(state); }

struct Request {
    nlmsghdr head;
    inet_diag_req_v2 body;
};

void keep_what_counts(std::vector<TcpSocket>& sockets) {
    std::erase_if(sockets, [](const TcpSocket& socket) { return socket.state == TcpState::time_wait; });
    keep_the_last_of_each(sockets);
}

Result<std::vector<TcpSocket>> read_proc(const std::string& directory) {
    std::vector<TcpSocket> sockets;
    for (const bool v6 : {false, true}) {
        const auto text = read_file(directory + (v6 ? "/tcp6" : "/tcp"));
        if (text) {
            parse_proc_net_tcp(*text, v6, sockets);
        } else if (!v6) {  // a kernel without IPv6 has no tcp6
            return std::unexpected(text.error());
        }
    }
    keep_what_counts(sockets);
    return sockets;
}

}  // namespace

std::string_view to_string(TcpState state) noexcept {
    static constexpr std::array<std::string_view, 14> names{"UNKNOWN",   "ESTABLISHED", "SYN_SENT", "SYN_RECV",   "FIN_WAIT1",
                                                            "FIN_WAIT2", "TIME_WAIT",   "CLOSE",    "CLOSE_WAIT", "LAST_ACK",
                                                            "LISTEN",    "CLOSING",     "SYN_RECV", "BOUND"};
    const auto number = static_cast<std::size_t>(state);
    return number < names.size() ? names[number] : names[0];
}

std::string to_string(const Endpoint& endpoint) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(endpoint.v6 ? AF_INET6 : AF_INET, endpoint.address.data(), text.data(), text.size());
    const std::string ip = endpoint.v6 ? "[" + std::string(text.data()) + "]" : std::string(text.data());
    return ip + ":" + (endpoint.port == 0 ? "*" : std::to_string(endpoint.port));
}

void keep_the_last_of_each(std::vector<TcpSocket>& sockets) {
    std::set<std::tuple<Endpoint, Endpoint, std::uint64_t>> met;
    const auto once = std::ranges::remove_if(sockets.rbegin(), sockets.rend(), [&met](const TcpSocket& socket) {
        return !met.emplace(socket.local, socket.remote, socket.inode).second;
    });
    sockets.erase(sockets.begin(), once.begin().base());
}

Result<void> SocketTable::open() {
    netlink_ = FileDescriptor(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink_.valid()) {
        return std::unexpected(system_error(errno, "cannot open sock_diag"));
    }
    ::setsockopt(netlink_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    buffer_.resize(datagram_limit);
    return {};
}

Result<void> SocketTable::dump(std::uint8_t family, std::vector<TcpSocket>& into) {
    Request request{};
    request.head = {.nlmsg_len = sizeof request,
                    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                    .nlmsg_seq = ++sequence_,
                    .nlmsg_pid = 0};
    request.body.sdiag_family = family;
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.idiag_ext = quiet_ == Quiet::wanted ? 1U << (INET_DIAG_INFO - 1) : 0;
    request.body.idiag_states = all_states & ~state_bit(TcpState::time_wait);
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (::sendto(netlink_.get(), &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) {
        return std::unexpected(system_error(errno, "cannot ask sock_diag"));
    }
    while (true) {
        sockaddr_nl sender{};
        socklen_t length = sizeof sender;
        const auto count =
            ::recvfrom(netlink_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&sender), &length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0 || static_cast<std::size_t>(count) > buffer_.size()) {
            return std::unexpected(system_error(count < 0 ? errno : EMSGSIZE, "cannot read from sock_diag"));
        }
        if (sender.nl_pid != 0) {
            continue;  // only the kernel knows its table
        }
        const auto done = parse_sock_diag(std::span(buffer_).first(static_cast<std::size_t>(count)), sequence_, into);
        if (!done) {
            return std::unexpected(done.error());
        }
        if (*done) {
            return {};
        }
    }
}

Result<std::vector<TcpSocket>> SocketTable::read() {
    if (source_ == TableSource::sock_diag) {
        Result<void> answered = netlink_.valid() ? Result<void>{} : open();
        std::vector<TcpSocket> sockets;
        for (const int family : {AF_INET, AF_INET6}) {
            if (answered) {
                answered = dump(static_cast<std::uint8_t>(family), sockets);
            }
        }
        if (answered) {
            keep_what_counts(sockets);
            return sockets;
        }
        netlink_ = FileDescriptor{};
        source_ = TableSource::proc;
    }
    return read_proc("/proc/self/net");
}

Result<std::vector<TcpSocket>> read_table_of(pid_t pid) { return read_proc("/proc/" + std::to_string(pid) + "/net"); }

}  // namespace lastack::net
