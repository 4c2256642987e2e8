// What is told of a connection's life: each turn in its order, and of each end by whom and why. And what a look at the pool shows.
#include "client_fixture.hpp"

#include <algorithm>
#include <cctype>
#include <list>

namespace lastack::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Open to the rows of the tables below.
class ConnectionEvents : public ClientSim {
public:
    using ClientSim::begin;
    using ClientSim::get;
    using ClientSim::group;
    using ClientSim::network;
    using ClientSim::pool;
    using ClientSim::request_for;

    ConnectionEvents() { start({}); }
    ~ConnectionEvents() override {
        // Requests under way write to what goes now.
        on_event = nullptr;
        group.cancel_all();
        network.settle();
    }

    void start(net::PoolLimits limits) {
        if (pool) {
            network.run(pool->shut_down());
        }
        make_client(limits);
        pool->expect_more(true);
        on_event = [this](const ConnectionEvent& event) { events.push_back(event); };
        listen("h");
    }
    // A host that answers; the test holds its ends.
    void listen(const std::string& host, std::vector<std::string> fields = {}, Duration latency = Duration{0}) {
        network.listen(host, 80, {.latency = latency, .on_accept = [this, fields](sim::Peer peer) -> net::Task<void> {
                                      peers.push_back(peer);
                                      while (co_await peer.read_request()) {
                                          peer.send(sim::answer(200, "good", fields));
                                      }
                                  }});
    }
    // A host that says this when it is asked, and stays.
    void listen_saying(const std::string& host, std::string text) {
        network.listen(host, 80, [this, text = std::move(text)](sim::Peer peer) -> net::Task<void> {
            peers.push_back(peer);
            co_await peer.read_request();
            peer.send(text);
        });
    }
    void park() { ASSERT_TRUE(get("http://h/").ok()); }
    // Asks and lets it run.
    void ask(const std::string& url) {
        begin(request_for(url), asked.emplace_back());
        network.settle();
    }
    [[nodiscard]] std::vector<ConnectionEvent> ends() const {
        std::vector<ConnectionEvent> found;
        std::ranges::copy_if(events, std::back_inserter(found),
                             [](const auto& event) { return event.kind == ConnectionEventKind::closed; });
        return found;
    }

    std::vector<ConnectionEvent> events;
    std::vector<sim::Peer> peers;
    std::list<Outcome> asked;
};

TEST_F(ConnectionEvents, tell_a_life_from_the_dial_to_the_end) {
    listen("far", {}, milliseconds{50});
    ASSERT_TRUE(get("http://far/1").ok());
    network.run_for(seconds{1});
    ASSERT_TRUE(get("http://far/2").ok());
    network.run_for(milliseconds{1500});
    peers[0].close();
    network.run_for(milliseconds{50});
    using enum ConnectionEventKind;
    const struct {
        ConnectionEventKind kind;
        unsigned requests;
        milliseconds after;
    } expected[] = {{dialling, 0, milliseconds{0}}, {opened, 0, milliseconds{100}}, {bound, 1, milliseconds{0}},
                    {idle, 1, milliseconds{100}},   {bound, 2, milliseconds{1000}}, {idle, 2, milliseconds{100}},
                    {closed, 2, milliseconds{1550}}};
    ASSERT_EQ(events.size(), std::size(expected));
    TimePoint::duration before{0};
    for (std::size_t i = 0; i < events.size(); ++i) {
        const ConnectionEvent& event = events[i];
        EXPECT_EQ(event.connection, 1u);
        EXPECT_EQ(event.kind, expected[i].kind) << i;
        EXPECT_EQ(event.requests, expected[i].requests) << i;
        EXPECT_EQ(event.origin, "http://far:80");
        EXPECT_EQ(event.proxy, "");
        EXPECT_EQ(event.address, i == 0 ? "" : "10.0.0.2:80") << i;
        EXPECT_FALSE(event.tls);
        EXPECT_EQ(event.by, event.kind == closed ? ClosedBy::server : ClosedBy::nobody) << i;
        EXPECT_EQ(event.why, event.kind == closed ? "FIN" : "") << i;
        if (i > 0) {
            EXPECT_EQ(event.after, expected[i].after) << i;
        }
        EXPECT_GE(event.time, before);
        before = event.time;
    }
    EXPECT_EQ(events.back().time, network.now().time_since_epoch());
}

