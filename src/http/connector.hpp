// Dials for the pool: name and address, the proxy's tunnel, TLS. The story of a connection up to its first request.
#pragma once

#include "http/authenticators.hpp"
#include "net/connection.hpp"
#include "net/network.hpp"
#include "net/tls_context.hpp"

#include <memory>
#include <string>
#include <vector>

namespace lastack::http {

class Connector final : public net::Connector {
public:
    Connector(net::Network& network, net::TlsContexts& tls, Authenticators& authenticators, std::string user_agent)
        : network_{network}, tls_{tls}, authenticators_{authenticators}, user_agent_{std::move(user_agent)} {}

    [[nodiscard]] net::Task<Result<std::unique_ptr<net::Connection>>> connect(net::PoolKey key, TimePoint deadline,
                                                                              net::DialObserver& observer) override;

private:
    using StreamResult = Result<std::unique_ptr<net::Stream>>;

    net::Task<StreamResult> reach(const net::PoolKey& key, TimePoint deadline, net::DialObserver& observer);
    net::Task<StreamResult> reach_through(const net::PoolKey& key, const net::ProxyTarget& proxy, TimePoint deadline,
                                          net::DialObserver& observer);
    net::Task<StreamResult> reach_proxy(const net::PoolKey& key, const net::ProxyTarget& proxy, TimePoint deadline,
                                        net::DialObserver& observer);
    net::Task<StreamResult> reach_through_socks(const net::PoolKey& key, const net::ProxyTarget& proxy, TimePoint deadline,
                                                net::DialObserver& observer);
    net::Task<Result<std::vector<std::string>>> socks_hosts(const net::PoolKey& key, const net::ProxyTarget& proxy, TimePoint deadline);
    net::Task<StreamResult> through_socks(std::unique_ptr<net::Stream> stream, std::string host, std::uint16_t port,
                                          const net::ProxyTarget& proxy, TimePoint deadline);
    net::Task<StreamResult> secure(std::unique_ptr<net::Stream> stream, TlsOptions options, const Origin& peer, std::string way,
                                   TimePoint deadline);

    net::Network& network_;
    net::TlsContexts& tls_;
    Authenticators& authenticators_;
    std::string user_agent_;
};

}  // namespace lastack::http
