// As many connections as a client may hold, and descriptors whose numbers go from one connection to the next. The numbers in comments are
// those of the scenarios in docs/design/connections.md.
#include "client_fixture.hpp"
#include "support/polling.hpp"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace lastack::test {
namespace {

// For five hundred connections, at both ends, on a machine that is busy with other tests; one turn each is what they take.
constexpr auto kMost = 500ms;
constexpr auto kWorst = 3s;

class Crowd : public ClientTest {
protected:
    static constexpr unsigned kMany = 500;

    void keep_many_idle() {
        options.max_parallel_downloads = kMany + 1;
        options.max_connections_per_host = kMany;
        options.idle_limit = 60s;
        request_options.timeout = 30s;
        origin.on("/f", Reply{.body = "body", .before = {WaitUntil{"go"}}});
        auto& shared = client();
        shared.expect_more(true);
        auto all = std::async(std::launch::async, [&] { return shared.fetch(std::vector(kMany, document(origin.url("/f")))); });
        const bool all_stand = origin.wait_at("go", kMany);
        origin.open("go");
        ASSERT_TRUE(all_stand) << origin.accepted() << " connections";
        for (const auto& result : all.get()) {
            ASSERT_THAT(result, Succeeded());
        }
        ASSERT_EQ(shared.connections().idle, kMany);
    }
};

// 64
TEST_F(Crowd, of_idle_connections_that_end_in_one_instant_is_gone_at_once_and_holds_up_nobody) {
    ASSERT_NO_FATAL_FAILURE(keep_many_idle());
    ScriptedOrigin other;
    other.on("/f", Reply{.body = "other"});
    const auto begin = Clock::now();
    auto fin = std::async(std::launch::async, [&] { return origin.close_idle(); });
    const auto result = fetch(document(other.url("/f")));
    const auto served = Clock::now() - begin;
    ASSERT_THAT(result, Succeeded());
    EXPECT_LE(served, kWorst);
    EXPECT_EQ(fin.get(), static_cast<int>(kMany));
    ASSERT_TRUE(origin.wait_until_all_closed());
    const auto latencies = close_latencies(origin.record());
    EXPECT_EQ(latencies.size(), kMany);
    EXPECT_LE(first_quartile(latencies), kMost);
    EXPECT_LE(*std::ranges::max_element(latencies), kWorst);
    expect_no_sockets_to(origin.port());
}

TEST_F(Crowd, of_idle_connections_is_closed_by_us_in_one_call) {
    ASSERT_NO_FATAL_FAILURE(keep_many_idle());
    const auto begin = Clock::now();
    client().close_connections();
    EXPECT_LE(Clock::now() - begin, kWorst);
    expect_no_sockets();
    ASSERT_TRUE(origin.wait_until_all_closed());
}

// Holds up the reactor at a line of the trace, so that whatever happens meanwhile is one batch of events for it.
class Turnstile {
public:
    void pass() {
        std::unique_lock lock(mutex_);
        held_ = std::exchange(armed_, false);
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held_; });
    }
    void arm() {
        const std::scoped_lock lock(mutex_);
        armed_ = true;
    }
    [[nodiscard]] bool wait_until_held() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kTestPatience, [&] { return held_; });
    }
    void release() {
        const std::scoped_lock lock(mutex_);
        held_ = false;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool armed_ = false;
    bool held_ = false;
};

class ReusedDescriptor : public ClientTest {
protected:
    ReusedDescriptor() {
        origin.on("/f", Reply{.body = "new"});
        blocker.on("/f", Reply{.body = "blocker"});
    }
    Result<FetchResult> fetch_from(const ScriptedOrigin& from) { return std::move(held.fetch({document(from.url("/f"))}).at(0)); }
    // Asked of the sockets themselves: the kernel's tables take too long for some hundred rounds.
    static int descriptor_to(const ScriptedOrigin& to) {
        constexpr int most = 256;
        for (int descriptor = 0; descriptor < most; ++descriptor) {
            sockaddr_in peer{};
            socklen_t size = sizeof peer;
            if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && peer.sin_family == AF_INET &&
                ntohs(peer.sin_port) == to.port()) {
                return descriptor;
            }
        }
        return -1;
    }
    static bool has_fin(int descriptor) {
        tcp_info info{};
        socklen_t size = sizeof info;
        return ::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE_WAIT;
    }

    ScriptedOrigin blocker;
    Turnstile turnstile;
    Client held{{.idle_limit = 60s, .trace = [this](std::string_view) { turnstile.pass(); }}};
};

// 78: the FIN of the old connection, our own close of it and the connect of the new one all lie in one batch.
TEST_F(ReusedDescriptor, gets_no_event_of_the_connection_that_had_it_before) {
    constexpr std::size_t rounds = 100;
    int reused = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        ScriptedOrigin old;
        old.on("/f", Reply{.body = "old"});
        held.expect_more(true);
        ASSERT_THAT(fetch_from(old), Succeeded());
        const int before = descriptor_to(old);
        ASSERT_GE(before, 0);

        turnstile.arm();
        auto blocked = std::async(std::launch::async, [&] { return fetch_from(blocker); });
        ASSERT_TRUE(turnstile.wait_until_held());
        ASSERT_EQ(old.close_idle(), 1);
        ASSERT_TRUE(becomes_true([&] { return has_fin(before); }));
        if (round % 2 == 0) {
            held.expect_more(false);
            held.expect_more(true);
        }
        auto next = std::async(std::launch::async, [&] { return fetch_from(origin); });
        turnstile.release();

        const auto result = next.get();
        ASSERT_THAT(result, Succeeded()) << "round " << round;
        EXPECT_EQ(result->body, "new");
        ASSERT_THAT(blocked.get(), Succeeded()) << "round " << round;
        ASSERT_TRUE(old.wait_until_all_closed()) << "round " << round;
        reused += descriptor_to(origin) == before || descriptor_to(blocker) == before ? 1 : 0;
        EXPECT_EQ(origin.requests().size(), round + 1) << "nothing was sent twice";
        held.close_connections();
    }
    EXPECT_GT(reused, 0) << "the test met its subject";
}

// 78, without order: the old one ends while the new one begins.
TEST_F(ReusedDescriptor, survives_an_end_and_a_beginning_at_the_same_time) {
    constexpr int rounds = 300;
    int reused = 0;
    for (int round = 0; round < rounds; ++round) {
        ScriptedOrigin old;
        old.on("/f", Reply{.body = "old"});
        held.expect_more(true);
        ASSERT_THAT(fetch_from(old), Succeeded());
        const int before = descriptor_to(old);
        auto end = std::async(std::launch::async, [&] { return round % 2 == 0 ? old.close_idle() : old.reset_idle(); });
        const auto result = fetch_from(origin);
        ASSERT_THAT(result, Succeeded()) << "round " << round;
        EXPECT_EQ(result->body, "new");
        EXPECT_EQ(end.get(), 1);
        reused += descriptor_to(origin) == before ? 1 : 0;
        held.close_connections();
        ASSERT_TRUE(old.wait_until_all_closed()) << "round " << round;
    }
    EXPECT_GT(reused, 0) << "the test met its subject";
}

}  // namespace
}  // namespace lastack::test