TEST_F(ConnectionEvents, number_the_connections_of_a_client_and_end_each_once) {
    for (int i = 0; i < 3; ++i) {
        park();
        pool->close_idle();
    }
    ASSERT_EQ(ends().size(), 3u);
    for (std::uint64_t i = 0; i < 3; ++i) {
        EXPECT_EQ(ends()[i].connection, i + 1);
    }
}

using Row = std::function<void(ConnectionEvents&)>;

struct EndOf {
    const char* what;
    Row happens;
    ClosedBy by;
    const char* why;
};

class EndOfConnection : public ConnectionEvents, public testing::WithParamInterface<EndOf> {};

TEST_P(EndOfConnection, is_told_with_its_author_and_its_reason) {
    GetParam().happens(*this);
    network.settle();
    const auto told = ends();
    ASSERT_GE(told.size(), 1u) << GetParam().what;
    EXPECT_EQ(told[0].by, GetParam().by) << GetParam().what;
    EXPECT_EQ(told[0].why, GetParam().why) << GetParam().what;
    EXPECT_EQ(told[0].connection, 1u);
}

std::vector<EndOf> idle_ends() {
    const auto parked_then = [](Row then) {
        return [then = std::move(then)](ConnectionEvents& t) {
            t.park();
            then(t);
        };
    };
    return {
        {"idle limit", parked_then([](auto& t) { t.network.run_for(seconds{4}); }), ClosedBy::us, "idle limit"},
        {"FIN", parked_then([](auto& t) { t.peers[0].close(); }), ClosedBy::server, "FIN"},
        {"half-close", parked_then([](auto& t) { t.peers[0].fin(); }), ClosedBy::server, "FIN"},
        {"RST", parked_then([](auto& t) { t.peers[0].reset(); }), ClosedBy::server, "RST"},
        {"408", parked_then([](auto& t) { t.peers[0].send("HTTP/1.1 408 Request Timeout\r\n\r\n"); }), ClosedBy::us,
         "bytes that were not asked for"},
        {"408 and FIN", parked_then([](auto& t) {
             t.peers[0].send("HTTP/1.1 408 Request Timeout\r\n\r\n");
             t.peers[0].close();
         }),
         ClosedBy::us, "bytes that were not asked for"},
        {"no more need", parked_then([](auto& t) { t.pool->expect_more(false); }), ClosedBy::us, "no more need"},
        {"asked to close", parked_then([](auto& t) { t.pool->close_idle(); }), ClosedBy::us, "asked to close"},
        {"frozen", parked_then([](auto& t) { t.pool->freeze(); }), ClosedBy::us, "asked to close"},
        {"slept", parked_then([](auto& t) { t.pool->resumed(); }), ClosedBy::network, "the machine slept"},
        {"address gone", parked_then([](auto& t) { t.pool->network_changed("10.9.9.9"); }), ClosedBy::network, "the network changed"},
        {"routes changed", parked_then([](auto& t) { t.pool->network_changed(""); }), ClosedBy::network, "the network changed"},
        {"link down", parked_then([](auto& t) { t.pool->link_down({"10.9.9.9"}); }), ClosedBy::network, "the network changed"},
        {"descriptors", parked_then([](auto& t) {
             t.listen("other");
             t.network.fail_connects({net::NetErrc::no_descriptors});
             t.ask("http://other/");
         }),
         ClosedBy::us, "its descriptor is wanted"},
        {"pressure",
         [](auto& t) {
             t.start({.per_key = 1, .total = 1});
             t.park();
             t.listen("other");
             t.ask("http://other/");
         },
         ClosedBy::us, "room for another host"},
    };
}

