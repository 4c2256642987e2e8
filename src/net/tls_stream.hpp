// TLS over any stream: what the layers above see is a stream again, whose end is the peer's close_notify. Idle, it consumes tickets and
// KeyUpdates and stays armed. Reactor thread only.
#pragma once

#include "net/stream.hpp"
#include "net/tls_context.hpp"

#include <memory>
#include <string>

namespace lastack::net {

struct TlsPeer {
    std::string host;         // the name, or address, that the certificate must carry
    std::string session_key;  // connections with equal keys may resume each other's sessions
};

// Performs the handshake. Errors: NetErrc::certificate_rejected, NetErrc::tls_failed, NetErrc::closed, those of the stream; the phase is
// Phase::securing.
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> tls_connect(std::unique_ptr<Stream> inner, std::shared_ptr<TlsContext> context,
                                                                TlsPeer peer, TimePoint deadline);

}  // namespace lastack::net
