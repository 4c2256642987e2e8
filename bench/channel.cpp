#include "bench/channel.hpp"

#include <openssl/err.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace lastack::bench {

void die(std::string_view what) {
    std::perror(std::string{what}.c_str());
    std::exit(1);
}

ContextHandle server_context(test::TestCa& ca) {
    const auto files = ca.server();
    ContextHandle context{SSL_CTX_new(TLS_server_method())};
    test::use_identity(context.get(), files.certificate, files.key);
    return context;
}

ContextHandle client_context(const std::filesystem::path& ca) {
    ContextHandle context{SSL_CTX_new(TLS_client_method())};
    test::openssl_must(SSL_CTX_load_verify_file(context.get(), ca.c_str()) == 1, "the CA");
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    return context;
}

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); }

}  // namespace

Listener::Listener() : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (fd_ < 0 || ::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(fd_, SOMAXCONN) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        die("listen");
    }
    port_ = ntohs(address.sin_port);
}

Listener::~Listener() { ::close(fd_); }

int Listener::accept() {
    while (true) {
        const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) {
            set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
            return fd;
        }
        if (errno != EINTR && errno != ECONNABORTED) {
            return -1;
        }
    }
}

void Listener::stop() { ::shutdown(fd_, SHUT_RDWR); }

Channel::Channel(int fd, SSL_CTX* context, End end) : fd_{fd} {
    if (context == nullptr) {
        return;
    }
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), fd);
    const int done = end == End::server ? SSL_accept(ssl_.get()) : SSL_connect(ssl_.get());
    if (done != 1) {
        close();
    }
}

Channel::Channel(Channel&& other) noexcept : fd_{std::exchange(other.fd_, -1)}, ssl_{std::move(other.ssl_)} {}

Channel& Channel::operator=(Channel&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    ssl_ = std::move(other.ssl_);
    return *this;
}

Channel Channel::connect(std::uint16_t port, SSL_CTX* context) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        die("connect");
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return Channel{fd, context, End::client};
}

long Channel::read(char* into, std::size_t size) {
    if (ssl_) {
        std::size_t n = 0;
        ERR_clear_error();
        if (SSL_read_ex(ssl_.get(), into, size, &n) == 1) {
            return static_cast<long>(n);
        }
        const int why = SSL_get_error(ssl_.get(), 0);
        return why == SSL_ERROR_WANT_READ ? nothing_yet : why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
    }
    const ssize_t n = ::recv(fd_, into, size, 0);
    return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? nothing_yet : -1;
}

std::optional<std::string> Channel::read_head() {
    std::string head;
    std::array<char, 4096> buffer;
    while (!head.ends_with("\r\n\r\n")) {
        const long n = read(buffer.data(), buffer.size());
        if (n <= 0) {
            return std::nullopt;
        }
        head.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return head;
}

bool Channel::write(std::string_view bytes) {
    while (!bytes.empty()) {
        std::size_t n = 0;
        if (ssl_) {
            ERR_clear_error();
            if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n) != 1) {
                return false;
            }
        } else {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            n = static_cast<std::size_t>(sent);
        }
        bytes.remove_prefix(n);
    }
    return true;
}

void Channel::do_not_block() const { ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK); }

void Channel::set_receive_limit(int seconds) const {
    const timeval limit{.tv_sec = seconds, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

void Channel::cork(bool on) const { set_option(fd_, IPPROTO_TCP, TCP_CORK, on ? 1 : 0); }

void Channel::notify() const {
    if (ssl_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
    }
}

void Channel::fin() const { ::shutdown(fd_, SHUT_WR); }

void Channel::reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

void Channel::close() {
    ssl_.reset();
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

}  // namespace lastack::bench
