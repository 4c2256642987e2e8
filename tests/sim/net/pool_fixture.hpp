// A pool over connections that are bare streams, on the simulated network; the test holds the server's ends.
#pragma once

#include "net/error.hpp"
#include "net/pool.hpp"
#include "sim/sim_network.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lastack::net {

class PlainConnection final : public Connection {
public:
    PlainConnection(std::unique_ptr<Stream> stream, std::vector<Close>& closes) : stream_{std::move(stream)}, closes_{closes} {}
    [[nodiscard]] unsigned free_slots() const override { return 1; }
    void watch(std::move_only_function<void(Input)> on_input) override { stream_->watch(std::move(on_input)); }
    void unwatch() override { stream_->unwatch(); }
    [[nodiscard]] Input probe() override { return stream_->probe(); }
    void close(Close how) noexcept override {
        closes_.push_back(how);
        stream_->close(how);
    }
    void interrupt() noexcept override { stream_->interrupt(); }
    [[nodiscard]] const std::string& peer() const override { return stream_->peer(); }
    [[nodiscard]] Duration round_trip() const override { return stream_->round_trip(); }
    [[nodiscard]] std::string local_ip() const override { return stream_->local_ip(); }
    [[nodiscard]] bool is_secure() const override { return false; }
    [[nodiscard]] Stream& stream() { return *stream_; }

private:
    std::unique_ptr<Stream> stream_;
    std::vector<Close>& closes_;
};

class PlainConnector final : public Connector {
public:
    explicit PlainConnector(Network& network) : network_{network} {}
    [[nodiscard]] Task<Result<std::unique_ptr<Connection>>> connect(PoolKey key, TimePoint deadline, DialObserver& observer) override {
        if (key.origin.scheme != "http") {
            co_return std::unexpected(Error{.code = NetErrc::unsupported_scheme});
        }
        auto addresses = co_await network_.resolve(key.origin.host, key.origin.port, deadline);
        if (!addresses) {
            co_return std::unexpected(std::move(addresses.error()));
        }
        auto stream = co_await network_.connect(addresses->front(), deadline);
        if (!stream) {
            co_return std::unexpected(std::move(stream.error()));
        }
        observer.connected((*stream)->peer());
        co_return std::make_unique<PlainConnection>(std::move(*stream), closes_);
    }

    // How its connections were closed, in that order.
    [[nodiscard]] const std::vector<Close>& closes() const { return closes_; }

private:
    Network& network_;
    std::vector<Close> closes_;
};

// What an exchange came to, as it tells the connection's life.
struct Verdict {
    bool reusable = false;
    std::optional<std::chrono::seconds> server_hint;
    bool abort = false;  // given up in the middle of the answer
    std::optional<std::uint64_t> max = std::nullopt;
};

inline void finish(Lease& lease, const Verdict& verdict) {
    Lifecycle& life = lease.life();
    life.on(EventKind::sent_all);
    life.on(EventKind::bytes);
    life.on(EventKind::head);
    if (verdict.abort) {
        life.on(EventKind::abandoned);
    } else {
        life.on(LifeEvent{.kind = EventKind::complete, .keep = verdict.reusable});
    }
    lease.release({.timeout = verdict.server_hint, .max = verdict.max});
}

class PoolSim : public testing::Test {
protected:
    // What one waiting request came to.
    struct Wait {
        std::optional<Result<Lease>> result;
        TaskGroup::Id task = 0;
    };

    PoolSim() { network.lend_to_the_test(); }
    ~PoolSim() override {
        waits_.clear();
        network.run(pool->shut_down());
        EXPECT_EQ(network.open_connections(), 0u);
    }

    static PoolKey key(const std::string& host) { return {Origin{.scheme = "http", .host = host, .port = 80}}; }

    // The test drives the server's ends by hand: peers["a"][0] is the first connection to a.
    void listen(const std::string& host, Duration latency = Duration{0}) {
        network.listen(host, 80, {.latency = latency, .on_accept = [this, host](sim::Peer peer) -> Task<void> {
                                      peers[host].push_back(peer);
                                      co_return;
                                  }});
    }

    void make_pool(PoolLimits limits = {}) { pool.emplace(network, connector, PoolOptions{.limits = limits}); }

    // Begins to wait for a connection.
    Wait& ask(const std::string& host, Pool::Reuse reuse = Pool::Reuse::allowed, Duration dial_limit = std::chrono::seconds{30}) {
        Wait& wait = *waits_.emplace_back(std::make_unique<Wait>());
        wait.task = group.spawn([](Pool& from, PoolKey k, Pool::Reuse r, Duration limit, Wait& into) -> Task<void> {
            into.result.emplace(co_await from.acquire(std::move(k), r, limit));
        }(*pool, key(host), reuse, dial_limit, wait));
        return wait;
    }

    // Gets a connection at this moment of virtual time.
    Wait& get(const std::string& host, Pool::Reuse reuse = Pool::Reuse::allowed) {
        Wait& wait = ask(host, reuse);
        network.run_until([&wait] { return wait.result.has_value(); });
        EXPECT_TRUE(wait.result && *wait.result);
        return wait;
    }
    void give_back(Wait& wait, Verdict verdict = {.reusable = true}) {
        finish(**wait.result, verdict);
        network.settle();
    }
    [[nodiscard]] static bool reused(const Wait& wait) { return (*wait.result)->reused(); }

    // One idle connection that carried a request.
    void park(const std::string& host, Verdict verdict = {.reusable = true}) { give_back(get(host), verdict); }

    sim::SimNetwork network;
    std::map<std::string, std::vector<sim::Peer>> peers;
    PlainConnector connector{network};
    TaskGroup group{network};
    std::optional<Pool> pool = std::nullopt;

private:
    std::vector<std::unique_ptr<Wait>> waits_;
};

}  // namespace lastack::net
