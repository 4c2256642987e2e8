#include "pool_fixture.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <vector>

namespace lastack::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class IdleConnection : public PoolSim {
protected:
    IdleConnection() {
        listen("a");
        listen("b");
        make_pool();
        pool->expect_more(true);
    }
    void expect_gone(bool aborted = false) {
        network.settle();
        EXPECT_EQ(pool->counts().open, 0u);
        EXPECT_EQ(network.records()[0].closed, network.now());
        EXPECT_EQ(network.records()[0].aborted, aborted);
    }
};

TEST_F(IdleConnection, that_the_server_closes_is_closed_in_that_turn) {
    park("a");
    EXPECT_EQ(pool->counts().idle, 1u);
    network.run_for(milliseconds{1});
    peers["a"][0].close();
    expect_gone();
}

TEST_F(IdleConnection, that_the_server_half_closes_is_closed_too) {
    park("a");
    peers["a"][0].fin();
    expect_gone();
}

TEST_F(IdleConnection, that_is_reset_is_closed) {
    park("a");
    peers["a"][0].reset();
    expect_gone();
}

TEST_F(IdleConnection, with_bytes_nobody_asked_for_is_closed_with_and_without_a_fin) {
    park("a");
    peers["a"][0].send("HTTP/1.1 408 Request Timeout\r\n\r\n");
    expect_gone();
    park("b");
    peers["b"][0].send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    peers["b"][0].close();
    network.settle();
    EXPECT_EQ(pool->counts().open, 0u);
}

TEST_F(IdleConnection, that_never_carried_a_request_is_watched_as_well) {
    pool->add_need(key("a"));
    listen("a", milliseconds{10});
    Wait& wait = ask("a");
    network.settle();
    group.cancel(wait.task);
    network.run_for(milliseconds{20});
    ASSERT_EQ(pool->counts().idle, 1u);  // dialled for a request that gave up
    peers["a"][0].close();
    network.run_for(milliseconds{10});
    expect_gone();
    pool->remove_need(key("a"));
}

TEST_F(IdleConnection, is_closed_by_us_when_the_server_never_does) {
    park("a");
    network.run_for(milliseconds{3999});
    EXPECT_EQ(pool->counts().idle, 1u);
    network.run_for(milliseconds{1});
    expect_gone();
}

TEST_F(IdleConnection, is_closed_during_the_name_resolution_of_another_host) {
    park("a");
    network.set_resolve_delay(seconds{2});
    Wait& wait = ask("b");
    network.run_for(seconds{1});
    peers["a"][0].close();
    network.settle();
    EXPECT_EQ(network.records()[0].closed, network.now());
    EXPECT_FALSE(wait.result);
    network.run_for(seconds{1});
    EXPECT_TRUE(wait.result && *wait.result);
}

TEST_F(IdleConnection, is_not_handed_out_when_its_fin_came_in_the_turn_of_the_request) {
    park("a");
    asio::post(network.context(), [&] { peers["a"][0].close(); });
    Wait& wait = get("a");
    EXPECT_FALSE(reused(wait));
    EXPECT_EQ(network.records().size(), 2u);
    give_back(wait);
}

TEST_F(IdleConnection, is_not_handed_out_when_only_a_look_shows_its_fin) {
    park("a");
    Wait& wait = ask("a");
    // After the request began to wait and before the plan runs; the watcher's own event comes after that plan.
    asio::post(network.context(), [&] { asio::post(network.context(), [&] { peers["a"][0].send("408"); }); });
    network.settle();
    ASSERT_TRUE(wait.result && *wait.result);
    EXPECT_FALSE(reused(wait));
    give_back(wait);
}

TEST_F(IdleConnection, after_a_suspend_past_its_limit_is_closed_and_not_reused) {
    park("a");
    network.jump(std::chrono::minutes{10});
    Wait& wait = get("a");
    EXPECT_FALSE(reused(wait));
    EXPECT_TRUE(network.records()[0].closed);
    give_back(wait);
}

TEST_F(IdleConnection, is_reused_and_the_one_used_last_first) {
    Wait& first = get("a");
    Wait& second = get("a");
    give_back(first);
    network.run_for(milliseconds{10});
    give_back(second);
    Wait& third = get("a");
    EXPECT_TRUE(reused(third));
    EXPECT_EQ((*third.result)->idle_since(), network.now());
    give_back(third);
    network.run_for(milliseconds{3990});
    EXPECT_TRUE(network.records()[0].closed);
    EXPECT_FALSE(network.records()[1].closed);
}

TEST_F(IdleConnection, is_closed_when_asked_to) {
    park("a");
    park("b");
    pool->close_idle();
    EXPECT_EQ(pool->counts().open, 0u);
    expect_gone();
}

TEST_F(IdleConnection, is_closed_at_once_when_no_more_is_expected) {
    park("a");
    network.run_for(seconds{1});
    EXPECT_EQ(pool->counts().idle, 1u);
    pool->expect_more(false);
    expect_gone();
}

