#include "support/listening_socket.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <system_error>

namespace lastack::test {

namespace {

constexpr int kConnectPatience = 200;  // milliseconds a handshake on loopback may take before its SYN counts as dropped
constexpr int kMostFillers = 16;

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const std::string& address, std::uint16_t port) {
    SocketAddress result;
    sockaddr_in four{.sin_family = AF_INET, .sin_port = htons(port)};
    sockaddr_in6 six{.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
        std::memcpy(&result.storage, &four, sizeof four);
        result.length = sizeof four;
    } else if (::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1) {
        std::memcpy(&result.storage, &six, sizeof six);
        result.length = sizeof six;
    } else {
        throw std::system_error(EINVAL, std::generic_category(), "address " + address);
    }
    return result;
}

FileDescriptor bound_socket(const std::string& address, std::uint16_t port) {
    const auto name = socket_address(address, port);
    FileDescriptor socket(::socket(name.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    if (!socket.valid() || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(socket.get(), name.get(), name.length) != 0) {
        throw std::system_error(errno, std::generic_category(), "bind " + address);
    }
    return socket;
}

std::string loopback_url(std::uint16_t port, std::string_view path) {
    return "http://127.0.0.1:" + std::to_string(port) + std::string(path);
}

}  // namespace

FileDescriptor listen_on(const std::string& address, std::uint16_t port, int backlog) {
    auto socket = bound_socket(address, port);
    if (::listen(socket.get(), backlog) != 0) {
        throw std::system_error(errno, std::generic_category(), "listen on " + address);
    }
    return socket;
}

FileDescriptor connect_to(const std::string& address, std::uint16_t port) {
    const auto name = socket_address(address, port);
    FileDescriptor socket(::socket(name.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid() || ::connect(socket.get(), name.get(), name.length) != 0) {
        throw std::system_error(errno, std::generic_category(), "connect to " + address);
    }
    return socket;
}

std::uint16_t local_port(int socket) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
        throw std::system_error(errno, std::generic_category(), "getsockname");
    }
    // The port stands at the same place in both families.
    return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

std::string address_text(const sockaddr_storage& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
        ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
        return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(six.sin6_port));
    }
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(four.sin_port));
}

RefusingPort::RefusingPort() : socket_(bound_socket("127.0.0.1", 0)), port_(local_port(socket_.get())) {}

std::string RefusingPort::url(std::string_view path) const { return loopback_url(port_, path); }

SilentPort::SilentPort() : socket_(listen_on("127.0.0.1", 0, 0)), port_(local_port(socket_.get())) {
    const auto name = socket_address("127.0.0.1", port_);
    for (int count = 0; count < kMostFillers; ++count) {
        FileDescriptor filler(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!filler.valid()) {
            throw std::system_error(errno, std::generic_category(), "socket");
        }
        ::connect(filler.get(), name.get(), name.length);
        pollfd waiting{.fd = filler.get(), .events = POLLOUT, .revents = 0};
        const bool connected = ::poll(&waiting, 1, kConnectPatience) > 0;
        fillers_.push_back(std::move(filler));
        if (!connected) {
            return;
        }
    }
    throw std::system_error(ENOTSUP, std::generic_category(), "the accept queue never fills");
}

std::string SilentPort::url(std::string_view path) const { return loopback_url(port_, path); }

}  // namespace lastack::test
