// Dialling over sockets of the kernel, all on loopback.
#include "net/dial.hpp"

#include "net/asio_network.hpp"
#include "net/error.hpp"
#include "net/task_group.hpp"
#include "support/listening_socket.hpp"
#include "support/tcp_states.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace lastack::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// The real network, with one host whose addresses the test chooses.
class NamedNetwork final : public Network {
public:
    NamedNetwork(asio::io_context& context, std::vector<std::string> ips) : real_{context}, ips_{std::move(ips)} {}

    asio::any_io_executor executor() override { return real_.executor(); }
    TimePoint now() override { return real_.now(); }
    std::unique_ptr<Timer> make_timer() override { return real_.make_timer(); }
    Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port, TimePoint deadline) override {
        if (host != "host") {
            co_return co_await real_.resolve(std::move(host), port, deadline);
        }
        std::vector<Address> addresses;
        for (const std::string& ip : ips_) {
            addresses.push_back({ip, port});
        }
        co_return addresses;
    }
    Task<Result<std::unique_ptr<Stream>>> connect(Address address, TimePoint deadline) override {
        co_return co_await real_.connect(std::move(address), deadline);
    }

private:
    AsioNetwork real_;
    std::vector<std::string> ips_;
};

// No descriptor can be opened while it lives.
class NoDescriptors {
public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int lowest_free = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        ::close(lowest_free);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(lowest_free);
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
    rlimit before_{};
};

class DialOnLoopback : public testing::Test {
protected:
    struct Outcome {
        std::optional<Result<std::unique_ptr<Stream>>> result;
        Duration took{};
        std::vector<test::TcpSocket> sockets;  // that led to the port at the end of the turn in which the caller got its result
    };

    void host_has(std::vector<std::string> ips) { network.emplace(context, std::move(ips)); }

    void dial_port(std::uint16_t port, const std::string& host = "host", Duration limit = seconds{20}, Duration cancel_after = {}) {
        TaskGroup group{*network};
        const auto id = group.spawn(call(host, port, network->now() + limit));
        if (cancel_after > Duration{0}) {
            group.spawn(cancel(group, id, cancel_after));
        }
        context.restart();
        while (!group.empty()) {
            context.run_one();  // a stream that is held keeps a timer, so the context would go on
        }
        context.poll();  // what is left of the turn, without waiting
        outcome.sockets = test::own_sockets_to(port);
    }

    void expect_peer(const std::string& peer) {
        ASSERT_TRUE(outcome.result->has_value()) << describe(outcome.result->error());
        EXPECT_EQ((**outcome.result)->peer(), peer);
    }

    asio::io_context context{1};
    std::optional<NamedNetwork> network;
    Outcome outcome;

private:
    Task<void> call(std::string host, std::uint16_t port, TimePoint deadline) {
        const TimePoint begun = network->now();
        outcome.result = co_await dial(*network, host, port, IpFamily::any, deadline);
        outcome.took = network->now() - begun;
    }
    Task<void> cancel(TaskGroup& group, TaskGroup::Id id, Duration after) {
        const auto timer = network->make_timer();
        (void)co_await timer->wait_until(network->now() + after);
        group.cancel(id);
    }
};

TEST_F(DialOnLoopback, localhost_is_reached_where_something_listens) {
    host_has({});
    for (const std::string ip : {"127.0.0.1", "::1"}) {
        const auto listener = test::listen_on(ip);
        const std::uint16_t port = test::local_port(listener.get());
        dial_port(port, "localhost");
        expect_peer(Address{ip, port}.str());
    }
}

TEST_F(DialOnLoopback, a_full_accept_queue_costs_a_quarter_of_a_second) {
    const test::SilentPort silent;
    const auto listener = test::listen_on("127.0.0.2", silent.port());
    host_has({"127.0.0.1", "127.0.0.2"});
    dial_port(silent.port());
    expect_peer("127.0.0.2:" + std::to_string(silent.port()));
    EXPECT_GE(outcome.took, milliseconds{250});
    EXPECT_LT(outcome.took, seconds{10});
}

