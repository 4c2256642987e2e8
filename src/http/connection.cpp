#include "http/connection.hpp"

#include "net/error.hpp"

#include <algorithm>

namespace lastack::http {

net::Task<Result<std::unique_ptr<net::Connection>>> Connector::connect(net::PoolKey key, TimePoint deadline) {
    if (key.origin.scheme != "http") {
        co_return std::unexpected(Error{.code = net::NetErrc::unsupported_scheme,
                                        .phase = Phase::connecting,
                                        .cause = "this version of lastack speaks http only, not " + key.origin.scheme,
                                        .next_step = "use an http:// URL"});
    }
    auto addresses = co_await network_.resolve(key.origin.host, key.origin.port, deadline);
    if (!addresses) {
        co_return std::unexpected(std::move(addresses.error()));
    }
    Error last{.code = net::NetErrc::unreachable, .phase = Phase::connecting, .cause = "the name has no address"};
    std::string others;
    for (std::size_t i = 0; i < addresses->size(); ++i) {
        // One dead address must not eat the time of those after it.
        const TimePoint now = network_.now();
        const auto left = static_cast<Duration::rep>(addresses->size() - i);
        const TimePoint share = now + std::max(Duration{0}, deadline - now) / left;
        const net::Address address = (*addresses)[i];
        auto stream = co_await network_.connect(address, share);
        if (stream) {
            co_return std::make_unique<Connection>(std::move(*stream));
        }
        if (stream.error().code == Errc::cancelled) {
            co_return std::unexpected(std::move(stream.error()));
        }
        if (i > 0) {
            others += "; " + last.address + ": " + last.cause;
        }
        last = std::move(stream.error());
    }
    last.cause += others;
    co_return std::unexpected(std::move(last));
}

}  // namespace lastack::http
