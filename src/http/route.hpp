// The way of one request: over which connections it may go, and with whose credentials. Pure.
#pragma once

#include "base/url.hpp"
#include "http/authentication.hpp"
#include "http/proxy_choice.hpp"
#include "net/pool_key.hpp"

#include "lastack/connection_options.hpp"
#include "lastack/result.hpp"

#include <optional>

namespace lastack::http {

struct Route {
    net::PoolKey key;
    // The request is handed to this proxy as a whole (http through an http proxy); `key` leads to it. Unset: `key` leads to the origin,
    // perhaps through a tunnel.
    std::optional<net::ProxyTarget> forward;
    std::optional<Credentials> credentials;  // for the origin
};

// `asked` is the URL that the user asked for, `url` the one asked now, which differs after a redirect: credentials stay with the origin
// that they were given for. Errors: Errc::invalid_argument for a proxy URL or user info that makes no sense.
[[nodiscard]] Result<Route> route_to(const Url& url, const Url& asked, const ConnectionOptions& options,
                                     const ProxyEnvironment& environment);

}  // namespace lastack::http
