// One request to its final answer: a connection from the pool, the exchange, the resend of a request that met a stale connection,
// redirects.
#pragma once

#include "http/exchange.hpp"
#include "http/message.hpp"
#include "net/pool.hpp"

#include "lastack/result.hpp"

#include <string>

namespace lastack::http {

struct Response {
    ResponseHead head;
    Url url;              // that answered, after redirects
    std::string address;  // "ip:port" that answered
};

struct ClientCounts {
    std::uint64_t answers = 0;        // exchanges that came to their end
    std::uint64_t stale_resends = 0;  // requests sent again because their connection had died unused
};

class Client {
public:
    Client(net::Network& network, net::Pool& pool) : network_{network}, pool_{pool} {}

    // Follows up to `max_redirects`. The sink sees only the final answer. Errors carry the URL asked for, the URL that failed when another,
    // and the address. A body that ended early is an error with what came already given to the sink.
    [[nodiscard]] net::Task<Result<Response>> send(Request request, BodySink& sink);

    [[nodiscard]] const ClientCounts& counts() const noexcept { return counts_; }

private:
    struct Attempt {
        ExchangeOutcome outcome;
        std::string address;
    };
    net::Task<Result<Attempt>> attempt(const Request& request, const std::string& bytes, BodySink& sink);

    net::Network& network_;
    net::Pool& pool_;
    ClientCounts counts_;
};

// The Error of a status that is no success (400 and above); `code` tells the families apart.
[[nodiscard]] Error status_error(const ResponseHead& head);

}  // namespace lastack::http
