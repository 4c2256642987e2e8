#include "net/socks5.hpp"

#include "net/error.hpp"

#include <array>
#include <utility>

namespace lastack::net {

namespace {

constexpr std::size_t largest_read = 256 + 1;  // a name of 255 bytes and the port are the most that is ever wanted at once

std::unexpected<Error> failed(Error error, const std::string& proxy) {
    error.phase = Phase::connecting;
    error.address = proxy;
    if (error.code == Errc::timed_out) {
        error.cause = "the proxy did not answer in time";
    } else if (error.code == NetErrc::reset) {
        error.code = NetErrc::proxy_unreachable;
        error.cause = "the proxy reset the connection before it led to the host";
    }
    return std::unexpected(std::move(error));
}

}  // namespace

Task<Result<void>> socks5_connect(Stream& stream, const Socks5Request& request, TimePoint deadline) {
    const std::string proxy = stream.peer();
    auto handshake = Socks5Handshake::make(request);
    if (!handshake) {
        co_return failed(std::move(handshake.error()), proxy);
    }
    while (!handshake->done()) {
        if (const auto output = handshake->take_output(); !output.empty()) {
            if (auto written = co_await stream.write_all(output, deadline); written.error) {
                co_return failed(std::move(*written.error), proxy);
            }
        }
        std::array<std::byte, largest_read> buffer{};
        const auto n = co_await stream.read_some(std::span{buffer}.first(handshake->wanted()), deadline);
        if (!n) {
            co_return failed(n.error(), proxy);
        }
        if (*n == 0) {
            co_return failed({.code = NetErrc::proxy_unreachable, .cause = "the proxy closed the connection before it led to the host"},
                             proxy);
        }
        if (auto good = handshake->feed(std::span{buffer}.first(*n)); !good) {
            co_return failed(std::move(good.error()), proxy);
        }
    }
    co_return Result<void>{};
}

}  // namespace lastack::net
