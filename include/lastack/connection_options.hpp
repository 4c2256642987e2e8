// What makes two connections differ besides the server: how it proves who it is, how we do, and the way that leads to it. Requests share a
// connection only when all of this is equal. Values; no thread affinity.
#pragma once

#include "lastack/setting.hpp"

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace lastack {

// TLS 1.2 and 1.3 are spoken, nothing older. The files are read when a connection is made, off the reactor.
struct TlsOptions {
    // Whether the certificate must be valid, name the host and lead to a trusted issuer. Default true. yum.conf: sslverify.
    Setting<bool> verify = Setting<bool>::by_default(true);
    // Trusted issuers: a PEM file, or a directory of PEM files. Empty: the system's trust store (SSL_CERT_FILE and SSL_CERT_DIR first).
    // yum.conf: sslcacert.
    std::filesystem::path ca;
    // The certificate that we show when asked, PEM, with its chain. Empty: none. yum.conf: sslclientcert.
    std::filesystem::path client_certificate;
    // Its private key, PEM. Empty: the key is in `client_certificate`. yum.conf: sslclientkey.
    std::filesystem::path client_key;
    // The password of an encrypted private key. Empty: the key is not encrypted. urlgrabber: ssl_key_pass.
    std::string client_key_password;

    friend auto operator<=>(const TlsOptions&, const TlsOptions&) = default;
};

// Which addresses of a host are tried. yum.conf: ip_resolve (4/ipv4, 6/ipv6).
enum class IpFamily : std::uint8_t { any, v4, v6 };

struct ProxyOptions {
    // "http://host:port", "https://...", "socks5://..." (names are resolved here) or "socks5h://..." (by the proxy); without a scheme it is
    // http. Ports when none is given: 3128 for http and https, 1080 for socks. A user and password in it are used and never shown.
    // Empty or "_none_": no proxy. Unset: http_proxy, https_proxy, all_proxy and no_proxy of the environment, read when the client is
    // made (HTTP_PROXY in capitals is ignored: a web server may set it from a request). yum.conf: proxy.
    std::optional<std::string> url;
    // Credentials for the proxy; Basic or Digest, whichever the proxy asks for. Empty: those in `url`.
    // yum.conf: proxy_username, proxy_password.
    std::string username;
    std::string password;
    // For an https proxy. dnf.conf: proxy_sslverify, proxy_sslcacert, proxy_sslclientcert, proxy_sslclientkey.
    TlsOptions tls;

    friend auto operator<=>(const ProxyOptions&, const ProxyOptions&) = default;
};

struct ConnectionOptions {
    TlsOptions tls;
    ProxyOptions proxy;
    // Credentials for the server asked, never for another that it redirects to; Basic or Digest, whichever the server asks for. Over
    // https Basic is sent unasked. Empty: those in the URL. yum.conf: username, password.
    std::string username;
    std::string password;
    Setting<IpFamily> ip_family = Setting<IpFamily>::by_default(IpFamily::any);

    friend auto operator<=>(const ConnectionOptions&, const ConnectionOptions&) = default;
};

}  // namespace lastack
