// Connections between two requests: how they end, and how fast. The reactor answers within one turn; the bound of the design is for the
// faster quarter, because a test machine may take the processor away for longer than that.
#include "client_fixture.hpp"
#include "support/listening_socket.hpp"

#include <algorithm>
#include <fcntl.h>
#include <future>
#include <set>
#include <thread>

namespace lastack::test {
namespace {

constexpr auto kWorst = 500ms;

class IdleConnection : public ClientTest {
protected:
    IdleConnection() {
        options.idle_limit = 60s;
        origin.on("/f", Reply{.body = "body"});
    }
    void keep_one_idle() {
        client().expect_more(true);
        expect_fetched("/f", "body");
        ASSERT_EQ(client().connections().idle, 1u);
    }
    // Lets `rounds` hosts close a connection, each its only one: a host that closes early once is not trusted with idle ones again.
    template <typename Between>
    void close_one_by_one(int rounds, const Steps& then, Between between) {
        client().expect_more(true);
        std::vector<std::chrono::nanoseconds> latencies;
        for (int round = 0; round < rounds; ++round) {
            ScriptedOrigin host;
            host.on("/f", Reply{.body = "body", .then = then});
            const auto result = fetch(document(host.url("/f")));
            ASSERT_THAT(result, Succeeded());
            between(host);
            ASSERT_TRUE(host.wait_until_all_closed()) << "round " << round;
            const auto seen = host.record();
            EXPECT_EQ(seen.requests.size(), 1u);
            EXPECT_FALSE(seen.connections[0].peer_reset) << "an orderly close was due";
            const auto all = close_latencies(seen);
            ASSERT_EQ(all.size(), 1u);
            latencies.push_back(all[0]);
            expect_no_sockets_to(host.port());
        }
        EXPECT_LE(first_quartile(latencies), kOneTurn);
        EXPECT_LE(*std::ranges::max_element(latencies), kWorst);
    }
    void expect_closed_soon() {
        ASSERT_TRUE(origin.wait_until_all_closed());
        for (const auto& connection : origin.record().connections) {
            EXPECT_FALSE(connection.peer_reset) << "an orderly close was due";
        }
        for (const auto latency : close_latencies(origin.record())) {
            EXPECT_LE(latency, kWorst);
        }
        expect_no_sockets();
    }
};

// 1
TEST_F(IdleConnection, fin_a_moment_after_the_answer_is_answered_within_a_turn) {
    close_one_by_one(21, {Delay{1ms}, CloseFin{}}, [](ScriptedOrigin&) {});
}

TEST_F(IdleConnection, fin_is_answered_while_the_calling_thread_is_busy) {
    close_one_by_one(11, {}, [](ScriptedOrigin& host) {
        ASSERT_EQ(host.close_idle(), 1);
        // This thread makes no call to the client and waits for nothing, for longer than the FIN may take.
        const auto until = Clock::now() + 30ms;
        volatile unsigned work = 0;
        while (Clock::now() < until) {
            work = work + 1;
        }
    });
}

// 71
TEST_F(IdleConnection, fin_is_answered_while_the_calling_thread_is_blocked) {
    close_one_by_one(11, {}, [](ScriptedOrigin& host) {
        ASSERT_EQ(host.close_idle(), 1);
        EXPECT_TRUE(host.wait_until_all_closed());
    });
}

TEST_F(IdleConnection, fin_is_answered_while_the_progress_observer_blocks) {
    class Blocking final : public ProgressObserver {
    public:
        explicit Blocking(ScriptedOrigin& from) : from_(from) {}
        void started(std::size_t, std::string_view, std::optional<std::uint64_t>) override {}
        void advanced(std::size_t, std::uint64_t, std::optional<std::uint64_t>) override {}
        void finished(std::size_t, const Result<DownloadResult>&) override {
            closed = from_.close_idle();
            ended = from_.wait_until_all_closed();
        }
        void tick() override {}
        int closed = 0;
        bool ended = false;

    private:
        ScriptedOrigin& from_;
    } observer{origin};
    client().expect_more(true);
    ASSERT_THAT(client().download({file(origin.url("/f"))}, &observer).at(0), Succeeded());
    EXPECT_EQ(observer.closed, 1);
    EXPECT_TRUE(observer.ended);
    expect_closed_soon();
}

// 4
TEST_F(IdleConnection, fin_is_answered_while_another_host_is_being_resolved_or_connected) {
    keep_one_idle();
    const SilentPort silent;
    request_options.timeout = 300ms;
    auto& shared = client();
    auto others = std::async(std::launch::async,
                             [&] { return shared.fetch({document(silent.url("/x")), document("http://no-such-host.invalid/x")}); });
    while (shared.connections().open < 2) {
    }
    ASSERT_EQ(origin.close_idle(), 1);
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_EQ(others.wait_for(0s), std::future_status::timeout) << "the connect was still under way";
    EXPECT_LE(close_latencies(origin.record()).at(0), kWorst);
    (void)others.get();
}

// 17
TEST_F(IdleConnection, rst_ends_it_and_costs_nothing) {
    keep_one_idle();
    ASSERT_EQ(origin.reset_idle(), 1);
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.requests().size(), 2u);
    EXPECT_EQ(origin.requests().back().connection, 2);
}

// 26
TEST_F(IdleConnection, half_close_is_a_close) {
    close_one_by_one(11, {}, [](ScriptedOrigin& host) { ASSERT_EQ(host.run_on_idle({ShutdownWrite{}}), 1); });
}

// 51
TEST_F(IdleConnection, a_host_that_closes_early_is_left_earlier_from_then_on) {
    client().expect_more(true);
    origin.on("/f", Reply{.body = "body", .then = {Delay{200ms}, CloseFin{}}});
    expect_fetched("/f", "body");
    ASSERT_TRUE(origin.wait_until_all_closed());
    expect_fetched("/f", "body");
    ASSERT_TRUE(origin.wait_until_all_closed());
    const auto second = origin.record().connections.at(1);
    EXPECT_EQ(second.fin_sent, second.ended) << "the second time we close first";
}

// 69
TEST_F(IdleConnection, no_descriptor_of_a_client_survives_exec) {
    const auto descriptors = [] {
        std::set<int> all;
        for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
            all.insert(std::stoi(each.path().filename().string()));
        }
        return all;
    };
    const auto before = descriptors();
    keep_one_idle();
    int checked = 0;
    for (const int descriptor : descriptors()) {
        const int flags = ::fcntl(descriptor, F_GETFD);
        if (!before.contains(descriptor) && flags >= 0) {
            EXPECT_NE(flags & FD_CLOEXEC, 0) << std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor));
            ++checked;
        }
    }
    EXPECT_GE(checked, 2);
}