TEST_F(IdleConnection, drops_with_its_siblings_of_the_same_age_and_no_others) {
    Wait& first = get("a");
    Wait& second = get("a");
    Wait& third = get("a");
    give_back(first);
    const TimePoint stale_since = network.now();
    network.run_for(milliseconds{10});
    give_back(second);
    pool->proved_stale(key("a"), stale_since, network.now());
    network.settle();
    EXPECT_TRUE(network.records()[0].closed);
    EXPECT_FALSE(network.records()[1].closed);
    EXPECT_FALSE(network.records()[2].closed);
    give_back(third);
}

// Whether the server is told, which over TLS is a close_notify: not when it has gone or when nobody would hear it.
struct CloseRow {
    const char* what;
    std::function<void(Pool&, sim::SimNetwork&, sim::Peer&)> happens;
    Close how;
};

class IdleClose : public PoolSim, public testing::WithParamInterface<CloseRow> {};

TEST_P(IdleClose, says_a_word_only_to_who_can_hear_it) {
    listen("a");
    make_pool();
    pool->expect_more(true);
    park("a");
    GetParam().happens(*pool, network, peers["a"][0]);
    network.settle();
    ASSERT_EQ(connector.closes().size(), 1u) << GetParam().what;
    EXPECT_EQ(connector.closes()[0], GetParam().how) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    Table, IdleClose,
    testing::Values(
        CloseRow{"idle limit", [](Pool&, sim::SimNetwork& network, sim::Peer&) { network.run_for(seconds{4}); }, Close::orderly},
        CloseRow{"no more need", [](Pool& pool, sim::SimNetwork&, sim::Peer&) { pool.expect_more(false); }, Close::orderly},
        CloseRow{"asked to", [](Pool& pool, sim::SimNetwork&, sim::Peer&) { pool.close_idle(); }, Close::orderly},
        CloseRow{"FIN", [](Pool&, sim::SimNetwork&, sim::Peer& peer) { peer.close(); }, Close::quiet},
        CloseRow{"RST", [](Pool&, sim::SimNetwork&, sim::Peer& peer) { peer.reset(); }, Close::quiet},
        CloseRow{"bytes", [](Pool&, sim::SimNetwork&, sim::Peer& peer) { peer.send("408"); }, Close::quiet},
        CloseRow{"the machine slept", [](Pool& pool, sim::SimNetwork&, sim::Peer&) { pool.resumed(); }, Close::quiet},
        CloseRow{"address gone", [](Pool& pool, sim::SimNetwork&, sim::Peer&) { pool.network_changed("10.9.9.9"); }, Close::quiet},
        CloseRow{"routes changed", [](Pool& pool, sim::SimNetwork&, sim::Peer&) { pool.network_changed(""); }, Close::quiet},
        CloseRow{"link down", [](Pool& pool, sim::SimNetwork&, sim::Peer&) { pool.link_down({"10.9.9.9"}); }, Close::quiet}));

// 73
TEST_F(IdleConnection, of_a_machine_that_slept_is_closed_at_once_whatever_its_limit) {
    park("a", {.reusable = true, .server_hint = seconds{60}});
    park("b", {.reusable = true, .server_hint = seconds{60}});
    network.jump(seconds{20});
    pool->resumed();
    EXPECT_EQ(pool->counts().open, 0u);
    EXPECT_EQ(network.open_connections(), 0u);
    EXPECT_EQ(connector.closes(), (std::vector{Close::quiet, Close::quiet}));
    Wait& wait = get("a");
    EXPECT_FALSE(reused(wait));
    give_back(wait);
}

struct HintRow {
    std::optional<seconds> hint;
    seconds kept;  // 0: not parked
};

class IdleLimit : public PoolSim, public testing::WithParamInterface<HintRow> {};

TEST_P(IdleLimit, is_the_servers_hint_less_a_margin_or_our_own) {
    listen("a");
    make_pool();
    pool->expect_more(true);
    park("a", {.reusable = true, .server_hint = GetParam().hint});
    if (GetParam().kept == seconds{0}) {
        EXPECT_EQ(pool->counts().open, 0u);
        return;
    }
    network.run_for(GetParam().kept - milliseconds{1});
    EXPECT_EQ(pool->counts().idle, 1u);
    network.run_for(milliseconds{1});
    EXPECT_EQ(pool->counts().open, 0u);
}

INSTANTIATE_TEST_SUITE_P(Table, IdleLimit,
                         testing::Values(HintRow{std::nullopt, seconds{4}}, HintRow{seconds{5}, seconds{4}},
                                         HintRow{seconds{15}, seconds{14}}, HintRow{seconds{2}, seconds{1}},
                                         HintRow{seconds{1}, seconds{0}}, HintRow{seconds{0}, seconds{0}},
                                         HintRow{seconds{60}, seconds{59}}, HintRow{seconds{61}, seconds{59}},
                                         HintRow{seconds{86400}, seconds{59}}));

}  // namespace
}  // namespace lastack::net
