// One request and its answer on one connection (RFC 9110, RFC 9112): the story from the first byte out to the last byte in.
#pragma once

#include "http/body_framing.hpp"
#include "http/connection.hpp"
#include "http/message.hpp"
#include "net/lifecycle.hpp"
#include "net/pool.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace lastack::http {

enum class BodyUse : std::uint8_t {
    take,  // give every piece to `write`
    skip,  // read it away when that is cheaper than a new connection
};

// Where an answer goes. Runs on the reactor: what blocks must be handed on.
class BodySink {
public:
    virtual ~BodySink() = default;
    // The request goes on there: this URL, not the one before, has what is asked for.
    virtual void redirected(const Url& /*url*/) {}
    // The answer's head is complete. An error ends the exchange and is its result.
    [[nodiscard]] virtual Result<BodyUse> begin(const ResponseHead& head, const Framing& framing) = 0;
    // `piece` is valid until the task ends. Waiting in it slows the sender down.
    [[nodiscard]] virtual net::Task<Result<void>> write(std::span<const std::byte> piece) = 0;
};

struct ExchangeOutcome {
    ResponseHead head;           // when head_complete
    std::optional<Error> error;  // unset: head and body came whole
    bool head_complete = false;
    net::Fate fate = net::Fate::none;  // what the connection's end means for the request
    std::size_t sent = 0;              // bytes of the request
    std::size_t received = 0;          // bytes of the answer
    std::size_t heads_size = 0;        // bytes of all heads, provisional answers included
    net::KeepHint hint;
};

// Tells `life` what happens. The request must be writable (write_request was checked); URL and address are filled in by the caller.
[[nodiscard]] net::Task<ExchangeOutcome> exchange(net::Network& network, Connection& connection, net::Lifecycle& life,
                                                  const Request& request, std::string request_bytes, BodySink& sink);

}  // namespace lastack::http