// 28
TEST_F(IdleConnection, a_408_with_fin_ends_it) {
    keep_one_idle();
    ASSERT_EQ(origin.run_on_idle({Send{.bytes = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"}, CloseFin{}}), 1);
    ASSERT_TRUE(origin.wait_until_all_closed());
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.requests().size(), 2u);
    EXPECT_EQ(origin.requests().back().connection, 2);
}

// 29, 31
TEST_F(IdleConnection, bytes_that_nobody_asked_for_end_it_though_the_server_stays) {
    for (const auto& bytes : {std::string("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
                              response_bytes(Reply{.body = "poison"}), std::string("x")}) {
        keep_one_idle();
        const auto before = Clock::now();
        ASSERT_EQ(origin.send_on_idle(bytes), 1);
        ASSERT_TRUE(origin.wait_until_all_closed());
        const auto connection = origin.record().connections.back();
        ASSERT_TRUE(connection.peer_fin) << "our FIN, and no RST, for what was read";
        EXPECT_LE(*connection.peer_fin - before, kWorst);
        expect_fetched("/f", "body");
        client().close_connections();
        ASSERT_TRUE(origin.wait_until_all_closed());
    }
}

// 34
TEST_F(IdleConnection, endless_bytes_end_it_and_starve_nobody) {
    keep_one_idle();
    ScriptedOrigin other;
    other.on("/f", Reply{.body = "other"});
    ASSERT_EQ(origin.run_on_idle({SendEndless{.pattern = "0123456789"}}), 1);
    const auto result = fetch(document(other.url("/f")));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->body, "other");
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_LT(origin.record().connections[0].sent, 64u << 20);
    client().close_connections();
    expect_no_sockets();
}

// 64, small
TEST_F(IdleConnection, many_that_end_at_once_are_all_answered) {
    options.max_parallel_downloads = 50;
    options.max_connections_per_host = 50;
    origin.on("/f", Reply{.body = "body", .before = {WaitUntil{"go"}}});
    client().expect_more(true);
    auto all = std::async(std::launch::async, [&] { return client().fetch(std::vector<FetchRequest>(50, document(origin.url("/f")))); });
    ASSERT_TRUE(origin.wait_at("go", 50));
    origin.open("go");
    for (const auto& result : all.get()) {
        ASSERT_THAT(result, Succeeded());
    }
    EXPECT_EQ(client().connections().idle, 50u);
    EXPECT_EQ(origin.close_idle(), 50);
    ASSERT_TRUE(origin.wait_until_all_closed());
    const auto latencies = close_latencies(origin.record());
    EXPECT_EQ(latencies.size(), 50u);
    EXPECT_LE(*std::ranges::max_element(latencies), kWorst);
    expect_no_sockets();
}

// 65
TEST_F(IdleConnection, after_the_last_file_no_socket_is_left) {
    for (int round = 0; round < 10; ++round) {
        std::vector<DownloadRequest> batch;
        for (const char* name : {"a", "b", "c", "d", "e"}) {
            batch.push_back(file(origin.url("/f"), name));
        }
        for (const auto& result : client().download(std::move(batch))) {
            ASSERT_THAT(result, Succeeded());
        }
        expect_no_sockets();
    }
    ASSERT_TRUE(origin.wait_until_all_closed());
    for (const auto& connection : origin.record().connections) {
        EXPECT_TRUE(connection.peer_fin) << "we close first, with a FIN";
        EXPECT_FALSE(connection.peer_reset);
    }
}

TEST_F(IdleConnection, when_more_is_expected_the_next_batch_finds_it_open) {
    keep_one_idle();
    expect_fetched("/f", "body");
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.accepted(), 1);
    EXPECT_EQ(client().connections().open, 1u);
}

TEST_F(IdleConnection, ends_when_no_more_is_expected) {
    keep_one_idle();
    client().expect_more(false);
    ASSERT_TRUE(origin.wait_until_all_closed());
    expect_no_sockets();
}

TEST_F(IdleConnection, the_last_batch_takes_it_over_and_leaves_nothing) {
    keep_one_idle();
    ASSERT_THAT(client().download({file(origin.url("/f"), "a"), file(origin.url("/f"), "b")}, nullptr, {}, LastBatch::yes).at(0),
                Succeeded());
    EXPECT_LE(origin.accepted(), 2) << "the open one was used";
    expect_no_sockets();
}

TEST_F(IdleConnection, close_connections_returns_when_none_is_left) {
    keep_one_idle();
    client().close_connections();
    expect_no_sockets();
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_TRUE(origin.record().connections[0].peer_fin);
    EXPECT_FALSE(origin.record().connections[0].peer_reset);
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.accepted(), 2);
}

TEST_F(IdleConnection, close_connections_leaves_a_running_transfer_alone) {
    origin.on("/slow", Reply{.body = "slow", .before = {WaitUntil{"go"}}});
    auto& shared = client();
    auto running = std::async(std::launch::async, [&] { return shared.fetch({document(origin.url("/slow"))}); });
    ASSERT_TRUE(origin.wait_at("go"));
    shared.close_connections();
    origin.open("go");
    EXPECT_THAT(running.get().at(0), Succeeded());
}

TEST_F(IdleConnection, is_closed_by_us_at_the_idle_limit) {
    options.idle_limit = 150ms;
    keep_one_idle();
    ASSERT_TRUE(origin.wait_until_all_closed());
    const auto seen = origin.record();
    ASSERT_TRUE(seen.connections[0].peer_fin);
    EXPECT_EQ(seen.connections[0].fin_sent, seen.connections[0].ended) << "the server did not close first";
    const auto idle_for = *seen.connections[0].peer_fin - seen.requests[0].time;
    EXPECT_GE(idle_for, 150ms);
    EXPECT_LT(idle_for, 150ms + kWorst);
    expect_no_sockets();
}

// 49, 50
struct Hint {
    const char* name;
    const char* field;
    std::chrono::milliseconds least;
    std::chrono::milliseconds most;
    friend void PrintTo(const Hint& each, std::ostream* out) { *out << each.name; }
};

class KeepAliveHint : public IdleConnection, public ::testing::WithParamInterface<Hint> {};

TEST_P(KeepAliveHint, bounds_how_long_we_keep_it) {
    options.idle_limit = 300ms;
    origin.on("/f", Reply{.headers = {{"Keep-Alive", GetParam().field}}, .body = "body"});
    client().expect_more(true);
    expect_fetched("/f", "body");
    ASSERT_TRUE(origin.wait_until_all_closed());
    const auto seen = origin.record();
    const auto idle_for = *seen.connections[0].peer_fin - seen.requests[0].time;
    EXPECT_GE(idle_for, GetParam().least);
    EXPECT_LT(idle_for, GetParam().most);
}

INSTANTIATE_TEST_SUITE_P(All, KeepAliveHint,
                         ::testing::Values(Hint{"of_two_seconds_less_the_margin", "timeout=2, max=100", 950ms, 1'500ms},
                                           Hint{"of_one_second_is_too_short", "timeout=1", 0ms, 150ms},
                                           Hint{"of_zero", "timeout=0", 0ms, 150ms},
                                           Hint{"that_is_no_number_is_ignored", "timeout=abc", 290ms, 800ms},
                                           Hint{"of_no_further_request", "timeout=100, max=0", 0ms, 150ms}),
                         [](const ::testing::TestParamInfo<Hint>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lastack::test
