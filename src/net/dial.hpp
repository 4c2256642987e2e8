// A connection to a host that has several addresses: attempts run beside each other, the first that succeeds wins (RFC 8305).
#pragma once

#include "net/network.hpp"

#include "lastack/connection_options.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace lastack::net {

// No attempt outlives the dial, and no connection but the winner's does: the others are closed in the turn in which the winner is known.
// Errors: those of Network::resolve; of the attempts the most telling one with all others in its cause; NetErrc::unreachable when the host
// has no address of that family; NetErrc::no_descriptors as soon as one attempt meets it, so that room can be made; Errc::cancelled.
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> dial(Network& network, std::string host, std::uint16_t port, IpFamily family,
                                                         TimePoint deadline);

}  // namespace lastack::net