std::vector<EndOf> busy_ends() {
    const auto answered = [](std::string text) {
        return [text = std::move(text)](ConnectionEvents& t) {
            t.listen_saying("x", text);
            (void)t.get("http://x/");
        };
    };
    // In the middle of an answer.
    const auto answering_then = [](Row then) {
        return [then = std::move(then)](ConnectionEvents& t) {
            t.listen_saying("x", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            t.ask("http://x/");
            then(t);
        };
    };
    return {
        {"not kept", answered(sim::answer(200, "good", {"Connection: close"})), ClosedBy::us, "not kept after its answer"},
        {"max=0", answered(sim::answer(200, "good", {"Keep-Alive: max=0"})), ClosedBy::us, "not kept after its answer"},
        {"max=1",
         [](auto& t) {
             t.listen("x", {"Keep-Alive: max=1"});
             (void)t.get("http://x/");
             (void)t.get("http://x/");
         },
         ClosedBy::us, "it has carried all the requests that the server allows"},
        {"timeout=1", answered(sim::answer(200, "good", {"Keep-Alive: timeout=1"})), ClosedBy::us,
         "the server keeps it too short to be of use"},
        {"bytes behind", answered(sim::answer(200, "good") + "more"), ClosedBy::us, "not kept after its answer"},
        {"malformed", answered("220 smtp ready\r\n\r\n"), ClosedBy::us, "the answer breaks the protocol"},
        {"silence", answered(""), ClosedBy::us, "its time is over"},
        {"stall", answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), ClosedBy::us, "its time is over"},
        {"FIN", answering_then([](auto& t) { t.peers.back().close(); }), ClosedBy::server, "FIN"},
        {"RST", answering_then([](auto& t) { t.peers.back().reset(); }), ClosedBy::server, "RST"},
        {"given up", answering_then([](auto& t) { t.group.cancel_all(); }), ClosedBy::us, "given up"},
        {"frozen", answering_then([](auto& t) { t.pool->freeze(); }), ClosedBy::us, "asked to close"},
        {"slept", answering_then([](auto& t) { t.pool->resumed(); }), ClosedBy::network, "the machine slept"},
        {"address gone", answering_then([](auto& t) { t.pool->network_changed("10.9.9.9"); }), ClosedBy::network, "the network changed"},
    };
}

std::vector<EndOf> dial_ends() {
    const auto dialling_then = [](Row then) {
        return [then = std::move(then)](ConnectionEvents& t) {
            t.network.listen("x", 80, {.answer = sim::Answer::is_silent});
            t.ask("http://x/");
            then(t);
        };
    };
    return {
        {"refused",
         [](auto& t) {
             t.network.listen("x", 80, {.answer = sim::Answer::refuses});
             (void)t.get("http://x/");
         },
         ClosedBy::network, "connection refused"},
        {"no such host", [](auto& t) { (void)t.get("http://nowhere/"); }, ClosedBy::network, "host not found"},
        {"abandoned", dialling_then([](auto& t) { t.group.cancel_all(); }), ClosedBy::us, "no more need"},
        {"frozen", dialling_then([](auto& t) { t.pool->freeze(); }), ClosedBy::us, "asked to close"},
        {"slept", dialling_then([](auto& t) { t.pool->resumed(); }), ClosedBy::network, "the machine slept"},
    };
}

const auto name_of = [](const testing::TestParamInfo<EndOf>& info) {
    std::string name = info.param.what;
    std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
};

INSTANTIATE_TEST_SUITE_P(Idle, EndOfConnection, testing::ValuesIn(idle_ends()), name_of);
INSTANTIATE_TEST_SUITE_P(AtWork, EndOfConnection, testing::ValuesIn(busy_ends()), name_of);
INSTANTIATE_TEST_SUITE_P(Dialled, EndOfConnection, testing::ValuesIn(dial_ends()), name_of);

TEST_F(ConnectionEvents, name_the_stale_one_and_its_siblings_as_such) {
    listen("x");
    network.listen("x", 80, [this](sim::Peer peer) -> net::Task<void> {
        peers.push_back(peer);
        co_await peer.read_request();
        co_await peer.sleep(seconds{1});
        peer.send(sim::answer(200, "good"));
        if (co_await peer.read_request()) {
            peer.close();
        }
    });
    ask("http://x/");
    ask("http://x/");
    network.run_for(seconds{1});
    ask("http://x/");
    const auto told = ends();
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0].why, "FIN");
    EXPECT_EQ(told[0].by, ClosedBy::server);
    EXPECT_EQ(told[1].why, "a sibling proved stale");
    EXPECT_EQ(told[1].by, ClosedBy::us);
}

