// The TCP sockets that a process owns and the states the kernel has them in, read from /proc. A snapshot: descriptors first, then states.
// Seen are those of every network namespace in which a thread of the process lives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace lastack::test {

enum class TcpState : std::uint8_t {
    established = 1,
    syn_sent,
    syn_received,
    fin_wait_1,
    fin_wait_2,
    time_wait,
    close,
    close_wait,
    last_ack,
    listen,
    closing,
};

[[nodiscard]] std::string_view to_string(TcpState state);

struct TcpSocket {
    TcpState state = TcpState::close;
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;  // 0: not connected
    std::uint64_t inode = 0;
    int descriptor = -1;       // in the process that owns it
    std::uint64_t unread = 0;  // bytes that wait to be read

    friend bool operator==(const TcpSocket&, const TcpSocket&) = default;
};

[[nodiscard]] std::vector<TcpSocket> tcp_sockets(pid_t pid);
// This process's sockets that lead to `remote_port`: the client's side when client and origin share a process.
[[nodiscard]] std::vector<TcpSocket> own_sockets_to(std::uint16_t remote_port);
[[nodiscard]] int count_in(const std::vector<TcpSocket>& sockets, TcpState state);
// "established 41234->8080, close_wait ...": for failure messages.
[[nodiscard]] std::string describe(const std::vector<TcpSocket>& sockets);

}  // namespace lastack::test
