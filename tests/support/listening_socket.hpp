// Sockets for servers and plain clients, and ports at which connecting fails in a chosen way. No port number is ever fixed or guessed: each
// is taken from the kernel and kept bound as long as it is used.
#pragma once

#include "base/file.hpp"

#include <cstdint>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace lastack::test {

// Non-blocking and close-on-exec. Throws std::system_error.
[[nodiscard]] FileDescriptor listen_on(const std::string& address, std::uint16_t port = 0, int backlog = 512);
// A blocking one that leads to a numeric address. Throws std::system_error.
[[nodiscard]] FileDescriptor connect_to(const std::string& address, std::uint16_t port);
[[nodiscard]] std::uint16_t local_port(int socket);
[[nodiscard]] std::string address_text(const sockaddr_storage& address);  // "ip:port", "[ip]:port"

// A port that is bound and not listened on: whoever connects gets a RST, and nobody else can take the port meanwhile.
class RefusingPort {
public:
    RefusingPort();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(std::string_view path) const;

private:
    FileDescriptor socket_;
    std::uint16_t port_ = 0;
};

// A port whose accept queue is full: SYNs are dropped, connecting takes until the client's own limit.
class SilentPort {
public:
    SilentPort();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(std::string_view path) const;
    [[nodiscard]] std::size_t fillers() const { return fillers_.size(); }  // sockets of ours that lead to it

private:
    FileDescriptor socket_;
    std::vector<FileDescriptor> fillers_;
    std::uint16_t port_ = 0;
};

}  // namespace lastack::test
