#include "net/socks5.hpp"

#include "net/error.hpp"
#include "net/task_group.hpp"
#include "sim/sim_network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>

namespace lastack::net {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const std::string open_method = "\x05\x00"s;
const std::string login_method = "\x05\x02"s;
const std::string success = "\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90"s;
constexpr std::size_t greeting_size = 3;
constexpr std::size_t login_greeting_size = 4;
constexpr std::size_t login_size = 3 + 4 + 6;
constexpr std::size_t command_size = 4 + 1 + 11 + 2;

class Socks5 : public testing::Test {
protected:
    Socks5() { network.lend_to_the_test(); }

    void proxy_is(std::function<Task<void>(sim::Peer)> script, std::size_t segment = SIZE_MAX) {
        network.listen("192.0.2.1", 1080, sim::HostBehaviour{.segment = segment, .on_accept = std::move(script)});
    }
    // Answers in turn, each after so many bytes of the client.
    void proxy_says(std::vector<std::pair<std::size_t, std::string>> turns, bool closes = false, std::size_t segment = SIZE_MAX) {
        proxy_is(
            [this, turns = std::move(turns), closes](sim::Peer peer) -> Task<void> {
                for (const auto& [size, answer] : turns) {
                    heard += co_await peer.read_bytes(size);
                    peer.send(answer);
                }
                if (closes) {
                    peer.close();
                }
                co_await peer.client_gone();
            },
            segment);
    }

    Result<void> connect(Socks5Request request = {.host = "example.org", .port = 443}) {
        return network.run(call(std::move(request))).value();
    }
    Result<void> log_in() { return connect({.host = "example.org", .port = 443, .credentials = Socks5Credentials{"anna", "s3cret"}}); }

    void expect_failed(const Result<void>& result, std::error_code code, const std::string& cause) {
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().code, code);
        EXPECT_EQ(result.error().cause, cause);
        EXPECT_EQ(result.error().phase, Phase::connecting);
        EXPECT_EQ(result.error().address, "192.0.2.1:1080");
        EXPECT_THAT(describe(result.error()), Not(HasSubstr("s3cret")));
    }

    // The next bytes in the tunnel.
    std::string read() {
        std::array<std::byte, 100> buffer{};
        const auto n = network.run(stream->read_some(buffer, network.now())).value().value();
        return {reinterpret_cast<const char*>(buffer.data()), n};
    }

    sim::SimNetwork network;
    std::string heard;  // by the proxy
    std::unique_ptr<Stream> stream;
    TaskGroup group{network};

    Task<Result<void>> call(Socks5Request request) {
        stream = (co_await network.connect({"192.0.2.1", 1080}, TimePoint::max())).value();
        co_return co_await socks5_connect(*stream, request, network.now() + seconds{10});
    }
    Task<void> keep(std::optional<Result<void>>& result) { result = co_await call({.host = "example.org", .port = 443}); }
};

TEST_F(Socks5, leaves_the_tunnels_first_bytes_to_the_next_layer) {
    for (const std::size_t segment : {std::size_t{1}, std::size_t{2}, SIZE_MAX}) {
        heard.clear();
        proxy_says({{greeting_size, open_method}, {command_size, success + "220 hello"}}, false, segment);
        const auto result = connect();
        ASSERT_TRUE(result.has_value()) << result.error().cause;
        EXPECT_EQ(heard, "\x05\x01\x00"s + "\x05\x01\x00\x03\x0b"s + "example.org" + "\x01\xbb");
        EXPECT_EQ(read(), "220 hello"s.substr(0, segment));
    }
}

TEST_F(Socks5, logs_in_with_user_and_password) {
    proxy_says({{login_greeting_size, login_method}, {login_size, "\x01\x00"s}, {command_size, success}});
    EXPECT_TRUE(log_in().has_value());
    EXPECT_THAT(heard, HasSubstr("\x01\x04"s + "anna" + "\x06" + "s3cret"));
}

TEST_F(Socks5, sends_an_address_that_is_resolved_here_as_an_address) {
    proxy_says({{greeting_size, open_method}, {4 + 4 + 2, success}});
    EXPECT_TRUE(connect({.host = "198.51.100.7", .port = 80}).has_value());
    EXPECT_EQ(heard.substr(greeting_size), "\x05\x01\x00\x01\xc6\x33\x64\x07\x00\x50"s);
}

TEST_F(Socks5, a_wrong_password_is_refused_and_not_shown) {
    proxy_says({{login_greeting_size, login_method}, {login_size, "\x01\x01"s}}, true);
    expect_failed(log_in(), NetErrc::proxy_refused, "the proxy does not accept the user and password");
}