class PoolSnapshot : public ConnectionEvents {
protected:
    ConnectionInfo only() {
        const auto all = pool->snapshot();
        EXPECT_EQ(all.size(), 1u);
        return all.empty() ? ConnectionInfo{} : all[0];
    }
};

TEST_F(PoolSnapshot, shows_each_state_of_a_connection_and_how_long_it_is_in_it) {
    network.listen("x", 80, {.latency = milliseconds{500}, .on_accept = [](sim::Peer peer) -> net::Task<void> {
                                 while (co_await peer.read_request()) {
                                     co_await peer.sleep(seconds{1});
                                     peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
                                     co_await peer.sleep(seconds{1});
                                     peer.send("good");
                                 }
                             }});
    EXPECT_TRUE(pool->snapshot().empty());
    ask("http://x/");
    network.run_for(milliseconds{600});
    EXPECT_EQ(only().state, "connecting");
    EXPECT_EQ(only().address, "");
    EXPECT_EQ(only().in_state, milliseconds{600});
    network.run_for(milliseconds{600});
    EXPECT_EQ(only().state, "waiting");
    EXPECT_EQ(only().origin, "http://x:80");
    EXPECT_EQ(only().address, "10.0.0.2:80");
    EXPECT_EQ(only().connection, 1u);
    EXPECT_EQ(only().requests, 1u);
    EXPECT_EQ(only().in_state, milliseconds{200}) << "since it was bound";
    EXPECT_EQ(only().closes_in, Duration{0});
    network.run_for(milliseconds{2000});
    EXPECT_EQ(only().state, "receiving");
    network.run_for(milliseconds{1000});
    EXPECT_EQ(only().state, "idle");
    EXPECT_EQ(only().in_state, milliseconds{200});
    EXPECT_EQ(only().closes_in, milliseconds{3800});
    ask("http://x/");
    EXPECT_EQ(only().requests, 2u);
    EXPECT_EQ(only().state, "waiting");
    EXPECT_FALSE(only().tls);
    network.run_for(seconds{10});
    EXPECT_TRUE(pool->snapshot().empty());
}

TEST_F(PoolSnapshot, shows_one_that_is_sending_in_the_handshake_or_never_used) {
    network.listen("full", 80, {.window = 10, .on_accept = [](sim::Peer peer) -> net::Task<void> { co_await peer.client_gone(); }});
    ask("http://full/");
    EXPECT_EQ(only().state, "sending");
    group.cancel_all();
    network.settle();
    network.listen("tls", 443, [](sim::Peer peer) -> net::Task<void> { co_await peer.client_gone(); });
    ask("https://tls/");
    EXPECT_EQ(only().state, "handshake");
    EXPECT_EQ(only().origin, "https://tls:443");
    EXPECT_EQ(only().address, "10.0.0.3:443");
    EXPECT_EQ(only().requests, 0u);
    group.cancel_all();
    network.settle();
    // Dialled for a request that gave up, and another one is planned.
    listen("x", {}, milliseconds{10});
    const net::PoolKey key{parse_url("http://x/")->origin};
    pool->add_need(key);
    const auto task = begin(request_for("http://x/"), asked.emplace_back());
    network.settle();
    group.cancel(task);
    network.run_for(milliseconds{20});
    EXPECT_EQ(only().state, "fresh");
    EXPECT_EQ(only().closes_in, seconds{5});
    pool->remove_need(key);
}

TEST_F(PoolSnapshot, is_in_the_order_of_the_dials) {
    listen("b");
    for (const char* url : {"http://h/", "http://b/"}) {
        ask(url);
        network.run_for(seconds{1});
    }
    const auto all = pool->snapshot();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].origin, "http://h:80");
    EXPECT_EQ(all[1].origin, "http://b:80");
    EXPECT_LT(all[0].connection, all[1].connection);
    EXPECT_LT(all[0].closes_in, all[1].closes_in);
}

}  // namespace
}  // namespace lastack::http
