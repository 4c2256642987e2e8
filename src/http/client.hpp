// One request to its final answer: a connection from the pool, the exchange, the resend of a request that met a stale connection,
// challenges, redirects.
#pragma once

#include "http/authenticators.hpp"
#include "http/exchange.hpp"
#include "http/message.hpp"
#include "http/pace_gate.hpp"
#include "http/replay.hpp"
#include "http/route.hpp"
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
    std::uint64_t answers = 0;  // exchanges that came to their end
    // Requests sent again because their connection had died unused, by how far they had come.
    std::uint64_t resent_unsent = 0;      // A: before the first byte was out
    std::uint64_t resent_unanswered = 0;  // B: no byte of an answer came
    std::uint64_t resent_in_head = 0;     // E
    std::uint64_t resent_refused = 0;     // M: 408
    // Requests sent again because we had ended their connection: the process stopped, the machine slept, an address went.
    std::uint64_t interrupted = 0;

    [[nodiscard]] std::uint64_t resends() const { return resent_unsent + resent_unanswered + resent_in_head + resent_refused; }
};

class Client {
public:
    // With a `pace` each request waits for its turn at the server that it goes to.
    Client(net::Network& network, net::Pool& pool, Authenticators& authenticators, ProxyEnvironment environment, PaceGate* pace = nullptr)
        : network_{network}, pool_{pool}, authenticators_{authenticators}, environment_{std::move(environment)}, pace_{pace} {}

    // Follows up to `max_redirects`. The sink sees only the final answer. Errors carry the URL asked for, the URL that failed when another,
    // and the address. A body that ended early is an error with what came already given to the sink.
    [[nodiscard]] net::Task<Result<Response>> send(Request request, BodySink& sink);

    // Which connections a first request for this URL will want. Errors: Errc::invalid_argument.
    [[nodiscard]] Result<net::PoolKey> key_for(const Url& url, const ConnectionOptions& options) const;

    [[nodiscard]] const ClientCounts& counts() const noexcept { return counts_; }

private:
    struct Attempt {
        ExchangeOutcome outcome;
        std::string address;
        bool turned_away = false;  // the server ended a new connection before it said anything
    };
    class Doorman;
    class Usher;
    net::Task<Result<Attempt>> answer_challenges(const Request& request, const Route& route, Doorman& sink);
    net::Task<Result<Attempt>> attempt(const Request& request, const net::PoolKey& key, const std::string& bytes, BodySink& sink);
    net::Task<Result<Attempt>> attempt_at_pace(const Request& request, const net::PoolKey& key, const std::string& bytes, BodySink& sink);
    void limit_connections(const Request& request, const net::PoolKey& key, const PaceGate::Pass& pass);
    static void blame_proxy(Result<Attempt>& tried, const net::ProxyTarget& proxy);
    void count_resend(const ExchangeOutcome& outcome, Resends& resends);

    net::Network& network_;
    net::Pool& pool_;
    Authenticators& authenticators_;
    ProxyEnvironment environment_;
    PaceGate* pace_;
    ClientCounts counts_;
};

// The Error of a status that is no success (400 and above); `code` tells the families apart.
[[nodiscard]] Error status_error(const ResponseHead& head);

}  // namespace lastack::http
