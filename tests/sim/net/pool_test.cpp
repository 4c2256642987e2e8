#include "pool_fixture.hpp"

#include <boost/asio/post.hpp>

#include <chrono>

namespace lastack::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PoolTest : public PoolSim {
protected:
    PoolTest() {
        listen("a");
        listen("b");
        listen("c");
        make_pool({.per_key = 2, .total = 3});
    }
};

TEST_F(PoolTest, learns_from_a_server_that_closes_earlier_than_it_said) {
    pool->expect_more(true);
    park("a", {.reusable = true, .server_hint = seconds{15}});
    network.run_for(milliseconds{500});
    peers["a"][0].close();
    network.settle();
    park("a", {.reusable = true, .server_hint = seconds{15}});
    network.run_for(milliseconds{399});
    EXPECT_EQ(pool->counts().idle, 1u);
    network.run_for(milliseconds{1});
    EXPECT_EQ(pool->counts().open, 0u);
    // Another host is another matter.
    park("b", {.reusable = true, .server_hint = seconds{15}});
    network.run_for(seconds{13});
    EXPECT_EQ(pool->counts().idle, 1u);
}

TEST_F(PoolTest, closes_a_connection_at_once_when_nothing_needs_it) {
    park("a");
    EXPECT_EQ(pool->counts().open, 0u);
    EXPECT_EQ(network.records()[0].closed, network.now());
    EXPECT_FALSE(network.records()[0].aborted);
}

TEST_F(PoolTest, keeps_a_connection_while_something_planned_needs_it) {
    pool->add_need(key("a"));
    pool->add_need(key("a"));
    park("a");
    EXPECT_EQ(pool->counts().idle, 1u);
    pool->remove_need(key("a"));
    network.settle();
    EXPECT_EQ(pool->counts().idle, 1u);
    pool->remove_need(key("a"));
    network.settle();
    EXPECT_EQ(pool->counts().open, 0u);
}

TEST_F(PoolTest, a_fin_that_came_with_the_last_byte_is_never_parked) {
    pool->expect_more(true);
    Wait& wait = get("a");
    Wait& next = ask("a");
    network.settle();
    ASSERT_TRUE(next.result);
    give_back(next, {.reusable = false});
    Wait& queued = ask("a");
    Wait& queued_too = ask("a");
    peers["a"][0].close();
    finish(**wait.result, {.reusable = true});
    network.settle();
    EXPECT_EQ(network.records()[0].closed, network.now());
    ASSERT_TRUE(queued.result && *queued.result && queued_too.result && *queued_too.result);
    EXPECT_FALSE(reused(queued));
    EXPECT_FALSE(reused(queued_too));
    give_back(queued);
    give_back(queued_too);
}

TEST_F(PoolTest, never_opens_more_than_its_limits_and_serves_in_order) {
    std::vector<Wait*> waits;
    for (const char* host : {"a", "a", "a", "b", "b", "c"}) {
        waits.push_back(&ask(host));
    }
    network.settle();
    EXPECT_EQ(pool->counts().open, 3u);
    const auto served = [&] {
        std::string out;
        for (const Wait* wait : waits) {
            out += wait->result ? '1' : '0';
        }
        return out;
    };
    EXPECT_EQ(served(), "110100");
    give_back(*waits[0]);
    EXPECT_EQ(served(), "111100");
    EXPECT_TRUE(reused(*waits[2]));
    give_back(*waits[1]);
    EXPECT_EQ(served(), "111110");
    give_back(*waits[2]);
    EXPECT_EQ(served(), "111111");
    EXPECT_EQ(pool->counts().open, 3u);
    for (const std::size_t i : {3u, 4u, 5u}) {
        give_back(*waits[i]);
    }
    EXPECT_EQ(pool->counts().open, 0u);
}

