#include "net/dial.hpp"

#include "net/dial_plan.hpp"
#include "net/error.hpp"
#include "net/task_group.hpp"
#include "sim/sim_network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace lastack::net {
namespace {

using sim::Answer;
using sim::HostBehaviour;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string v6 = "2001:db8::1";
const std::string v6_second = "2001:db8::2";
const std::string v4 = "192.0.2.1";
const std::string v4_second = "192.0.2.2";

class Dial : public testing::Test {
protected:
    Dial() { network.lend_to_the_test(); }
    ~Dial() override {
        group.cancel_all();
        network.settle();
    }

    // The host's addresses in the order of the resolver.
    void host_has(const std::vector<std::string>& ips) { network.set_addresses("host", ips); }
    void answers_after(const std::string& ip, Duration time, bool too_late_to_cancel = false) {
        network.listen(ip, 80, HostBehaviour{.latency = time / 2, .too_late_to_cancel = too_late_to_cancel});
    }
    void is_silent(const std::string& ip) { network.listen(ip, 80, HostBehaviour{.answer = Answer::is_silent}); }
    void refuses(const std::string& ip) { network.listen(ip, 80, HostBehaviour{.answer = Answer::refuses}); }

    void begin(IpFamily family = IpFamily::any, Duration limit = seconds{30}) {
        begun = network.now();
        task = group.spawn(call(family, begun + limit));
    }
    void run(IpFamily family = IpFamily::any, Duration limit = seconds{30}) {
        begin(family, limit);
        ASSERT_TRUE(network.run_until([this] { return result.has_value(); }));
    }

    void expect_won(const std::string& peer, Duration after) {
        ASSERT_TRUE(result.has_value());
        ASSERT_TRUE(result->has_value()) << result->error().cause;
        EXPECT_EQ((**result)->peer(), peer);
        EXPECT_EQ(ended - begun, after);
        EXPECT_EQ(network.open_connections(), 1u);
    }
    void expect_failed(std::error_code code, Duration after) {
        ASSERT_TRUE(result.has_value());
        ASSERT_FALSE(result->has_value());
        EXPECT_EQ(result->error().code, code) << result->error().cause;
        EXPECT_EQ(ended - begun, after);
        EXPECT_EQ(network.open_connections(), 0u);
    }
    void expect_closed_as_it_opened(const std::string& ip) {
        const auto& records = network.records();
        const auto record = std::ranges::find(records, ip, &sim::WireRecord::host);
        ASSERT_NE(record, records.end());
        EXPECT_EQ(record->closed, record->opened);
        EXPECT_EQ(record->opened, ended);
        EXPECT_FALSE(record->aborted);
    }
    const Error& error() { return result->error(); }

