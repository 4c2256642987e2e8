// CONNECT: a way through an HTTP proxy (RFC 9110 section 9.3.6).
#pragma once

#include "http/message.hpp"
#include "net/stream.hpp"

#include "lastack/result.hpp"

#include <string>

namespace lastack::http {

struct TunnelRequest {
    std::string authority;      // "host:port", an IPv6 address in brackets
    std::string user_agent;     // empty: none
    std::string authorization;  // the value of Proxy-Authorization; empty: none
};

// Asks the proxy at the other end of `stream`; the answer's head, whatever it says. After a 2xx the stream leads to the host. Errors: those
// of the stream, HttpErrc of the head parser, NetErrc::unsolicited for bytes that come before the tunnel is used; the phase is
// Phase::tunnelling.
[[nodiscard]] net::Task<Result<ResponseHead>> ask_for_tunnel(net::Stream& stream, TunnelRequest request, TimePoint deadline);

}  // namespace lastack::http