TEST_F(PoolTest, a_fresh_request_never_gets_a_used_connection) {
    pool->expect_more(true);
    park("a");
    Wait& wait = get("a", Pool::Reuse::never);
    EXPECT_FALSE(reused(wait));
    EXPECT_EQ(pool->counts().open, 2u);
    give_back(wait, {.reusable = false});
}

TEST_F(PoolTest, a_failed_dial_is_told_to_one_and_the_others_dial_anew) {
    network.fail_connects({NetErrc::connect_refused, NetErrc::unreachable});
    Wait& first = ask("a");
    Wait& second = ask("a");
    Wait& third = ask("a");
    network.settle();
    ASSERT_TRUE(first.result && second.result && third.result);
    EXPECT_EQ(first.result->error().code, NetErrc::connect_refused);
    EXPECT_EQ(second.result->error().code, NetErrc::unreachable);
    EXPECT_TRUE(*third.result);
    give_back(third);
}

TEST_F(PoolTest, a_dial_that_fails_without_any_wait_is_told_like_any_other) {
    Wait& wait = ask("a");
    std::optional<Result<Lease>> https;
    group.spawn([](Pool& from, std::optional<Result<Lease>>& into) -> Task<void> {
        into.emplace(co_await from.acquire({Origin{.scheme = "https", .host = "a", .port = 443}}, Pool::Reuse::allowed, seconds{1}));
    }(*pool, https));
    network.settle();
    ASSERT_TRUE(https && !*https);
    EXPECT_EQ(https->error().code, NetErrc::unsupported_scheme);
    give_back(wait);
}

TEST_F(PoolTest, a_request_that_gives_up_takes_its_dial_with_it) {
    network.listen("silent", 80, {.answer = sim::Answer::is_silent});
    Wait& wait = ask("silent");
    network.settle();
    EXPECT_EQ(pool->counts().open, 1u);
    group.cancel(wait.task);
    network.settle();
    ASSERT_TRUE(wait.result);
    EXPECT_EQ(wait.result->error().code, Errc::cancelled);
    EXPECT_EQ(pool->counts().open, 0u);
}

TEST_F(PoolTest, out_of_descriptors_closes_the_oldest_idle_connection_and_dials_again) {
    pool->expect_more(true);
    park("a");
    network.run_for(milliseconds{1});
    park("b");
    network.fail_connects({NetErrc::no_descriptors});
    Wait& wait = get("c");
    EXPECT_TRUE(network.records()[0].closed);
    EXPECT_FALSE(network.records()[1].closed);
    network.fail_connects({NetErrc::no_descriptors, NetErrc::no_descriptors});
    Wait& second = ask("c");
    network.settle();
    ASSERT_TRUE(second.result && !*second.result);  // the one idle connection was not enough
    EXPECT_EQ(second.result->error().code, NetErrc::no_descriptors);
    EXPECT_TRUE(network.records()[1].closed);
    give_back(wait);
}

TEST_F(PoolTest, a_dial_ends_at_its_limit) {
    network.listen("silent", 80, {.answer = sim::Answer::is_silent});
    const TimePoint before = network.now();
    Wait& wait = ask("silent", Pool::Reuse::allowed, seconds{7});
    network.run_until([&] { return wait.result.has_value(); });
    ASSERT_TRUE(wait.result && !*wait.result);
    EXPECT_EQ(wait.result->error().code, Errc::timed_out);
    EXPECT_EQ(network.now() - before, seconds{7});
}

TEST_F(PoolTest, a_lease_that_is_dropped_resets_its_connection) {
    Wait& wait = get("a");
    wait.result.reset();
    network.settle();
    EXPECT_EQ(pool->counts().open, 0u);
    EXPECT_TRUE(network.records()[0].aborted);
}

TEST_F(PoolTest, an_idle_connection_makes_room_for_another_host) {
    pool->expect_more(true);
    park("a");
    network.run_for(milliseconds{1});
    Wait& b = get("b");
    Wait& b2 = get("b");
    Wait& c = ask("c");
    network.settle();
    ASSERT_TRUE(c.result);
    EXPECT_EQ(pool->counts().open, 3u);
    EXPECT_TRUE(network.records()[0].closed);
    give_back(b);
    give_back(b2);
    give_back(c);
}

