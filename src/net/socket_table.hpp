// The kernel's table of TCP sockets, as any user may read it: sock_diag, or /proc/net/tcp{,6} where that is not permitted. Reading blocks
// for as long as the kernel takes: never on the reactor. The parsers are pure and trust nothing of what they are given.
#pragma once

#include "base/file.hpp"
#include "base/time.hpp"

#include "lastack/result.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace lastack::net {

// The kernel's numbers.
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
    new_syn_received,
    bound,
};

[[nodiscard]] std::string_view to_string(TcpState state) noexcept;  // "CLOSE_WAIT"; "UNKNOWN" for a number that is none of them

struct Endpoint {
    std::array<std::uint8_t, 16> address{};  // network order; IPv4 in the first four
    bool v6 = false;
    std::uint16_t port = 0;

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

[[nodiscard]] std::string to_string(const Endpoint& endpoint);  // "127.0.0.1:80", "[::1]:80"

struct TcpSocket {
    Endpoint local;
    Endpoint remote;
    TcpState state = TcpState::close;
    std::uint32_t receive_queue = 0;  // bytes that came and were not read; for LISTEN: connections not accepted
    std::uint32_t send_queue = 0;     // bytes written and not acknowledged; for LISTEN: room for connections
    std::uint32_t uid = 0;
    std::uint64_t inode = 0;  // 0: no descriptor leads to it any more, or none yet
    // Since the last payload came, or since the connection was made when none did. Only where sock_diag was asked for it.
    std::optional<Duration> quiet;
};

// Appends the sockets of one datagram of an answer to the dump with this sequence number; true when it ends the dump. What belongs to other
// dumps and what is of no known family is skipped. Errors: a length that contradicts itself, or the error that the kernel tells.
[[nodiscard]] Result<bool> parse_sock_diag(std::span<const std::byte> datagram, std::uint32_t sequence, std::vector<TcpSocket>& into);

// Appends the lines of /proc/net/tcp (or tcp6) that are whole; a line that makes no sense is skipped.
void parse_proc_net_tcp(std::string_view text, bool v6, std::vector<TcpSocket>& into);

// The kernel walks its table while connections come and go: a socket may be met twice. Each is left once, as it was met last.
void keep_the_last_of_each(std::vector<TcpSocket>& sockets);

enum class TableSource : std::uint8_t { sock_diag, proc };
enum class Quiet : bool { not_wanted, wanted };  // TcpSocket::quiet costs the kernel a lock per socket

class SocketTable {
public:
    // With sock_diag, reading changes to /proc for good when the kernel refuses.
    explicit SocketTable(Quiet quiet = Quiet::not_wanted, TableSource source = TableSource::sock_diag) : quiet_{quiet}, source_{source} {}

    // All but those in TIME_WAIT, which belong to nobody, each once. While others come and go, the kernel may pass over one: the next
    // reading has it. Errors: those of reading /proc/net/tcp.
    [[nodiscard]] Result<std::vector<TcpSocket>> read();
    [[nodiscard]] TableSource source() const { return source_; }

private:
    Result<void> dump(std::uint8_t family, std::vector<TcpSocket>& into);
    Result<void> open();

    Quiet quiet_;
    TableSource source_;
    FileDescriptor netlink_;
    std::uint32_t sequence_ = 0;
    std::vector<std::byte> buffer_;
};

// The table of the network namespace that a process lives in. Errors: Errc::not_found when it has ended.
[[nodiscard]] Result<std::vector<TcpSocket>> read_table_of(pid_t pid);

}  // namespace lastack::net
