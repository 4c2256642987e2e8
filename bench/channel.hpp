// A connected socket, blocking unless told otherwise, with or without TLS on it: what the servers and the bare clients of the benchmarks
// speak through. Everything that cannot go wrong on loopback ends the program when it does.
#pragma once

#include "support/openssl_handles.hpp"
#include "support/test_ca.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lastack::bench {

[[noreturn]] void die(std::string_view what);  // with errno

using test::ContextHandle;

// TLS 1.2 and 1.3 as OpenSSL has them by default; the server's identity is for 127.0.0.1.
[[nodiscard]] ContextHandle server_context(test::TestCa& ca);
// Verifies, and gives back its buffers while nothing is under way.
[[nodiscard]] ContextHandle client_context(const std::filesystem::path& ca);

class Listener {
public:
    Listener();
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int accept();  // -1 after `stop`
    void stop();                 // from any thread; ends every accept

private:
    int fd_;
    std::uint16_t port_ = 0;
};

class Channel {
public:
    enum class End : std::uint8_t { client, server };

    Channel() = default;
    // Makes the handshake when there is a context; `is_open` says whether it worked.
    Channel(int fd, SSL_CTX* context, End end);
    Channel(Channel&& other) noexcept;
    Channel& operator=(Channel&& other) noexcept;
    ~Channel() { close(); }

    [[nodiscard]] static Channel connect(std::uint16_t port, SSL_CTX* context);

    [[nodiscard]] bool is_open() const { return fd_ >= 0; }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bool has_pending() const { return ssl_ && SSL_pending(ssl_.get()) > 0; }

    // 0: the end; -1: broken; `nothing_yet`: only on a socket that does not block.
    static constexpr long nothing_yet = -2;
    [[nodiscard]] long read(char* into, std::size_t size);
    // Until the blank line; none when the connection ended before.
    [[nodiscard]] std::optional<std::string> read_head();
    bool write(std::string_view bytes);

    void do_not_block() const;
    void set_receive_limit(int seconds) const;
    void cork(bool on) const;
    void notify() const;  // close_notify, where TLS is spoken
    void fin() const;     // only the FIN
    void reset();         // RST, and gone
    void close();         // as it is, without a word of TLS

private:
    int fd_ = -1;
    test::SslHandle ssl_;
};

}  // namespace lastack::bench
