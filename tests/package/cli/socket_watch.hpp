// The TCP sockets of a process and its descendants, looked at about every millisecond from a thread of its own.
#pragma once

#include "base/time.hpp"
#include "support/tcp_states.hpp"

#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace lastack::cli::test {

struct SocketLook {
    TimePoint begun;
    TimePoint ended;
    std::vector<lastack::test::TcpSocket> sockets;
};

class SocketWatch {
public:
    explicit SocketWatch(pid_t pid);

    // Ends the watching.
    [[nodiscard]] std::vector<SocketLook> stop();

private:
    std::vector<SocketLook> looks_;
    std::jthread thread_;
};

// What the looks that lie wholly between the two moments saw open, for a failure message; empty when none was, "not looked" when there
// were no such looks.
[[nodiscard]] std::string open_between(const std::vector<SocketLook>& looks, TimePoint from, TimePoint to);

// The longest time that one socket was certainly in CLOSE_WAIT: between two looks that saw it so.
[[nodiscard]] std::chrono::milliseconds longest_close_wait(const std::vector<SocketLook>& looks);

// The most sockets that were open at a time.
[[nodiscard]] std::size_t most_open(const std::vector<SocketLook>& looks);

}  // namespace lastack::cli::test
