// The kernel's answers about sockets, in both forms: nothing that they contain may be read beyond, and what is told can be written down.
#include "net/socket_table.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

namespace {

constexpr std::uint32_t sequence = 1;  // of the seeds
constexpr std::size_t least_message = 16 + 72;

void check(const std::vector<lastack::net::TcpSocket>& sockets, std::size_t most) {
    if (sockets.size() > most) {
        std::abort();
    }
    for (const auto& socket : sockets) {
        if (to_string(socket.local).empty() || to_string(socket.remote).empty() || to_string(socket.state).empty()) {
            std::abort();
        }
        if (socket.quiet && *socket.quiet < lastack::Duration::zero()) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<lastack::net::TcpSocket> sockets;
    if (const auto done = lastack::net::parse_sock_diag(std::as_bytes(std::span(data, size)), sequence, sockets); !done) {
        (void)lastack::describe(done.error());
    }
    check(sockets, size / least_message);
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const bool v6 : {false, true}) {
        sockets.clear();
        lastack::net::parse_proc_net_tcp(text, v6, sockets);
        check(sockets, size);
    }
    return 0;
}