    sim::SimNetwork network;
    TaskGroup group{network};
    TaskGroup::Id task = 0;
    TimePoint begun;
    TimePoint ended;
    std::optional<Result<std::unique_ptr<Stream>>> result;

private:
    Task<void> call(IpFamily family, TimePoint deadline) {
        result = co_await dial(network, "host", 80, family, deadline);
        ended = network.now();
        open_at_end = network.open_connections();
    }

protected:
    std::size_t open_at_end = 0;  // seen by the caller before anything else could run
};

TEST_F(Dial, the_first_address_that_answers_in_time_is_the_only_one_tried) {
    host_has({v6, v4});
    answers_after(v6, milliseconds{240});
    answers_after(v4, milliseconds{0});
    run();
    expect_won("[2001:db8::1]:80", milliseconds{240});
    EXPECT_EQ(network.records().size(), 1u);
}

TEST_F(Dial, a_silent_v6_costs_a_quarter_of_a_second) {
    host_has({v6, v4});
    is_silent(v6);
    answers_after(v4, milliseconds{20});
    run();
    expect_won("192.0.2.1:80", milliseconds{270});
}

TEST_F(Dial, a_slow_address_still_wins_when_it_is_first) {
    host_has({v6, v4});
    answers_after(v6, milliseconds{400});
    answers_after(v4, milliseconds{200});
    run();
    expect_won("[2001:db8::1]:80", milliseconds{400});
    EXPECT_EQ(network.records().size(), 1u);
}

TEST_F(Dial, a_late_attempt_overtakes_the_slow_ones) {
    host_has({v6, v4, v6_second});
    answers_after(v6, seconds{2});
    is_silent(v4);
    answers_after(v6_second, milliseconds{100});
    run();
    expect_won("[2001:db8::2]:80", milliseconds{600});
}

TEST_F(Dial, a_loser_that_completes_with_the_winner_is_closed_in_that_turn) {
    host_has({v6, v4});
    answers_after(v6, milliseconds{300}, true);
    answers_after(v4, milliseconds{20});
    run();
    expect_won("192.0.2.1:80", milliseconds{270});
    EXPECT_EQ(open_at_end, 1u);
    expect_closed_as_it_opened(v6);
}

TEST_F(Dial, all_losers_are_closed_however_many_complete) {
    host_has({v6, v4, v6_second, v4_second});
    for (const auto& ip : {v6, v4, v6_second}) {
        answers_after(ip, seconds{3}, true);
    }
    answers_after(v4_second, milliseconds{0});
    run();
    expect_won("192.0.2.2:80", milliseconds{750});
    EXPECT_EQ(network.records().size(), 4u);
    EXPECT_EQ(open_at_end, 1u);
    for (const auto& ip : {v6, v4, v6_second}) {
        expect_closed_as_it_opened(ip);
    }
}

TEST_F(Dial, after_a_refusal_the_next_address_is_tried_at_once) {
    host_has({v6, v4});
    refuses(v6);
    answers_after(v4, milliseconds{0});
    run();
    expect_won("192.0.2.1:80", milliseconds{0});
}

TEST_F(Dial, an_attempt_that_fails_while_another_is_silent_makes_room_for_the_next) {
    host_has({v6, v4, v6_second});
    is_silent(v6);
    refuses(v4);
    answers_after(v6_second, milliseconds{0});
    run();
    expect_won("[2001:db8::2]:80", milliseconds{250});
}

TEST_F(Dial, an_early_attempt_that_fails_late_changes_nothing_for_the_latest) {
    host_has({v6, v4, v6_second});
    network.listen(v6, 80, HostBehaviour{.answer = Answer::refuses, .latency = milliseconds{150}});
    is_silent(v4);
    answers_after(v6_second, milliseconds{0});
    run();
    expect_won("[2001:db8::2]:80", milliseconds{500});
}

TEST_F(Dial, when_all_fail_the_error_tells_of_every_attempt) {
    host_has({v6, v4, v6_second});
    is_silent(v6);
    refuses(v4);
    is_silent(v6_second);
    run(IpFamily::any, seconds{5});
    expect_failed(NetErrc::connect_refused, seconds{5});
    EXPECT_EQ(error().address, "192.0.2.1:80");
    EXPECT_EQ(error().phase, Phase::connecting);
    EXPECT_EQ(error().cause, "connection refused; [2001:db8::1]:80: timed out; [2001:db8::2]:80: timed out");
}

TEST_F(Dial, fails_at_once_when_every_address_refuses) {
    host_has({v6, v4});
    refuses(v6);
    refuses(v4);
    run();
    expect_failed(NetErrc::connect_refused, milliseconds{0});
}

TEST_F(Dial, ends_at_its_deadline) {
    host_has({v6, v4});
    is_silent(v6);
    is_silent(v4);
    run(IpFamily::any, milliseconds{800});
    expect_failed(Errc::timed_out, milliseconds{800});
}

TEST_F(Dial, silent_addresses_leave_time_for_the_last_one) {
    std::vector<std::string> ips;
    for (int i = 1; i <= 9; ++i) {
        ips.push_back("192.0.2." + std::to_string(i));
        is_silent(ips.back());
    }
    answers_after("192.0.2.9", milliseconds{50});
    host_has(ips);
    run(IpFamily::any, milliseconds{900});
    expect_won("192.0.2.9:80", milliseconds{850});
}

TEST_F(Dial, with_no_time_left_tries_one_address_and_says_so) {
    host_has({v6, v4});
    is_silent(v6);
    is_silent(v4);
    run(IpFamily::any, milliseconds{0});
    expect_failed(Errc::timed_out, milliseconds{0});
    EXPECT_THAT(error().cause, HasSubstr("no time was left to try 1 more"));
}

TEST_F(Dial, the_time_of_the_resolver_counts) {
    host_has({v4});
    is_silent(v4);
    network.set_resolve_delay(milliseconds{300});
    run(IpFamily::any, milliseconds{400});
    expect_failed(Errc::timed_out, milliseconds{400});
    EXPECT_EQ(error().phase, Phase::connecting);
}

TEST_F(Dial, an_unknown_host_is_the_resolvers_error) {
    run();
    expect_failed(NetErrc::name_not_found, milliseconds{0});
}

TEST_F(Dial, when_cancelled_ends_every_attempt_in_that_turn) {
    host_has({v6, v4, v6_second});
    is_silent(v6);
    answers_after(v4, seconds{2}, true);
    is_silent(v6_second);
    begin();
    network.run_for(milliseconds{600});
    ASSERT_FALSE(result.has_value());
    group.cancel(task);
    network.settle();
    expect_failed(Errc::cancelled, milliseconds{600});
    EXPECT_EQ(open_at_end, 0u);
    expect_closed_as_it_opened(v4);
    EXPECT_TRUE(group.empty());
}

TEST_F(Dial, when_cancelled_before_the_first_attempt_connects_nowhere) {
    host_has({v4});
    answers_after(v4, milliseconds{0});
    begin();
    group.cancel(task);
    network.settle();
    expect_failed(Errc::cancelled, milliseconds{0});
    EXPECT_TRUE(network.records().empty());
}

TEST_F(Dial, when_cancelled_with_the_winner_known_keeps_no_connection) {
    host_has({v4});
    network.listen(v4, 80, [this](sim::Peer) -> Task<void> {
        group.cancel(task);  // the server's side has it, the dial has not yet
        co_return;
    });
    run();
    expect_failed(Errc::cancelled, milliseconds{0});
    EXPECT_EQ(network.records().size(), 1u);
    expect_closed_as_it_opened(v4);
}

TEST_F(Dial, when_cancelled_during_the_lookup_says_so) {
    host_has({v4});
    network.set_resolve_delay(seconds{1});
    begin();
    network.run_for(milliseconds{100});
    group.cancel(task);
    network.settle();
    expect_failed(Errc::cancelled, milliseconds{100});
}

TEST_F(Dial, ip_resolve_keeps_the_other_family_untouched) {
    host_has({v6, v4});
    answers_after(v6, milliseconds{0});
    answers_after(v4, milliseconds{0});
    run(IpFamily::v4);
    expect_won("192.0.2.1:80", milliseconds{0});
    EXPECT_EQ(network.records().size(), 1u);
}

TEST_F(Dial, a_host_without_the_family_wanted_is_unreachable) {
    host_has({v4});
    answers_after(v4, milliseconds{0});
    run(IpFamily::v6);
    expect_failed(NetErrc::unreachable, milliseconds{0});
    EXPECT_THAT(error().cause, HasSubstr("ip_resolve"));
    EXPECT_TRUE(network.records().empty());
}

TEST_F(Dial, tries_at_most_so_many_addresses_of_one_host) {
    std::vector<std::string> ips;
    for (std::size_t i = 1; i <= max_dial_attempts; ++i) {
        ips.push_back("192.0.2." + std::to_string(i));
        refuses(ips.back());
    }
    ips.emplace_back("192.0.2.100");
    answers_after("192.0.2.100", milliseconds{0});
    host_has(ips);
    run();
    expect_failed(NetErrc::connect_refused, milliseconds{0});
    EXPECT_EQ(std::ranges::count(error().cause, ';'), std::ptrdiff_t{max_dial_attempts - 1});
}

TEST_F(Dial, without_descriptors_returns_at_once_so_that_room_is_made) {
    host_has({v6, v4, v6_second});
    is_silent(v6);
    answers_after(v4, milliseconds{0});
    answers_after(v6_second, milliseconds{0});
    begin();
    network.run_for(milliseconds{100});
    network.fail_connects({NetErrc::no_descriptors});
    ASSERT_TRUE(network.run_until([this] { return result.has_value(); }));
    expect_failed(NetErrc::no_descriptors, milliseconds{250});
    EXPECT_TRUE(network.records().empty());
}

TEST_F(Dial, two_dials_beside_each_other_do_not_know_of_one_another) {
    host_has({v6, v4});
    is_silent(v6);
    answers_after(v4, milliseconds{20});
    begin();
    const auto other = network.run(dial(network, "host", 80, IpFamily::any, network.now() + milliseconds{100}));
    ASSERT_TRUE(other.has_value());
    EXPECT_FALSE(result.has_value());
    EXPECT_TRUE(other->has_value());
    ASSERT_TRUE(network.run_until([this] { return result.has_value(); }));
    ASSERT_TRUE(result->has_value());
    EXPECT_EQ(ended - begun, milliseconds{270});
}

}  // namespace
}  // namespace lastack::net
