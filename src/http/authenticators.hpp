// Who answers which challenge: one Authenticator for each origin and each proxy that credentials are for. Reactor thread only.
#pragma once

#include "base/url.hpp"
#include "http/authentication.hpp"
#include "net/proxy_target.hpp"

#include <map>
#include <memory>

namespace lastack::http {

class Authenticators {
public:
    // Kept until the client goes: what a server once asked for is sent unasked with the next request.
    [[nodiscard]] Authenticator& of(const Origin& origin, const Credentials& credentials) {
        // Over TLS nobody listens: the password may go with the first request.
        const auto unasked = origin.scheme == "https" ? Authenticator::BasicUnasked::yes : Authenticator::BasicUnasked::no;
        return get(origins_, std::pair{origin, credentials}, credentials, unasked);
    }
    [[nodiscard]] Authenticator& of(const net::ProxyTarget& proxy) {
        const Credentials credentials{.username = proxy.username, .password = proxy.password};
        const auto unasked =
            proxy.scheme == net::ProxyTarget::Scheme::https ? Authenticator::BasicUnasked::yes : Authenticator::BasicUnasked::no;
        return get(proxies_, proxy, credentials, unasked);
    }

private:
    template <typename Map, typename Key>
    static Authenticator& get(Map& map, const Key& key, const Credentials& credentials, Authenticator::BasicUnasked unasked) {
        auto& place = map[key];
        if (!place) {
            place = std::make_unique<Authenticator>(credentials, unasked);
        }
        return *place;
    }

    std::map<std::pair<Origin, Credentials>, std::unique_ptr<Authenticator>> origins_;
    std::map<net::ProxyTarget, std::unique_ptr<Authenticator>> proxies_;
};

}  // namespace lastack::http
