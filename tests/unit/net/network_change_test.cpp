#include "net/network_change.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cstring>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace lastack::net {
namespace {

using Kind = NetworkChange::Kind;
using testing::ElementsAre;
using testing::IsEmpty;
using Bytes = std::vector<std::byte>;

template <typename T>
void append(Bytes& bytes, const T& value) {
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
    bytes.resize((bytes.size() + 3) / 4 * 4);
}

Bytes ip_bytes(const std::string& ip) {
    Bytes bytes(ip.find(':') == std::string::npos ? 4 : 16);
    EXPECT_EQ(::inet_pton(bytes.size() == 4 ? AF_INET : AF_INET6, ip.c_str(), bytes.data()), 1) << ip;
    return bytes;
}

unsigned char family_of(const std::string& ip) { return ip.find(':') == std::string::npos ? AF_INET : AF_INET6; }

// One message as the kernel would write it.
template <typename Body>
class Message {
public:
    Message(unsigned short type, const Body& body, unsigned short flags = 0) : type_{type}, flags_{flags} { append(payload_, body); }

    Message& with(unsigned short type, const Bytes& value) {
        append(payload_, rtattr{.rta_len = static_cast<unsigned short>(sizeof(rtattr) + value.size()), .rta_type = type});
        payload_.insert(payload_.end(), value.begin(), value.end());
        payload_.resize((payload_.size() + 3) / 4 * 4);
        return *this;
    }
    Message& with(unsigned short type, std::uint32_t value) {
        Bytes bytes;
        append(bytes, value);
        return with(type, bytes);
    }
    operator Bytes() const {  // NOLINT: reads as a message
        Bytes bytes;
        append(bytes, nlmsghdr{.nlmsg_len = static_cast<std::uint32_t>(sizeof(nlmsghdr) + payload_.size()),
                               .nlmsg_type = type_,
                               .nlmsg_flags = flags_});
        bytes.insert(bytes.end(), payload_.begin(), payload_.end());
        return bytes;
    }

private:
    unsigned short type_;
    unsigned short flags_;
    Bytes payload_;
};

struct AddressOptions {
    unsigned flags = 0;
    unsigned char scope = RT_SCOPE_UNIVERSE;
    unsigned char prefix = 24;
    unsigned short message_flags = 0;
};

Bytes address(unsigned short type, const std::string& ip, unsigned interface = 2, AddressOptions options = {}) {
    const ifaddrmsg body{.ifa_family = family_of(ip),
                         .ifa_prefixlen = options.prefix,
                         .ifa_flags = static_cast<unsigned char>(options.flags),
                         .ifa_scope = options.scope,
                         .ifa_index = interface};
    Message message{type, body, options.message_flags};
    message.with(IFA_ADDRESS, ip_bytes(ip));
    if (family_of(ip) == AF_INET) {
        message.with(IFA_LOCAL, ip_bytes(ip));
    }
    return message.with(IFA_FLAGS, options.flags);
}

struct RouteOptions {
    unsigned char destination_bits = 0;
    std::uint32_t table = RT_TABLE_MAIN;
    unsigned flags = 0;
    std::uint32_t metric = 100;
};

Bytes route(unsigned short type, const std::string& gateway, unsigned interface = 2, RouteOptions options = {}) {
    const rtmsg body{.rtm_family = family_of(gateway),
                     .rtm_dst_len = options.destination_bits,
                     .rtm_table = static_cast<unsigned char>(options.table > 255 ? RT_TABLE_COMPAT : options.table),
                     .rtm_flags = options.flags};
    return Message{type, body}
        .with(RTA_TABLE, options.table)
        .with(RTA_GATEWAY, ip_bytes(gateway))
        .with(RTA_OIF, interface)
        .with(RTA_PRIORITY, options.metric);
}

Bytes link(unsigned short type, int interface, unsigned flags, unsigned char family = AF_UNSPEC) {
    return Message{type, ifinfomsg{.ifi_family = family, .ifi_index = interface, .ifi_flags = flags}};
}

std::vector<Kind> kinds(const std::vector<NetworkChange>& changes) {
    std::vector<Kind> kinds;
    for (const auto& change : changes) {
        kinds.push_back(change.kind);
    }
    return kinds;
}

constexpr unsigned works = IFF_UP | IFF_RUNNING;

TEST(RouteMessages, an_address_that_goes_or_comes_is_told_with_its_interface) {
    const auto gone = parse_route_messages(address(RTM_DELADDR, "192.0.2.7", 3));
    ASSERT_THAT(kinds(gone), ElementsAre(Kind::address_gone));
    EXPECT_EQ(gone[0].ip, "192.0.2.7");
    EXPECT_EQ(gone[0].interface, 3u);

    const auto added = parse_route_messages(address(RTM_NEWADDR, "2001:db8::7", 4));
    ASSERT_THAT(kinds(added), ElementsAre(Kind::address_added));
    EXPECT_EQ(added[0].ip, "2001:db8::7");
    EXPECT_EQ(added[0].interface, 4u);
    EXPECT_TRUE(added[0].wide);
}

TEST(RouteMessages, on_a_point_to_point_link_the_address_is_the_local_one) {
    const Bytes bytes = Message{RTM_DELADDR, ifaddrmsg{.ifa_family = AF_INET, .ifa_index = 9}}
                            .with(IFA_ADDRESS, ip_bytes("198.51.100.1"))
                            .with(IFA_LOCAL, ip_bytes("192.0.2.9"));
    const auto changes = parse_route_messages(bytes);
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_EQ(changes[0].ip, "192.0.2.9");
}

TEST(RouteMessages, several_messages_of_one_datagram_are_all_read) {
    Bytes bytes = address(RTM_DELADDR, "192.0.2.7");
    for (const Bytes& more : {route(RTM_DELROUTE, "192.0.2.1"), link(RTM_NEWLINK, 2, IFF_UP)}) {
        bytes.insert(bytes.end(), more.begin(), more.end());
    }
    EXPECT_THAT(kinds(parse_route_messages(bytes)), ElementsAre(Kind::address_gone, Kind::default_route_changed, Kind::link_down));
}

TEST(RouteMessages, what_cannot_change_a_connection_is_no_change) {
    struct Case {
        const char* name;
        Bytes bytes;
    };
    const Case cases[] = {
        {"an address that is not usable yet", address(RTM_NEWADDR, "2001:db8::7", 2, {.flags = IFA_F_TENTATIVE})},
        {"an address that somebody else has", address(RTM_NEWADDR, "2001:db8::7", 2, {.flags = IFA_F_DADFAILED})},
        {"a route to one network", route(RTM_NEWROUTE, "192.0.2.1", 2, {.destination_bits = 24})},
        {"the host route of an address", route(RTM_NEWROUTE, "192.0.2.7", 2, {.destination_bits = 32, .table = RT_TABLE_LOCAL})},
        {"a default route of another table", route(RTM_NEWROUTE, "192.0.2.1", 2, {.table = 51820})},
        {"a cached route", route(RTM_NEWROUTE, "192.0.2.1", 2, {.flags = RTM_F_CLONED})},
        {"a link that leaves a bridge", link(RTM_DELLINK, 5, 0, AF_BRIDGE)},
        {"a neighbour", Message{RTM_NEWNEIGH, ifinfomsg{}}},
        {"an acknowledgement", Message{NLMSG_ERROR, nlmsgerr{}}},
        {"the end of an answer", Message{NLMSG_DONE, int{0}}},
    };
    for (const Case& each : cases) {
        EXPECT_THAT(parse_route_messages(each.bytes), IsEmpty()) << each.name;
    }
}

TEST(RouteMessages, a_link_is_down_when_it_is_switched_off_or_has_no_carrier_or_is_removed) {
    EXPECT_THAT(kinds(parse_route_messages(link(RTM_NEWLINK, 2, 0))), ElementsAre(Kind::link_down));
    EXPECT_THAT(kinds(parse_route_messages(link(RTM_NEWLINK, 2, IFF_UP))), ElementsAre(Kind::link_down));
    EXPECT_THAT(kinds(parse_route_messages(link(RTM_DELLINK, 2, works))), ElementsAre(Kind::link_down));
    EXPECT_THAT(kinds(parse_route_messages(link(RTM_NEWLINK, 2, works))), ElementsAre(Kind::link_up));
}

TEST(RouteMessages, cut_anywhere_they_are_read_as_far_as_they_are_whole) {
    Bytes bytes = address(RTM_DELADDR, "192.0.2.7");
    const std::size_t first = bytes.size();
    const Bytes second = route(RTM_DELROUTE, "192.0.2.1");
    bytes.insert(bytes.end(), second.begin(), second.end());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const Bytes cut(bytes.begin(),
                        bytes.begin() + static_cast<std::ptrdiff_t>(length));  // of its own, for the sanitizer to see past it
        EXPECT_EQ(parse_route_messages(cut).size(), length < first ? 0u : 1u) << length;
    }
}

