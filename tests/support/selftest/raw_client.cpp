#include "support/selftest/raw_client.hpp"

#include "support/listening_socket.hpp"

#include <array>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lastack::test {

namespace {

constexpr int kPatience = 10'000;

}  // namespace

RawClient::RawClient(std::uint16_t port, const std::string& address) : socket_(connect_to(address, port)) {}

RawClient& RawClient::send(std::string_view bytes) {
    if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
        end_ = End::reset;
    }
    return *this;
}

RawClient& RawClient::get(std::string_view target, std::string_view more_fields) {
    return send("GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more_fields) + "\r\n");
}

bool RawClient::read_some() {
    if (end_ != End::still_open) {
        return false;
    }
    pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kPatience) <= 0) {
        return false;
    }
    std::array<char, 65536> buffer{};
    const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) {
        end_ = count == 0 ? End::fin : End::reset;
        return false;
    }
    in_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

std::string RawClient::read_until(std::string_view text) {
    while (!in_.contains(text) && read_some()) {
    }
    return in_;
}

std::string RawClient::read_to_end() {
    while (read_some()) {
    }
    return in_;
}

void RawClient::read_at_most(std::size_t bytes) {
    while (in_.size() < bytes && read_some()) {
    }
}

void RawClient::close() { socket_ = FileDescriptor{}; }

void RawClient::reset() {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    close();
}

}  // namespace lastack::test
