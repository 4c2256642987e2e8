// A tunnel through a SOCKS5 proxy: after socks5_connect the stream leads to the host asked for.
#pragma once

#include "net/socks5_handshake.hpp"
#include "net/stream.hpp"

namespace lastack::net {

// Reads not a byte beyond the proxy's reply. Errors carry the proxy's address and no credentials: Errc::invalid_argument, before anything
// is sent; NetErrc::proxy_unreachable when the proxy closes or resets in the middle; NetErrc::proxy_failed, NetErrc::proxy_refused;
// Errc::timed_out, Errc::cancelled and others of the stream. After an error the stream is of no use.
[[nodiscard]] Task<Result<void>> socks5_connect(Stream& stream, const Socks5Request& request, TimePoint deadline);

}  // namespace lastack::net
