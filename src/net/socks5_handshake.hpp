// What is said to a SOCKS5 proxy and what its answers mean (RFC 1928, user and password as in RFC 1929). Pure: bytes in, bytes out, in
// pieces of any size.
#pragma once

#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lastack::net {

struct Socks5Credentials {
    std::string username;
    std::string password;
};

struct Socks5Request {
    std::string host;  // a numeric address without brackets, or a name that the proxy resolves
    std::uint16_t port = 0;
    std::optional<Socks5Credentials> credentials;
};

class Socks5Handshake {
public:
    // Errc::invalid_argument when the request cannot be said in SOCKS5.
    [[nodiscard]] static Result<Socks5Handshake> make(const Socks5Request& request);

    // What is to be sent now; empty when an answer is due. Goes with the next call.
    [[nodiscard]] std::vector<std::byte> take_output();

    // How many bytes may be read now. Never more than the answer is sure to have: the byte behind it belongs to the tunnel. 0 when done.
    [[nodiscard]] std::size_t wanted() const noexcept;

    // Takes bytes of the answer, at most `wanted()`; more are not looked at. Errors: NetErrc::proxy_failed, NetErrc::proxy_refused; the
    // handshake is over then.
    [[nodiscard]] Result<void> feed(std::span<const std::byte> bytes);

    [[nodiscard]] bool done() const noexcept { return step_ == Step::done; }

private:
    enum class Step : std::uint8_t { method, login, reply, failed, done };

    Socks5Handshake() = default;
    [[nodiscard]] std::size_t answer_size() const noexcept;
    [[nodiscard]] Result<void> look();
    [[nodiscard]] Result<void> method_chosen();
    [[nodiscard]] Result<void> login_answered();
    [[nodiscard]] Result<void> reply_arrived();

    Step step_ = Step::method;
    bool offered_login_ = false;
    std::vector<std::byte> output_;
    std::vector<std::byte> login_;    // empty without credentials
    std::vector<std::byte> command_;  // CONNECT
    std::vector<std::byte> answer_;   // what of the current answer has come
};

}  // namespace lastack::net
