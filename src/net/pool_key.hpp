// Everything that makes two connections differ. Requests share a connection only when their keys are equal.
#pragma once

#include "base/url.hpp"
#include "net/proxy_target.hpp"

#include "lastack/connection_options.hpp"

#include <compare>
#include <memory>
#include <optional>
#include <string>

namespace lastack::net {

// What lies between us and the origin.
struct Way {
    TlsOptions tls;                    // of the origin; default when it speaks no TLS
    std::optional<ProxyTarget> proxy;  // that the connection is tunnelled through
    IpFamily family = IpFamily::any;
    std::string user;  // as whom requests are made, name and password; empty: as nobody

    friend auto operator<=>(const Way&, const Way&) = default;
};

// Copied and compared often: the way is shared and mostly the same object.
struct PoolKey {
    Origin origin;
    std::shared_ptr<const Way> way = direct();

    PoolKey() = default;
    PoolKey(Origin to) : origin{std::move(to)} {}  // NOLINT(google-explicit-constructor): the plain way there
    PoolKey(Origin to, Way by) : origin{std::move(to)}, way{by == Way{} ? direct() : std::make_shared<const Way>(std::move(by))} {}

    friend bool operator==(const PoolKey& a, const PoolKey& b) { return a.origin == b.origin && (a.way == b.way || *a.way == *b.way); }
    friend std::strong_ordering operator<=>(const PoolKey& a, const PoolKey& b) {
        if (const auto order = a.origin <=> b.origin; order != 0) {
            return order;
        }
        return a.way == b.way ? std::strong_ordering::equal : *a.way <=> *b.way;
    }

    // Shared by all keys without TLS options, proxy or user.
    [[nodiscard]] static const std::shared_ptr<const Way>& direct() {
        static const auto way = std::make_shared<const Way>();
        return way;
    }
};

// "http://host:port", without credentials.
[[nodiscard]] std::string to_string(const ProxyTarget& proxy);

}  // namespace lastack::net
