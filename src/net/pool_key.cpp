#include "net/pool_key.hpp"

namespace lastack::net {

std::string to_string(const ProxyTarget& proxy) {
    const char* scheme = "http";
    switch (proxy.scheme) {
        case ProxyTarget::Scheme::http:
            break;
        case ProxyTarget::Scheme::https:
            scheme = "https";
            break;
        case ProxyTarget::Scheme::socks5:
            scheme = "socks5";
            break;
        case ProxyTarget::Scheme::socks5h:
            scheme = "socks5h";
            break;
    }
    return to_string(Origin{.scheme = scheme, .host = proxy.host, .port = proxy.port});
}

}  // namespace lastack::net