TEST(RouteMessages, lengths_that_lie_are_survived) {
    const Bytes whole = address(RTM_DELADDR, "2001:db8::7");
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const int value : {0, 1, 2, 3, 4, 15, 16, 127, 255}) {
            Bytes bytes = whole;
            bytes[at] = static_cast<std::byte>(value);
            EXPECT_LE(parse_route_messages(bytes).size(), 1u);
        }
    }
}

// The memory, told as the kernel tells it.
struct Machine {
    NetworkMemory memory;
    std::vector<NetworkChange> hears(const Bytes& bytes) { return memory.news(parse_route_messages(bytes)); }
};

TEST(NetworkMemory, what_was_there_from_the_start_is_no_news) {
    Machine machine;
    EXPECT_THAT(machine.hears(address(RTM_NEWADDR, "192.0.2.7", 2, {.message_flags = NLM_F_MULTI})), IsEmpty());
    EXPECT_THAT(machine.hears(address(RTM_NEWADDR, "192.0.2.7", 2)), IsEmpty()) << "a lifetime was renewed";
}

TEST(NetworkMemory, an_address_is_news_once_it_is_usable_and_only_once) {
    Machine machine;
    EXPECT_THAT(machine.hears(address(RTM_NEWADDR, "2001:db8::7", 2, {.flags = IFA_F_TENTATIVE})), IsEmpty());
    EXPECT_THAT(kinds(machine.hears(address(RTM_NEWADDR, "2001:db8::7", 2))), ElementsAre(Kind::address_added));
    EXPECT_THAT(machine.hears(address(RTM_NEWADDR, "2001:db8::7", 2, {.flags = IFA_F_DEPRECATED})), IsEmpty());
    EXPECT_THAT(kinds(machine.hears(address(RTM_DELADDR, "2001:db8::7", 2))), ElementsAre(Kind::address_gone));
    EXPECT_THAT(kinds(machine.hears(address(RTM_NEWADDR, "2001:db8::7", 2))), ElementsAre(Kind::address_added));
}

