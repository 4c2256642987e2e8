// An HTTP client with its pool on the simulated network.
#pragma once

#include "http/client.hpp"
#include "http/connector.hpp"
#include "http/error.hpp"
#include "net/error.hpp"
#include "net/pool.hpp"
#include "sim/sim_network.hpp"
#include "sim/sim_origin.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lastack::http {

class RecordingSink final : public BodySink {
public:
    Result<BodyUse> begin(const ResponseHead& head, const Framing&) override {
        ++begun;
        status = head.status;
        return head.status == 200 || head.status == 206 ? BodyUse::take : BodyUse::skip;
    }
    net::Task<Result<void>> write(std::span<const std::byte> piece) override {
        body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        if (refuse_after && body.size() > *refuse_after) {
            co_return std::unexpected(Error{.code = Errc::no_space, .phase = Phase::writing});
        }
        co_return Result<void>{};
    }

    int begun = 0;
    int status = 0;
    std::string body;
    std::optional<std::size_t> refuse_after = std::nullopt;
};

// What one request came to.
struct Outcome {
    std::optional<Result<Response>> result;
    RecordingSink sink;

    [[nodiscard]] bool ok() const { return result && *result; }
    [[nodiscard]] const Error& error() const {
        static const Error never{.cause = "it succeeded"};
        return result && !*result ? result->error() : never;
    }
};

class ClientSim : public testing::Test {
protected:
    ~ClientSim() override {
        on_event = nullptr;  // it may look at what the test's body held
        group.cancel_all();
        network.run(group.join());
        network.run(pool->shut_down());
        EXPECT_EQ(network.open_connections(), 0u);
    }

    void make_client(net::PoolLimits limits = {}) {
        pool.emplace(network, connector, net::PoolOptions{.limits = limits, .on_event = [this](const ConnectionEvent& event) {
                                                              if (on_event) {
                                                                  on_event(event);
                                                              }
                                                          }});
        client.emplace(network, *pool, authenticators, environment);
    }

    static Request request_for(const std::string& url) {
        Request request{.url = parse_url(url).value()};
        request.user_agent = "sim";
        return request;
    }

    net::TaskGroup::Id begin(Request request, Outcome& outcome) {
        return group.spawn([](Client& from, Request wanted, Outcome& into) -> net::Task<void> {
            into.result.emplace(co_await from.send(std::move(wanted), into.sink));
        }(*client, std::move(request), outcome));
    }

    Outcome send(Request request) {
        Outcome outcome;
        begin(std::move(request), outcome);
        EXPECT_TRUE(network.run_until([&outcome] { return outcome.result.has_value(); })) << "the request never ends";
        network.settle();
        return outcome;
    }
    Outcome get(const std::string& url) { return send(request_for(url)); }

    // Two requests on one connection: the first is answered, the second meets what `then` does. Connections after the first answer all.
    void listen_first_then(const std::string& host, std::function<net::Task<void>(sim::Peer)> then, Duration latency = Duration{0}) {
        network.listen(host, 80, {.latency = latency, .on_accept = [this, then](sim::Peer peer) -> net::Task<void> {
                                      const bool first = accepted++ == 0;
                                      while (co_await peer.read_request()) {
                                          peer.send(sim::answer(200, "good"));
                                          if (first) {
                                              co_await then(peer);
                                              co_return;
                                          }
                                      }
                                  }});
    }

    sim::SimNetwork network;
    net::Workers workers{0};
    net::TlsContexts tls{workers};
    Authenticators authenticators;
    ProxyEnvironment environment;
    Connector connector{network, tls, authenticators, "sim"};
    std::optional<net::Pool> pool = std::nullopt;
    std::optional<Client> client = std::nullopt;
    net::TaskGroup group{network};
    std::function<void(const ConnectionEvent&)> on_event;
    int accepted = 0;
};

}  // namespace lastack::http