TEST_F(DialOnLoopback, the_losers_socket_is_gone_when_the_winner_is_handed_over) {
    const test::SilentPort silent;
    const auto listener = test::listen_on("127.0.0.2", silent.port());
    host_has({"127.0.0.1", "127.0.0.2"});
    const auto before = test::own_sockets_to(silent.port());
    dial_port(silent.port());
    ASSERT_TRUE(outcome.result->has_value());
    EXPECT_EQ(outcome.sockets.size(), before.size() + 1) << test::describe(outcome.sockets);
}

TEST_F(DialOnLoopback, silence_of_all_ends_at_the_deadline_without_a_socket_left) {
    const test::SilentPort silent;
    host_has({"127.0.0.1"});
    const auto before = test::own_sockets_to(silent.port());
    dial_port(silent.port(), "host", milliseconds{300});
    ASSERT_FALSE(outcome.result->has_value());
    EXPECT_EQ(outcome.result->error().code, Errc::timed_out);
    EXPECT_EQ(outcome.result->error().address, "127.0.0.1:" + std::to_string(silent.port()));
    EXPECT_EQ(outcome.sockets.size(), before.size()) << test::describe(outcome.sockets);
}

TEST_F(DialOnLoopback, a_refusal_leads_to_the_next_address_at_once) {
    const auto listener = test::listen_on("127.0.0.2");
    const std::uint16_t port = test::local_port(listener.get());
    host_has({"127.0.0.1", "127.0.0.3", "127.0.0.2"});
    dial_port(port);
    expect_peer("127.0.0.2:" + std::to_string(port));
}

TEST_F(DialOnLoopback, every_refusal_is_told) {
    const test::RefusingPort refusing;
    host_has({"127.0.0.1", "127.0.0.3"});
    dial_port(refusing.port());
    ASSERT_FALSE(outcome.result->has_value());
    const Error& error = outcome.result->error();
    EXPECT_EQ(error.code, NetErrc::connect_refused);
    EXPECT_EQ(error.address, "127.0.0.1:" + std::to_string(refusing.port()));
    EXPECT_THAT(error.cause, HasSubstr("; 127.0.0.3:" + std::to_string(refusing.port()) + ": connection refused"));
}

TEST_F(DialOnLoopback, cancelling_closes_every_socket) {
    const test::SilentPort silent;
    host_has({"127.0.0.1", "127.0.0.1", "127.0.0.1"});
    const auto before = test::own_sockets_to(silent.port());
    dial_port(silent.port(), "host", seconds{20}, milliseconds{300});
    ASSERT_FALSE(outcome.result->has_value());
    EXPECT_EQ(outcome.result->error().code, Errc::cancelled);
    EXPECT_LT(outcome.took, seconds{10});
    EXPECT_EQ(outcome.sockets.size(), before.size()) << test::describe(outcome.sockets);
}

TEST_F(DialOnLoopback, without_descriptors_says_exactly_that) {
#if __has_feature(undefined_behavior_sanitizer)
    GTEST_SKIP() << "the sanitizer itself needs descriptors to look at an object's type";
#endif
    const auto listener = test::listen_on("127.0.0.1");
    const std::uint16_t port = test::local_port(listener.get());
    host_has({"127.0.0.1", "127.0.0.2"});
    (void)network->make_timer();  // the reactor needs descriptors of its own
    {
        const NoDescriptors none;
        dial_port(port);
    }
    ASSERT_FALSE(outcome.result->has_value());
    EXPECT_EQ(outcome.result->error().code, NetErrc::no_descriptors);
}

TEST_F(DialOnLoopback, a_prompt_address_is_the_only_one_that_a_server_sees) {
    const auto first = test::listen_on("127.0.0.1");
    const std::uint16_t port = test::local_port(first.get());
    const auto second = test::listen_on("127.0.0.2", port);
    host_has({"127.0.0.1", "127.0.0.2"});
    dial_port(port);
    expect_peer("127.0.0.1:" + std::to_string(port));
    EXPECT_EQ(outcome.sockets.size(), 1u) << test::describe(outcome.sockets);
}

}  // namespace
}  // namespace lastack::net
