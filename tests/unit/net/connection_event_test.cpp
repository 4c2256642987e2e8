// An event in words, and who and what is named for each way in which a connection ends.
#include "lastack/connection_event.hpp"

#include "net/connection_end.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lastack::net {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

ConnectionEvent event_of(ConnectionEventKind kind) {
    return {.connection = 3, .kind = kind, .origin = "https://host:443", .address = "192.0.2.1:443", .requests = 1, .tls = true};
}

ConnectionEvent end_of(ClosedBy by, std::string why) {
    auto event = event_of(ConnectionEventKind::closed);
    event.by = by;
    event.why = std::move(why);
    event.after = microseconds{3'001'400};
    return event;
}

TEST(DescribeEvent, an_attempt_that_has_no_address_yet) {
    auto event = event_of(ConnectionEventKind::dialling);
    event.address.clear();
    EXPECT_EQ(describe(event), "connection 3 https://host:443: dialling");
}

TEST(DescribeEvent, opened_says_how_long_it_took_and_whether_with_tls) {
    auto event = event_of(ConnectionEventKind::opened);
    event.after = milliseconds{12};
    EXPECT_EQ(describe(event), "connection 3 https://host:443 (192.0.2.1:443): opened with TLS after 0.012 s");
    event.tls = false;
    EXPECT_EQ(describe(event), "connection 3 https://host:443 (192.0.2.1:443): opened after 0.012 s");
}

TEST(DescribeEvent, bound_says_from_the_second_request_on_that_it_is_reused) {
    auto event = event_of(ConnectionEventKind::bound);
    EXPECT_EQ(describe(event), "connection 3 https://host:443 (192.0.2.1:443): bound");
    event.requests = 2;
    EXPECT_EQ(describe(event), "connection 3 https://host:443 (192.0.2.1:443): bound, reused, request 2");
}

TEST(DescribeEvent, idle) {
    EXPECT_EQ(describe(event_of(ConnectionEventKind::idle)), "connection 3 https://host:443 (192.0.2.1:443): idle");
}

TEST(DescribeEvent, an_end_says_by_whom_why_and_after_how_long) {
    const std::string head = "connection 3 https://host:443 (192.0.2.1:443): closed by ";
    EXPECT_EQ(describe(end_of(ClosedBy::server, "FIN")), head + "the server (FIN) after 3.001 s");
    EXPECT_EQ(describe(end_of(ClosedBy::us, "idle limit")), head + "us (idle limit) after 3.001 s");
    EXPECT_EQ(describe(end_of(ClosedBy::network, "the network changed")), head + "the network (the network changed) after 3.001 s");
}

TEST(DescribeEvent, names_the_proxy_that_it_goes_through) {
    auto event = event_of(ConnectionEventKind::idle);
    event.proxy = "http://proxy:3128";
    EXPECT_EQ(describe(event), "connection 3 https://host:443 through http://proxy:3128 (192.0.2.1:443): idle");
}

struct EndRow {
    EventKind kind;
    ClosedBy by;
    const char* why;
};

class ConnectionEnd : public testing::TestWithParam<EndRow> {};

TEST_P(ConnectionEnd, is_told_in_words) {
    EXPECT_EQ(who_closed(GetParam().kind), GetParam().by);
    EXPECT_STREQ(why_closed(GetParam().kind), GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(Table, ConnectionEnd,
                         testing::Values(EndRow{EventKind::end, ClosedBy::server, "FIN"}, EndRow{EventKind::reset, ClosedBy::server, "RST"},
                                         EndRow{EventKind::head, ClosedBy::server, "408, it had been idle"},
                                         EndRow{EventKind::bytes, ClosedBy::us, "bytes that were not asked for"},
                                         EndRow{EventKind::malformed, ClosedBy::us, "the answer breaks the protocol"},
                                         EndRow{EventKind::informational, ClosedBy::us, "provisional answers without end"},
                                         EndRow{EventKind::complete, ClosedBy::us, "not kept after its answer"},
                                         EndRow{EventKind::deadline, ClosedBy::us, "its time is over"},
                                         EndRow{EventKind::abandoned, ClosedBy::us, "given up"},
                                         EndRow{EventKind::unneeded, ClosedBy::us, "no more need"},
                                         EndRow{EventKind::pressure, ClosedBy::us, "room for another host"},
                                         EndRow{EventKind::freeze, ClosedBy::us, "asked to close"},
                                         EndRow{EventKind::network_changed, ClosedBy::network, "the network changed"},
                                         EndRow{EventKind::resumed, ClosedBy::network, "the machine slept"},
                                         EndRow{EventKind::failed, ClosedBy::network, "it could not be opened"}));

}  // namespace
}  // namespace lastack::net
