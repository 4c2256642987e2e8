#include "net/network_change.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <optional>
#include <sys/socket.h>

namespace lastack::net {

namespace {

using Bytes = std::span<const std::byte>;
using Kind = NetworkChange::Kind;

// The bytes are not aligned for anything.
template <typename T>
std::optional<T> read(Bytes bytes) {
    if (bytes.size() < sizeof(T)) {
        return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

constexpr std::size_t aligned(std::size_t length) { return (length + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO; }

Bytes after(Bytes bytes, std::size_t length) { return bytes.subspan(std::min(aligned(length), bytes.size())); }

template <typename Header>
Bytes attributes_after(Bytes body) {
    return after(body, sizeof(Header));
}

// The first attribute of that type; empty when there is none.
Bytes attribute(Bytes attributes, unsigned short type) {
    while (const auto head = read<rtattr>(attributes)) {
        if (head->rta_len < sizeof(rtattr) || head->rta_len > attributes.size()) {
            break;
        }
        if ((head->rta_type & NLA_TYPE_MASK) == type) {
            return attributes.subspan(sizeof(rtattr), head->rta_len - sizeof(rtattr));
        }
        attributes = after(attributes, head->rta_len);
    }
    return {};
}

std::string ip_text(int family, Bytes bytes) {
    const std::size_t length = family == AF_INET ? sizeof(in_addr) : family == AF_INET6 ? sizeof(in6_addr) : 0;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (length == 0 || bytes.size() != length || ::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) {
        return {};
    }
    return text.data();
}

std::optional<NetworkChange> address_change(const nlmsghdr& message, Bytes body) {
    const auto head = read<ifaddrmsg>(body);
    if (!head || (head->ifa_family != AF_INET && head->ifa_family != AF_INET6)) {
        return std::nullopt;
    }
    const Bytes attributes = attributes_after<ifaddrmsg>(body);
    const Bytes local = attribute(attributes, IFA_LOCAL);
    const std::string ip = ip_text(head->ifa_family, local.empty() ? attribute(attributes, IFA_ADDRESS) : local);
    if (ip.empty()) {
        return std::nullopt;
    }
    const bool gone = message.nlmsg_type == RTM_DELADDR;
    const auto flags = read<std::uint32_t>(attribute(attributes, IFA_FLAGS)).value_or(head->ifa_flags);
    const bool usable = (flags & IFA_F_DADFAILED) == 0 && ((flags & IFA_F_TENTATIVE) == 0 || (flags & IFA_F_OPTIMISTIC) != 0);
    if (!gone && !usable) {
        return std::nullopt;  // said again once it may be used
    }
    return NetworkChange{.kind = gone ? Kind::address_gone : Kind::address_added,
                         .interface = head->ifa_index,
                         .ip = ip,
                         .family = head->ifa_family,
                         .prefix = head->ifa_prefixlen,
                         .wide = head->ifa_scope < RT_SCOPE_LINK};
}

std::string gateway_of(int family, Bytes attributes) {
    if (const Bytes plain = attribute(attributes, RTA_GATEWAY); !plain.empty()) {
        return ip_text(family, plain);
    }
    const Bytes via = attribute(attributes, RTA_VIA);  // of the other family
    const auto via_family = read<unsigned short>(via);
    return via_family ? ip_text(*via_family, via.subspan(sizeof *via_family)) : std::string{};
}

std::optional<NetworkChange> route_change(const nlmsghdr& message, Bytes body) {
    const auto head = read<rtmsg>(body);
    if (!head || (head->rtm_family != AF_INET && head->rtm_family != AF_INET6) || head->rtm_dst_len != 0 ||
        (head->rtm_flags & RTM_F_CLONED) != 0) {
        return std::nullopt;
    }
    const Bytes attributes = attributes_after<rtmsg>(body);
    if (read<std::uint32_t>(attribute(attributes, RTA_TABLE)).value_or(head->rtm_table) != RT_TABLE_MAIN) {
        return std::nullopt;
    }
    return NetworkChange{.kind = Kind::default_route_changed,
                         .interface = read<std::uint32_t>(attribute(attributes, RTA_OIF)).value_or(0),
                         .ip = gateway_of(head->rtm_family, attributes),
                         .family = head->rtm_family,
                         .gone = message.nlmsg_type == RTM_DELROUTE,
                         .metric = read<std::uint32_t>(attribute(attributes, RTA_PRIORITY)).value_or(0)};
}

std::optional<NetworkChange> link_change(const nlmsghdr& message, Bytes body) {
    const auto head = read<ifinfomsg>(body);
    // Of other families it is about a port of a bridge and the like: removed from there, the link itself goes on.
    if (!head || head->ifi_family != AF_UNSPEC || head->ifi_index <= 0) {
        return std::nullopt;
    }
    constexpr unsigned works = IFF_UP | IFF_RUNNING;
    const bool up = message.nlmsg_type == RTM_NEWLINK && (head->ifi_flags & works) == works;
    return NetworkChange{.kind = up ? Kind::link_up : Kind::link_down, .interface = static_cast<unsigned>(head->ifi_index)};
}

std::optional<NetworkChange> change_in(const nlmsghdr& message, Bytes body) {
    switch (message.nlmsg_type) {
        case RTM_NEWADDR:
        case RTM_DELADDR:
            return address_change(message, body);
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
            return route_change(message, body);
        case RTM_NEWLINK:
        case RTM_DELLINK:
            return link_change(message, body);
        case NLMSG_OVERRUN:
            return NetworkChange{.kind = Kind::unknown};
        default:
            return std::nullopt;
    }
}

bool is_link_local(std::string_view ip) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, std::string{ip}.c_str(), &address) == 1 && IN6_IS_ADDR_LINKLOCAL(&address);
}

}  // namespace

std::vector<NetworkChange> parse_route_messages(std::span<const std::byte> datagram) {
    std::vector<NetworkChange> changes;
    while (const auto head = read<nlmsghdr>(datagram)) {
        if (head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > datagram.size()) {
            break;
        }
        if (auto change = change_in(*head, datagram.subspan(sizeof(nlmsghdr), head->nlmsg_len - sizeof(nlmsghdr)))) {
            change->listed = (head->nlmsg_flags & NLM_F_MULTI) != 0;
            changes.push_back(std::move(*change));
        }
        datagram = after(datagram, head->nlmsg_len);
    }
    return changes;
}

bool takes_away(const NetworkChange& change, std::string_view local_ip) {
    const std::string_view ip = local_ip.substr(0, local_ip.find('%'));
    switch (change.kind) {
        case Kind::address_gone:
            return change.ip == ip;
        case Kind::link_down:
            return std::ranges::find(change.addresses, ip) != change.addresses.end();
        default:
            return false;
    }
}

std::vector<NetworkChange> NetworkMemory::news(std::vector<NetworkChange> changes) {
    std::vector<NetworkChange> news;
    for (NetworkChange& change : changes) {
        if (is_news(change) && !change.listed) {
            news.push_back(std::move(change));
        }
    }
    return news;
}

void NetworkMemory::forget() {
    addresses_.clear();
    routes_.clear();
    down_.clear();
}

bool NetworkMemory::is_news(NetworkChange& change) {
    switch (change.kind) {
        case Kind::address_added:
            return address_added(change);
        case Kind::address_gone:
            return address_gone(change);
        case Kind::default_route_changed:
            return route_changed(change);
        case Kind::link_down:
            return link_down(change);
        case Kind::link_up:
            down_.erase(change.interface);
            return false;
        case Kind::unknown:
            forget();
            return true;
    }
    return false;
}

bool NetworkMemory::address_added(const NetworkChange& change) {
    return addresses_.emplace(change.ip, change.interface, change.prefix).second && change.wide;
}

bool NetworkMemory::address_gone(const NetworkChange& change) {
    addresses_.erase({change.ip, change.interface, change.prefix});
    forget_routes_of(change.interface);
    // It may stay with another prefix, or on another interface where the interface is no part of the address.
    const bool everywhere = !is_link_local(change.ip);
    return std::ranges::none_of(addresses_, [&](const Address& known) {
        const auto& [ip, interface, prefix] = known;
        return ip == change.ip && (everywhere || interface == change.interface);
    });
}

bool NetworkMemory::route_changed(const NetworkChange& change) {
    const RouteKey key{change.family, change.metric};
    if (change.gone || change.interface == 0) {
        routes_.erase(key);  // with several ways at once it has no identity worth remembering
        return true;
    }
    const Route route{change.ip, change.interface};
    const auto [place, is_new] = routes_.try_emplace(key, route);
    return is_new || std::exchange(place->second, route) != route;
}

bool NetworkMemory::link_down(NetworkChange& change) {
    if (!down_.insert(change.interface).second) {
        return false;
    }
    forget_routes_of(change.interface);
    for (const auto& [ip, interface, prefix] : addresses_) {
        if (interface == change.interface) {
            change.addresses.push_back(ip);
        }
    }
    return true;
}

// The kernel takes IPv4 routes away with their link or address and says nothing about it.
void NetworkMemory::forget_routes_of(unsigned interface) {
    std::erase_if(routes_, [interface](const auto& entry) { return entry.second.second == interface; });
}

}  // namespace lastack::net
