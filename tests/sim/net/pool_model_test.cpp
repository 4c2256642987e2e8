// Anything may happen in any order: the pool's promises hold after every turn.
#include "pool_fixture.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <random>
#include <set>

namespace lastack::net {
namespace {

constexpr std::array<const char*, 3> hosts{"a", "b", "c"};
constexpr PoolLimits limits{.per_key = 2, .total = 4};
constexpr int steps = 20'000;

// One request: waits, holds its connection for some steps, gives it back.
struct Request {
    std::optional<Result<Lease>> result;
    TaskGroup::Id task = 0;
    bool fresh = false;
    bool cancelled = false;
};

class Model {
public:
    explicit Model(std::uint64_t seed) : random_{seed} {
        network_.lend_to_the_test();
        for (const char* host : hosts) {
            network_.listen(host, 80, [this](sim::Peer peer) -> Task<void> {
                peers_.push_back(peer);
                co_return;
            });
        }
        pool_.expect_more(true);
    }

    void run() {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            step();
            check();
        }
        end();
    }

private:
    std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
    PoolKey key() { return {Origin{.scheme = "http", .host = hosts[pick(hosts.size())], .port = 80}}; }

    void step() {
        switch (pick(12)) {
            case 0:
            case 1:
            case 2:
                checkout();
                break;
            case 3:
            case 4:
                give_back();
                break;
            case 5:
                act_as_server();
                break;
            case 6:
                act_as_server();
                checkout();  // in the same turn
                break;
            case 7:
                network_.run_for(std::chrono::milliseconds{pick(5000)});
                break;
            case 8:
                change_needs();
                break;
            case 9:
                pool_.expect_more(pick(2) == 0);
                break;
            case 10:
                cancel();
                break;
            case 11:
                mishap();
                break;
        }
        if (pick(3) != 0) {
            network_.settle();
        }
    }

    void checkout() {
        if (requests_.size() >= 12) {
            return;
        }
        Request& request = *requests_.emplace_back(std::make_unique<Request>());
        request.fresh = pick(5) == 0;
        request.task = group_.spawn([](Pool& pool, PoolKey k, Request& into) -> Task<void> {
            const auto reuse = into.fresh ? Pool::Reuse::never : Pool::Reuse::allowed;
            into.result.emplace(co_await pool.acquire(std::move(k), reuse, std::chrono::seconds{3}));
        }(pool_, key(), request));
    }

    void give_back() {
        const auto done = std::ranges::find_if(requests_, [](const auto& request) { return request->result.has_value(); });
        if (done == requests_.end()) {
            return;
        }
        if (*(*done)->result && pick(8) != 0) {  // else the lease is dropped
            Verdict verdict{.reusable = pick(4) != 0};
            if (pick(3) == 0) {
                verdict.server_hint = std::chrono::seconds{pick(20)};
            }
            finish(**(*done)->result, verdict);
        }
        requests_.erase(done);
    }

    void act_as_server() {
        if (peers_.empty()) {
            return;
        }
        const auto which = peers_.begin() + static_cast<std::ptrdiff_t>(pick(peers_.size()));
        switch (pick(4)) {
            case 0:
                which->send("HTTP/1.1 408 Request Timeout\r\n\r\n");
                return;
            case 1:
                which->fin();
                break;
            case 2:
                which->close();
                break;
            case 3:
                which->reset();
                break;
        }
        peers_.erase(which);
    }

    void change_needs() {
        if (pick(2) == 0 && needs_.size() < 5) {
            needs_.push_back(key());
            pool_.add_need(needs_.back());
        } else if (!needs_.empty()) {
            pool_.remove_need(needs_.back());
            needs_.pop_back();
        }
    }

    void cancel() {
        if (!requests_.empty()) {
            Request& request = *requests_[pick(requests_.size())];
            if (!request.result) {
                request.cancelled = true;
                group_.cancel(request.task);
            }
        }
    }

    void mishap() {
        switch (pick(8)) {
            case 0:
                network_.fail_connects({NetErrc::connect_refused, Errc::timed_out});
                break;
            case 1:
                network_.set_resolve_delay(std::chrono::milliseconds{pick(4000)});
                break;
            case 2:
                network_.jump(std::chrono::seconds{pick(100)});
                break;
            case 3:
                pool_.close_idle();
                break;
            case 4:
                pool_.proved_stale(key(), network_.now(), network_.now());
                break;
            case 5:
                pool_.resumed();
                break;
            case 6:
                pool_.network_changed(pick(2) == 0 ? "" : sim::SimNetwork::local_ip());
                break;
            case 7:
                pool_.freeze();
                network_.settle();
                EXPECT_EQ(network_.open_connections(), 0u) << "a frozen pool has a socket";
                pool_.thaw();
                break;
        }
    }

    // The network itself reports an idle connection with an unhandled FIN, RST or byte.
    void check() {
        const PoolCounts counts = pool_.counts();
        ASSERT_LE(counts.open, limits.total);
        std::erase_if(peers_, [this](const sim::Peer& peer) { return network_.record(peer.number()).closed.has_value(); });
        for (const char* host : hosts) {
            ASSERT_LE(network_.open_connections(host), limits.per_key) << host;
        }
        std::set<const Connection*> lent;
        std::size_t leases = 0;
        for (const auto& request : requests_) {
            if (request->result && *request->result) {
                const Lease& lease = **request->result;
                lent.insert(&lease.connection());
                ++leases;
                ASSERT_FALSE(request->fresh && lease.reused()) << "a used connection for a request that wants a fresh one";
            }
        }
        ASSERT_EQ(lent.size(), leases) << "a connection is lent twice";
        ASSERT_LE(leases + counts.idle, counts.open);
    }

    // Everyone who waits is served or told, whatever came before.
    void end() {
        network_.fail_connects({});
        network_.set_resolve_delay(std::chrono::milliseconds{1});
        for (int round = 0; round < 100 && !requests_.empty(); ++round) {
            network_.run_for(std::chrono::seconds{1});
            while (std::ranges::any_of(requests_, [](const auto& request) { return request->result.has_value(); })) {
                give_back();
            }
        }
        EXPECT_TRUE(requests_.empty()) << requests_.size() << " requests wait for ever";
        while (!needs_.empty()) {
            pool_.remove_need(needs_.back());
            needs_.pop_back();
        }
        pool_.expect_more(false);
        network_.settle();
        EXPECT_EQ(pool_.counts().open, 0u) << "nothing needs a connection and one is open";
        group_.cancel_all();
        requests_.clear();
        network_.run(pool_.shut_down());
        EXPECT_EQ(network_.open_connections(), 0u);
    }

    std::mt19937_64 random_;
    sim::SimNetwork network_;
    std::vector<sim::Peer> peers_;
    PlainConnector connector_{network_};
    TaskGroup group_{network_};
    Pool pool_{network_, connector_, {.limits = limits}};
    std::vector<std::unique_ptr<Request>> requests_;
    std::vector<PoolKey> needs_;
};

TEST(PoolModel, keeps_its_promises_in_a_random_life) {
    const char* given = std::getenv("LASTACK_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    SCOPED_TRACE("LASTACK_SEED=" + std::to_string(seed));
    RecordProperty("seed", std::to_string(seed));
    Model{seed}.run();
}

}  // namespace
}  // namespace lastack::net
