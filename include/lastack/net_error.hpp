// Codes of the net layer: what happens to names, connections and byte streams.
#pragma once

#include <system_error>

namespace lastack::net {

enum class NetErrc {
    name_not_found = 1,    // the resolver says that the host does not exist
    name_failed,           // the resolver could not tell (no server answers)
    connect_refused,       // a RST in answer to our SYN: nothing listens there
    unreachable,           // no route, network down, address not available
    reset,                 // RST (or a local abort) on an established connection
    closed,                // FIN where more bytes were due
    unsolicited,           // bytes that no request asked for came before our first byte was out
    no_descriptors,        // EMFILE/ENFILE with nothing idle left to close
    unsupported_scheme,    // a scheme that this build does not speak
    interrupted,           // closed by us under a running operation: the process stops, the machine slept, the address is gone
    cut_off,               // TLS: the connection ended without the peer's close_notify
    tls_failed,            // the handshake failed, the peer sent a fatal alert, or a record is broken
    certificate_rejected,  // the peer's certificate: expired, another host's, from an unknown issuer
    proxy_unreachable,     // no connection to the proxy, or it broke off
    proxy_failed,          // the proxy could not reach the host
    proxy_refused,         // the proxy does not allow it, or wants other credentials
    bad_tls_file,          // a certificate, key or trust store of ours cannot be used
};

[[nodiscard]] const std::error_category& net_category() noexcept;
[[nodiscard]] std::error_code make_error_code(NetErrc code) noexcept;

}  // namespace lastack::net

template <>
struct std::is_error_code_enum<lastack::net::NetErrc> : std::true_type {};
