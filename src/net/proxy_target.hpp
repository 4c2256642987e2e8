// The proxy that a connection goes through. A value; requests share a connection only when theirs are equal.
#pragma once

#include "lastack/connection_options.hpp"

#include <compare>
#include <cstdint>
#include <string>

namespace lastack::net {

struct ProxyTarget {
    enum class Scheme : std::uint8_t {
        http,
        https,    // the way to the proxy itself is TLS
        socks5,   // names are resolved here
        socks5h,  // names are resolved by the proxy
    };

    Scheme scheme = Scheme::http;
    std::string host;  // lower case; an IPv6 address without brackets
    std::uint16_t port = 0;
    std::string username;  // empty: no credentials
    std::string password;
    TlsOptions tls;  // of the https proxy; default for the others, so that equal ways are equal

    friend auto operator<=>(const ProxyTarget&, const ProxyTarget&) = default;
};

}  // namespace lastack::net
