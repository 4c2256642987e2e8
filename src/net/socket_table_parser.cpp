#include "base/text.hpp"
#include "net/socket_table.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace lastack::net {

namespace {

// The bytes at `offset` as a T, whatever their alignment; nothing when they do not reach that far.
template <typename T>
std::optional<T> value_at(std::span<const std::byte> bytes, std::size_t offset) {
    if (bytes.size() < sizeof(T) || offset > bytes.size() - sizeof(T)) {
        return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

// Netlink's padding: every length is followed by zeros up to a multiple of four.
std::size_t padded(std::size_t size) { return (size + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO; }

std::span<const std::byte> behind(std::span<const std::byte> bytes, std::size_t size) {
    return bytes.subspan(std::min(padded(size), bytes.size()));
}

std::uint16_t network_order(std::uint16_t value) {
    std::array<std::uint8_t, 2> bytes{};
    std::memcpy(bytes.data(), &value, sizeof value);
    return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

Endpoint endpoint(bool v6, const __be32 (&address)[4], __be16 port) {
    Endpoint result{.v6 = v6, .port = network_order(port)};
    std::memcpy(result.address.data(), address, v6 ? 16 : 4);
    return result;
}

std::optional<Duration> quiet_time(std::span<const std::byte> attributes) {
    while (const auto head = value_at<rtattr>(attributes, 0)) {
        if (head->rta_len < sizeof(rtattr) || head->rta_len > attributes.size()) {
            return std::nullopt;
        }
        if (head->rta_type == INET_DIAG_INFO) {
            const auto info = attributes.subspan(sizeof(rtattr), head->rta_len - sizeof(rtattr));
            const auto milliseconds = value_at<std::uint32_t>(info, offsetof(tcp_info, tcpi_last_data_recv));
            return milliseconds ? std::optional<Duration>(std::chrono::milliseconds(*milliseconds)) : std::nullopt;
        }
        attributes = behind(attributes, head->rta_len);
    }
    return std::nullopt;
}

std::optional<TcpSocket> socket_in(std::span<const std::byte> payload) {
    const auto message = value_at<inet_diag_msg>(payload, 0);
    if (!message || (message->idiag_family != AF_INET && message->idiag_family != AF_INET6)) {
        return std::nullopt;
    }
    const bool v6 = message->idiag_family == AF_INET6;
    TcpSocket socket{.local = endpoint(v6, message->id.idiag_src, message->id.idiag_sport),
                     .remote = endpoint(v6, message->id.idiag_dst, message->id.idiag_dport),
                     .state = static_cast<TcpState>(message->idiag_state),
                     .receive_queue = message->idiag_rqueue,
                     .send_queue = message->idiag_wqueue,
                     .uid = message->idiag_uid,
                     .inode = message->idiag_inode};
    if (socket.state != TcpState::listen) {
        socket.quiet = quiet_time(behind(payload, sizeof *message));
    }
    return socket;
}

std::unexpected<Error> malformed() {
    return std::unexpected(
        Error{.code = Errc::io_failed, .phase = Phase::parsing, .cause = "sock_diag gave an answer that makes no sense"});
}

template <typename Number>
std::optional<Number> hexadecimal(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(number) : std::nullopt;
}

// "0100007F:1F90": words in the order of this machine, the port as a number.
std::optional<Endpoint> proc_endpoint(std::string_view text, bool v6) {
    constexpr std::size_t word = 8;
    const std::size_t words = v6 ? 4 : 1;
    if (text.size() != words * word + 5 || text[words * word] != ':') {
        return std::nullopt;
    }
    Endpoint result{.v6 = v6};
    for (std::size_t i = 0; i < words; ++i) {
        const auto value = hexadecimal<std::uint32_t>(text.substr(i * word, word));
        if (!value) {
            return std::nullopt;
        }
        std::memcpy(result.address.data() + i * sizeof *value, &*value, sizeof *value);
    }
    const auto port = hexadecimal<std::uint16_t>(text.substr(words * word + 1));
    result.port = port.value_or(0);
    return port ? std::optional(result) : std::nullopt;
}

// "sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ..."
std::optional<TcpSocket> proc_socket(std::string_view line, bool v6) {
    constexpr std::size_t needed = 10;
    const auto fields = split(line, " ");
    if (fields.size() < needed || !fields[0].ends_with(':') || fields[4].size() != 17 || fields[4][8] != ':') {
        return std::nullopt;
    }
    const auto local = proc_endpoint(fields[1], v6);
    const auto remote = proc_endpoint(fields[2], v6);
    const auto state = hexadecimal<std::uint8_t>(fields[3]);
    const auto send_queue = hexadecimal<std::uint32_t>(std::string_view(fields[4]).substr(0, 8));
    const auto receive_queue = hexadecimal<std::uint32_t>(std::string_view(fields[4]).substr(9));
    const auto uid = parse_decimal(fields[7]);
    const auto inode = parse_decimal(fields[9]);
    if (!local || !remote || !state || !send_queue || !receive_queue || !uid || *uid > UINT32_MAX || !inode) {
        return std::nullopt;
    }
    return TcpSocket{.local = *local,
                     .remote = *remote,
                     .state = static_cast<TcpState>(*state),
                     .receive_queue = *receive_queue,
                     .send_queue = *send_queue,
                     .uid = static_cast<std::uint32_t>(*uid),
                     .inode = *inode};
}

}  // namespace

Result<bool> parse_sock_diag(std::span<const std::byte> datagram, std::uint32_t sequence, std::vector<TcpSocket>& into) {
    while (!datagram.empty()) {
        const auto head = value_at<nlmsghdr>(datagram, 0);
        if (!head || head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > datagram.size()) {
            return malformed();
        }
        const auto payload = datagram.subspan(sizeof(nlmsghdr), head->nlmsg_len - sizeof(nlmsghdr));
        datagram = behind(datagram, head->nlmsg_len);
        if (head->nlmsg_seq != sequence) {
            continue;
        }
        if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR) {
            // Negative errno, or 0; NLMSG_DONE need not have it.
            const auto code = value_at<std::int32_t>(payload, 0);
            if (!code && head->nlmsg_type == NLMSG_ERROR) {
                return malformed();
            }
            if (code && *code < 0 && *code > INT32_MIN) {
                return std::unexpected(system_error(-*code, "sock_diag refuses"));
            }
            return true;
        }
        if (head->nlmsg_type == NLMSG_OVERRUN) {
            return malformed();
        }
        if (head->nlmsg_type == SOCK_DIAG_BY_FAMILY) {
            if (auto socket = socket_in(payload)) {
                into.push_back(*socket);
            }
        }
    }
    return false;
}

void parse_proc_net_tcp(std::string_view text, bool v6, std::vector<TcpSocket>& into) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) {
            return;
        }
        if (auto socket = proc_socket(text.substr(0, end), v6)) {
            into.push_back(*socket);
        }
        text.remove_prefix(end + 1);
    }
}

}  // namespace lastack::net