TEST(NetworkMemory, a_link_local_address_of_some_container_is_no_news_until_it_goes) {
    Machine machine;
    EXPECT_THAT(machine.hears(address(RTM_NEWADDR, "fe80::1", 9, {.scope = RT_SCOPE_LINK})), IsEmpty());
    EXPECT_THAT(machine.hears(address(RTM_NEWADDR, "fe80::1", 10, {.scope = RT_SCOPE_LINK})), IsEmpty());
    EXPECT_THAT(kinds(machine.hears(address(RTM_DELADDR, "fe80::1", 9, {.scope = RT_SCOPE_LINK}))), ElementsAre(Kind::address_gone));
}

TEST(NetworkMemory, an_address_that_stays_with_another_prefix_is_not_gone) {
    Machine machine;
    (void)machine.hears(address(RTM_NEWADDR, "192.0.2.7", 2, {.prefix = 24}));
    (void)machine.hears(address(RTM_NEWADDR, "192.0.2.7", 2, {.prefix = 25}));
    EXPECT_THAT(machine.hears(address(RTM_DELADDR, "192.0.2.7", 2, {.prefix = 24})), IsEmpty());
    EXPECT_THAT(kinds(machine.hears(address(RTM_DELADDR, "192.0.2.7", 2, {.prefix = 25}))), ElementsAre(Kind::address_gone));
}

