#include "net/socks5_handshake.hpp"

#include "net/error.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <string_view>
#include <utility>

namespace lastack::net {

namespace {

constexpr std::byte socks_version{5};
constexpr std::byte login_version{1};
constexpr std::byte method_open{0};
constexpr std::byte method_login{2};
constexpr std::byte method_none_acceptable{0xff};
constexpr std::byte command_connect{1};
constexpr std::byte type_v4{1};
constexpr std::byte type_name{3};
constexpr std::byte type_v6{4};
constexpr std::byte nothing_wrong{0};
constexpr std::size_t most_text = 255;  // each text is counted by one byte
// Version, code, reserved, type and the first byte of the address, which every reply has; with a name that byte is its length.
constexpr std::size_t reply_start = 5;
constexpr std::size_t port_size = 2;

using Bytes = std::vector<std::byte>;

void append(Bytes& out, std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_counted(Bytes& out, std::string_view text) {
    out.push_back(static_cast<std::byte>(text.size()));
    append(out, text);
}

std::unexpected<Error> failure(std::error_code code, std::string cause, std::string next_step = {}) {
    return std::unexpected(Error{.code = code, .phase = Phase::connecting, .cause = std::move(cause), .next_step = std::move(next_step)});
}

std::unexpected<Error> not_socks5() {
    return failure(NetErrc::proxy_failed, "the answer of the proxy is not SOCKS5", "check the proxy's scheme and port");
}

Result<Bytes> login_message(const Socks5Credentials& credentials) {
    if (credentials.username.empty() || credentials.username.size() > most_text || credentials.password.size() > most_text) {
        return failure(Errc::invalid_argument, "user or password for the proxy is empty or longer than 255 bytes, which SOCKS5 cannot say");
    }
    Bytes message{login_version};
    append_counted(message, credentials.username);
    append_counted(message, credentials.password);
    return message;
}

// Numeric addresses go as such, so that the proxy has nothing to resolve.
Result<Bytes> connect_message(const std::string& host, std::uint16_t port) {
    Bytes message{socks_version, command_connect, std::byte{0}};
    std::array<std::byte, sizeof(in6_addr)> address{};
    if (host.empty() || host.size() > most_text || host.contains('\0')) {
        return failure(Errc::invalid_argument, "the host name is empty or longer than 255 bytes, which SOCKS5 cannot say");
    }
    if (::inet_pton(AF_INET, host.c_str(), address.data()) == 1) {
        message.push_back(type_v4);
        message.insert(message.end(), address.begin(), address.begin() + sizeof(in_addr));
    } else if (::inet_pton(AF_INET6, host.c_str(), address.data()) == 1) {
        message.push_back(type_v6);
        message.insert(message.end(), address.begin(), address.end());
    } else if (host.contains(':')) {
        return failure(Errc::invalid_argument, "an IPv6 address with a zone means nothing to a proxy");
    } else {
        message.push_back(type_name);
        append_counted(message, host);
    }
    message.push_back(static_cast<std::byte>(port >> 8U));
    message.push_back(static_cast<std::byte>(port & 0xffU));
    return message;
}

std::unexpected<Error> refusal(std::byte code) {
    constexpr std::array<std::string_view, 9> texts{"",
                                                    "general failure",
                                                    "connection not allowed by its rules",
                                                    "network unreachable",
                                                    "host unreachable",
                                                    "connection refused",
                                                    "TTL expired",
                                                    "command not supported",
                                                    "address type not supported"};
    const auto value = std::to_integer<std::size_t>(code);
    const std::string cause =
        "the proxy says: " + (value < texts.size() ? std::string{texts[value]} : "unknown error " + std::to_string(value));
    constexpr std::size_t not_allowed = 2;
    return failure(value == not_allowed ? NetErrc::proxy_refused : NetErrc::proxy_failed, cause);
}

}  // namespace

Result<Socks5Handshake> Socks5Handshake::make(const Socks5Request& request) {
    Socks5Handshake handshake;
    auto command = connect_message(request.host, request.port);
    if (!command) {
        return std::unexpected(std::move(command.error()));
    }
    handshake.command_ = std::move(*command);
    handshake.output_ = {socks_version, std::byte{1}, method_open};
    if (request.credentials) {
        auto login = login_message(*request.credentials);
        if (!login) {
            return std::unexpected(std::move(login.error()));
        }
        handshake.login_ = std::move(*login);
        handshake.offered_login_ = true;
        handshake.output_ = {socks_version, std::byte{2}, method_open, method_login};
    }
    return handshake;
}

std::vector<std::byte> Socks5Handshake::take_output() { return std::exchange(output_, {}); }

std::size_t Socks5Handshake::wanted() const noexcept { return answer_size() - std::min(answer_size(), answer_.size()); }

// As far as it is known: a reply shows its size in its first bytes.
std::size_t Socks5Handshake::answer_size() const noexcept {
    constexpr std::size_t short_answer = 2;
    switch (step_) {
        case Step::method:
        case Step::login:
            return short_answer;
        case Step::reply:
            break;
        case Step::failed:
        case Step::done:
            return 0;
    }
    if (answer_.size() < reply_start) {
        return reply_start;
    }
    const std::byte type = answer_[3];
    const std::size_t address = type == type_v4   ? sizeof(in_addr)
                                : type == type_v6 ? sizeof(in6_addr)
                                                  : 1 + std::to_integer<std::size_t>(answer_[4]);
    return reply_start - 1 + address + port_size;
}

Result<void> Socks5Handshake::feed(std::span<const std::byte> bytes) {
    while (!bytes.empty() && wanted() > 0) {
        const std::size_t n = std::min(wanted(), bytes.size());
        answer_.insert(answer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
        bytes = bytes.subspan(n);
        if (auto good = look(); !good) {
            step_ = Step::failed;
            return good;
        }
        if (!output_.empty()) {
            break;  // it is our turn: what lies behind is no answer to what we have not said
        }
    }
    return {};
}

Result<void> Socks5Handshake::look() {
    switch (step_) {
        case Step::method:
            return method_chosen();
        case Step::login:
            return login_answered();
        case Step::reply:
            return reply_arrived();
        case Step::failed:
        case Step::done:
            break;
    }
    return {};
}

Result<void> Socks5Handshake::method_chosen() {
    if (answer_[0] != socks_version) {
        return not_socks5();
    }
    if (wanted() > 0) {
        return {};
    }
    const std::byte method = answer_[1];
    answer_.clear();
    if (method == method_none_acceptable) {
        return offered_login_
                   ? failure(NetErrc::proxy_refused, "the proxy accepts no user and password")
                   : failure(NetErrc::proxy_refused, "the proxy wants to know who we are", "set proxy_username and proxy_password");
    }
    if (method == method_open) {
        output_ = std::move(command_);
        step_ = Step::reply;
    } else if (method == method_login && offered_login_) {
        output_ = std::move(login_);
        step_ = Step::login;
    } else {
        return failure(NetErrc::proxy_failed, "the proxy chose a way to log in that was not offered");
    }
    return {};
}

Result<void> Socks5Handshake::login_answered() {
    // Some proxies put the version of SOCKS here.
    if (answer_[0] != login_version && answer_[0] != socks_version) {
        return not_socks5();
    }
    if (wanted() > 0) {
        return {};
    }
    const std::byte status = answer_[1];
    answer_.clear();
    if (status != nothing_wrong) {
        return failure(NetErrc::proxy_refused, "the proxy does not accept the user and password",
                       "check proxy_username and proxy_password");
    }
    output_ = std::move(command_);
    step_ = Step::reply;
    return {};
}

// A refusal is understood from its first two bytes: proxies exist that send no more.
Result<void> Socks5Handshake::reply_arrived() {
    if (answer_[0] != socks_version) {
        return not_socks5();
    }
    if (answer_.size() >= 2 && answer_[1] != nothing_wrong) {
        return refusal(answer_[1]);
    }
    if (answer_.size() >= 4 && answer_[3] != type_v4 && answer_[3] != type_v6 && answer_[3] != type_name) {
        return not_socks5();
    }
    if (wanted() == 0) {
        step_ = Step::done;
    }
    return {};
}

}  // namespace lastack::net