TEST_F(PoolTest, a_connection_of_which_nothing_came_stays_five_seconds) {
    pool->add_need(key("a"));
    network.listen("a", 80, {.latency = milliseconds{10}, .on_accept = [](sim::Peer) -> Task<void> { co_return; }});
    Wait& wait = ask("a");
    network.settle();
    group.cancel(wait.task);
    network.run_for(milliseconds{20});
    EXPECT_EQ(pool->counts().idle, 1u);
    network.run_for(milliseconds{4999});
    EXPECT_EQ(pool->counts().idle, 1u);
    network.run_for(milliseconds{1});
    EXPECT_EQ(pool->counts().open, 0u);
    pool->remove_need(key("a"));
}

TEST_F(PoolTest, shut_down_in_the_turn_of_a_dial_ends_it) {
    ask("a");
    bool down = false;
    asio::post(network.context(), [&] {
        asio::post(network.context(), [&] {
            asio::post(network.context(), [&] {
                group.cancel_all();
                network.start([](Pool& p, bool& done) -> Task<void> {
                    co_await p.shut_down();
                    done = true;
                }(*pool, down));
            });
        });
    });
    network.settle();
    EXPECT_TRUE(down);
    EXPECT_EQ(pool->counts().open, 0u);
}

TEST_F(PoolTest, every_event_of_a_connection_is_traced_in_one_line) {
    std::vector<std::string> lines;
    network.run(pool->shut_down());
    pool.emplace(network, connector, PoolOptions{.on_event = [&](const ConnectionEvent& event) { lines.push_back(describe(event)); }});
    pool->expect_more(true);
    park("a");
    park("a");
    network.run_for(milliseconds{1500});
    peers["a"][0].close();
    network.settle();
    const std::string head = "connection 1 http://a:80 (10.0.0.1:80): ";
    EXPECT_EQ(lines, (std::vector<std::string>{"connection 1 http://a:80: dialling", head + "opened after 0.000 s", head + "bound",
                                               head + "idle", head + "bound, reused, request 2", head + "idle",
                                               head + "closed by the server (FIN) after 1.500 s"}));
}

TEST(PoolBurst, many_idle_connections_closed_in_one_instant_are_gone_in_that_instant) {
    constexpr std::size_t many = 300;
    sim::SimNetwork network;
    network.lend_to_the_test();
    std::vector<sim::Peer> peers;
    network.listen("a", 80, [&peers](sim::Peer peer) -> Task<void> {
        peers.push_back(peer);
        co_return;
    });
    PlainConnector connector{network};
    Pool pool{network, connector, {.limits = {.per_key = many, .total = many}}};
    pool.expect_more(true);
    std::vector<Lease> leases;
    const PoolKey key{Origin{.scheme = "http", .host = "a", .port = 80}};
    leases.reserve(many);
    for (std::size_t i = 0; i < many; ++i) {
        network.start([](Pool& from, PoolKey k, std::vector<Lease>& into) -> Task<void> {
            auto lease = co_await from.acquire(std::move(k), Pool::Reuse::allowed, seconds{1});
            into.push_back(std::move(*lease));
        }(pool, key, leases));
    }
    network.settle();
    ASSERT_EQ(leases.size(), many);
    for (Lease& lease : leases) {
        finish(lease, {.reusable = true});
    }
    network.settle();
    EXPECT_EQ(pool.counts().idle, many);
    for (sim::Peer& peer : peers) {
        peer.close();
    }
    network.settle();
    EXPECT_EQ(pool.counts().open, 0u);
    EXPECT_EQ(network.open_connections(), 0u);
    network.run(pool.shut_down());
}

}  // namespace
}  // namespace lastack::net
