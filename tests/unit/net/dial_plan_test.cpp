#include "net/dial_plan.hpp"

#include "net/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace lastack::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TimePoint now{std::chrono::hours{100}};

std::vector<Address> addresses(const std::vector<std::string>& ips) {
    std::vector<Address> out;
    for (const std::string& ip : ips) {
        out.push_back({ip, 80});
    }
    return out;
}

std::vector<std::string> order(const std::vector<std::string>& ips, IpFamily family = IpFamily::any) {
    std::vector<std::string> out;
    for (const Address& address : dial_order(addresses(ips), family)) {
        EXPECT_EQ(address.port, 80);
        out.push_back(address.ip);
    }
    return out;
}

Error failure(std::error_code code, const std::string& address, const std::string& cause) {
    return Error{.code = code, .phase = Phase::connecting, .address = address, .cause = cause};
}

TEST(DialPlan, families_take_turns_beginning_with_that_of_the_first_address) {
    struct Case {
        std::vector<std::string> resolved;
        std::vector<std::string> expected;
    };
    const Case cases[] = {
        {{}, {}},
        {{"192.0.2.1"}, {"192.0.2.1"}},
        {{"2001:db8::1", "192.0.2.1"}, {"2001:db8::1", "192.0.2.1"}},
        {{"192.0.2.1", "2001:db8::1"}, {"192.0.2.1", "2001:db8::1"}},
        {{"2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1"}, {"2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8::3"}},
        {{"192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"}, {"192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"}},
        {{"192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::2"}, {"192.0.2.2", "2001:db8::1", "192.0.2.1", "2001:db8::2"}},
        {{"fe80::1%lo", "192.0.2.1", "::ffff:192.0.2.2"}, {"fe80::1%lo", "192.0.2.1", "::ffff:192.0.2.2"}},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(order(c.resolved), c.expected);
    }
}

TEST(DialPlan, ip_resolve_leaves_only_its_family) {
    const std::vector<std::string> both{"2001:db8::1", "192.0.2.1", "2001:db8::2"};
    EXPECT_THAT(order(both, IpFamily::v4), ElementsAre("192.0.2.1"));
    EXPECT_THAT(order(both, IpFamily::v6), ElementsAre("2001:db8::1", "2001:db8::2"));
    EXPECT_THAT(order({"192.0.2.1"}, IpFamily::v6), IsEmpty());
}

TEST(DialPlan, of_too_many_addresses_both_families_keep_some) {
    std::vector<std::string> many;
    for (int i = 0; i < 40; ++i) {
        many.push_back("2001:db8::" + std::to_string(i));
    }
    many.emplace_back("192.0.2.1");
    const auto tried = order(many);
    ASSERT_EQ(tried.size(), max_dial_attempts);
    EXPECT_EQ(tried[1], "192.0.2.1");
    EXPECT_EQ(order(many, IpFamily::v4).size(), 1u);
}

TEST(DialPlan, the_next_attempt_waits_a_quarter_of_a_second_or_its_share_of_the_time_left) {
    struct Case {
        DialProgress progress;
        Duration left;
        Duration expected;
    };
    const Case cases[] = {
        {{.last_begun = now, .waiting = 1}, seconds{30}, milliseconds{250}},
        {{.last_begun = now, .waiting = 31}, seconds{30}, milliseconds{250}},
        {{.last_begun = now, .waiting = 31}, seconds{4}, milliseconds{125}},
        {{.last_begun = now, .waiting = 1}, milliseconds{500}, milliseconds{250}},
        {{.last_begun = now, .waiting = 1}, milliseconds{400}, milliseconds{200}},
        {{.last_begun = now, .waiting = 31}, milliseconds{100}, milliseconds{10}},
        {{.last_begun = now, .waiting = 1}, milliseconds{0}, milliseconds{10}},
        {{.last_begun = now, .waiting = 1}, -seconds{5}, milliseconds{10}},
        {{.last_begun = now, .waiting = 1}, TimePoint::max() - now, milliseconds{250}},
        {{.last_begun = now, .last_failed = true, .waiting = 1}, seconds{30}, milliseconds{0}},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(next_attempt(c.progress, now + c.left) - now, c.expected) << c.progress.waiting << " waiting, " << c.left.count();
    }
}

TEST(DialPlan, the_error_is_that_of_the_most_telling_attempt_and_names_the_others) {
    const Error refused = failure(NetErrc::connect_refused, "192.0.2.1:80", "connection refused");
    const Error unreachable = failure(NetErrc::unreachable, "[2001:db8::1]:80", "network unreachable");
    const Error silent = failure(Errc::timed_out, "192.0.2.2:80", "no answer");
    const Error error = dial_error({silent, unreachable, refused}, 0);
    EXPECT_EQ(error.code, NetErrc::connect_refused);
    EXPECT_EQ(error.address, "192.0.2.1:80");
    EXPECT_EQ(error.phase, Phase::connecting);
    EXPECT_EQ(error.cause, "connection refused; 192.0.2.2:80: no answer; [2001:db8::1]:80: network unreachable");
    EXPECT_EQ(dial_error({silent, unreachable}, 0).address, "[2001:db8::1]:80");
    EXPECT_EQ(dial_error({silent}, 0), silent);
    EXPECT_EQ(dial_error({silent}, 3).cause, "no answer; no time was left to try 3 more");
}

TEST(DialPlan, of_equal_failures_the_first_speaks) {
    const Error a = failure(NetErrc::connect_refused, "192.0.2.1:80", "connection refused");
    const Error b = failure(NetErrc::connect_refused, "192.0.2.2:80", "connection refused");
    EXPECT_EQ(dial_error({a, b}, 0).address, "192.0.2.1:80");
}

TEST(DialPlan, a_host_without_an_address_of_the_family_blames_ip_resolve) {
    const Error error = no_address_error("mirror", addresses({"192.0.2.1"}), IpFamily::v6);
    EXPECT_EQ(error.code, NetErrc::unreachable);
    EXPECT_EQ(error.cause, "host 'mirror' has no IPv6 address, and ip_resolve allows no other");
    EXPECT_THAT(error.next_step, HasSubstr("ip_resolve"));
    EXPECT_EQ(no_address_error("mirror", {}, IpFamily::v6).cause, "host 'mirror' has no address");
}

}  // namespace
}  // namespace lastack::net