TEST_F(Socks5, a_proxy_that_wants_a_login_says_so) {
    proxy_says({{greeting_size, "\x05\xff"s}}, true);
    expect_failed(connect(), NetErrc::proxy_refused, "the proxy wants to know who we are");
}

TEST_F(Socks5, the_proxys_refusals_are_told_in_its_name) {
    struct Case {
        char code;
        NetErrc error;
        std::string cause;
    };
    const Case cases[] = {
        {1, NetErrc::proxy_failed, "the proxy says: general failure"},
        {2, NetErrc::proxy_refused, "the proxy says: connection not allowed by its rules"},
        {4, NetErrc::proxy_failed, "the proxy says: host unreachable"},
        {5, NetErrc::proxy_failed, "the proxy says: connection refused"},
        {9, NetErrc::proxy_failed, "the proxy says: unknown error 9"},
    };
    for (const Case& c : cases) {
        proxy_says({{greeting_size, open_method}, {command_size, "\x05"s + c.code + "\x00\x01\x00\x00\x00\x00\x00\x00"s}}, true);
        expect_failed(connect(), c.error, c.cause);
    }
}

TEST_F(Socks5, a_refusal_is_understood_before_the_rest_of_it_came) {
    proxy_says({{greeting_size, open_method}, {command_size, "\x05\x05"s}});
    expect_failed(connect(), NetErrc::proxy_failed, "the proxy says: connection refused");
}

TEST_F(Socks5, a_proxy_that_closes_midway_is_named) {
    const std::vector<std::vector<std::pair<std::size_t, std::string>>> scripts{
        {},
        {{greeting_size, "\x05"s}},
        {{greeting_size, open_method}},
        {{greeting_size, open_method}, {command_size, "\x05"s}},
        {{greeting_size, open_method}, {command_size, success.substr(0, 5)}},
        {{greeting_size, open_method}, {command_size, success.substr(0, success.size() - 1)}},
    };
    for (const auto& script : scripts) {
        proxy_says(script, true);
        const auto result = connect();
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().code, NetErrc::proxy_unreachable);
        EXPECT_THAT(result.error().cause, testing::AnyOf(HasSubstr("closed the connection"), HasSubstr("reset the connection")));
    }
}

TEST_F(Socks5, a_reset_is_not_taken_for_one_of_the_host) {
    proxy_is([](sim::Peer peer) -> Task<void> {
        (void)co_await peer.read_bytes(greeting_size);
        peer.reset();
    });
    expect_failed(connect(), NetErrc::proxy_unreachable, "the proxy reset the connection before it led to the host");
}

TEST_F(Socks5, a_silent_proxy_is_left_at_the_deadline) {
    const std::vector<std::vector<std::pair<std::size_t, std::string>>> scripts{
        {},
        {{greeting_size, open_method}},
        {{greeting_size, open_method}, {command_size, success.substr(0, 7)}},
    };
    for (const auto& script : scripts) {
        proxy_says(script);
        const TimePoint begun = network.now();
        expect_failed(connect(), Errc::timed_out, "the proxy did not answer in time");
        EXPECT_EQ(network.now() - begun, seconds{10});
    }
}

TEST_F(Socks5, the_deadline_is_for_the_whole_and_not_for_each_byte) {
    proxy_is([](sim::Peer peer) -> Task<void> {
        for (const char byte : open_method + success) {
            co_await peer.sleep(seconds{1});
            peer.send({&byte, 1});
        }
        co_await peer.client_gone();
    });
    const TimePoint begun = network.now();
    expect_failed(connect(), Errc::timed_out, "the proxy did not answer in time");
    EXPECT_EQ(network.now() - begun, seconds{10});
}

TEST_F(Socks5, bytes_that_are_not_socks5_end_it_at_once) {
    proxy_says({{greeting_size, "HTTP/1.1 400 Bad Request\r\n\r\n"}});
    expect_failed(connect(), NetErrc::proxy_failed, "the answer of the proxy is not SOCKS5");
}

TEST_F(Socks5, a_name_that_is_too_long_is_never_sent) {
    proxy_says({});
    const auto result = connect({.host = std::string(256, 'a'), .port = 443});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::invalid_argument);
    EXPECT_EQ(heard, "");
}

TEST_F(Socks5, is_cancelled_as_any_other_wait) {
    proxy_says({});
    std::optional<Result<void>> result;
    const auto task = group.spawn(keep(result));
    network.run_for(milliseconds{100});
    ASSERT_FALSE(result.has_value());
    group.cancel(task);
    network.settle();
    ASSERT_TRUE(result.has_value());
    expect_failed(*result, Errc::cancelled, "cancelled");
}

}  // namespace
}  // namespace lastack::net