TEST(NetworkMemory, a_default_route_put_in_place_again_is_no_news_another_one_is) {
    Machine machine;
    EXPECT_EQ(machine.hears(route(RTM_NEWROUTE, "192.0.2.1")).size(), 1u);
    EXPECT_THAT(machine.hears(route(RTM_NEWROUTE, "192.0.2.1")), IsEmpty());
    EXPECT_EQ(machine.hears(route(RTM_NEWROUTE, "192.0.2.2")).size(), 1u);
    EXPECT_EQ(machine.hears(route(RTM_NEWROUTE, "192.0.2.1")).size(), 1u) << "back to the first";
    EXPECT_EQ(machine.hears(route(RTM_NEWROUTE, "192.0.2.1", 3)).size(), 1u) << "over another interface";
    EXPECT_EQ(machine.hears(route(RTM_DELROUTE, "192.0.2.1", 3)).size(), 1u);
    EXPECT_EQ(machine.hears(route(RTM_NEWROUTE, "192.0.2.1", 3)).size(), 1u);
}

TEST(NetworkMemory, a_route_that_went_with_its_link_in_silence_is_news_when_it_is_back) {
    Machine machine;
    (void)machine.hears(route(RTM_NEWROUTE, "192.0.2.1", 2));
    (void)machine.hears(link(RTM_NEWLINK, 2, 0));
    (void)machine.hears(link(RTM_NEWLINK, 2, works));
    EXPECT_EQ(machine.hears(route(RTM_NEWROUTE, "192.0.2.1", 2)).size(), 1u);
}

TEST(NetworkMemory, a_link_goes_down_once_and_takes_its_addresses_along) {
    Machine machine;
    (void)machine.hears(address(RTM_NEWADDR, "192.0.2.7", 2));
    (void)machine.hears(address(RTM_NEWADDR, "198.51.100.7", 3));
    const auto down = machine.hears(link(RTM_NEWLINK, 2, IFF_UP));
    ASSERT_THAT(kinds(down), ElementsAre(Kind::link_down));
    EXPECT_EQ(down[0].interface, 2u);
    EXPECT_THAT(down[0].addresses, ElementsAre("192.0.2.7"));
    EXPECT_TRUE(takes_away(down[0], "192.0.2.7"));
    EXPECT_FALSE(takes_away(down[0], "198.51.100.7"));
    EXPECT_THAT(machine.hears(link(RTM_NEWLINK, 2, 0)), IsEmpty());
    EXPECT_THAT(machine.hears(link(RTM_NEWLINK, 2, works)), IsEmpty());
    EXPECT_EQ(machine.hears(link(RTM_NEWLINK, 2, 0)).size(), 1u);
}

TEST(NetworkMemory, lost_messages_are_told_and_what_was_known_counts_no_more) {
    Machine machine;
    (void)machine.hears(address(RTM_NEWADDR, "192.0.2.7", 2));
    EXPECT_THAT(kinds(machine.memory.news({NetworkChange{.kind = Kind::unknown}})), ElementsAre(Kind::unknown));
    EXPECT_EQ(machine.hears(address(RTM_NEWADDR, "192.0.2.7", 2)).size(), 1u);
}

TEST(NetworkChange, a_scope_behind_the_address_of_a_socket_does_not_hide_it) {
    const NetworkChange gone{.kind = Kind::address_gone, .interface = 2, .ip = "fe80::1"};
    EXPECT_TRUE(takes_away(gone, "fe80::1%eth0"));
    EXPECT_TRUE(takes_away(gone, "fe80::1"));
    EXPECT_FALSE(takes_away(gone, "fe80::12"));
    EXPECT_FALSE(takes_away({.kind = Kind::address_added, .ip = "fe80::1"}, "fe80::1"));
}

}  // namespace
}  // namespace lastack::net
