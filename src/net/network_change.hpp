// What the kernel says about addresses, links and default routes, and which of it is news. Pure: messages in, changes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace lastack::net {

struct NetworkChange {
    enum class Kind : unsigned char {
        address_gone,           // ip, interface
        address_added,          // ip, interface
        default_route_changed,  // interface and ip (the gateway) where there is one of each
        link_down,              // interface; addresses as far as they are known
        link_up,                // interface; never news, but ends what link_down began
        unknown,                // messages were lost: anything may have changed
    };

    Kind kind = Kind::unknown;
    unsigned interface = 0;              // index; 0: none or several
    std::string ip;                      // numeric, without a scope
    std::vector<std::string> addresses;  // of the link that went down

    // What tells news from repetition.
    unsigned char family = 0;
    unsigned char prefix = 0;
    bool wide = false;    // an address that reaches beyond its own link
    bool listed = false;  // part of the answer to a question, no event
    bool gone = false;    // a default route that was removed, not added
    std::uint32_t metric = 0;

    friend bool operator==(const NetworkChange&, const NetworkChange&) = default;
};

// One datagram of rtnetlink. Only what a change can be made of comes out: no route but default routes of the main table, no address that is
// not usable yet, no bridge port, no neighbour. Anything that does not fit its own lengths ends the reading, without an error.
[[nodiscard]] std::vector<NetworkChange> parse_route_messages(std::span<const std::byte> datagram);

// Whether `change` takes away the address of a socket whose own end is `local_ip` (a scope such as "%eth0" at its end does not count).
[[nodiscard]] bool takes_away(const NetworkChange& change, std::string_view local_ip);

// Remembers what was seen, so that what is only said again is not news: lifetimes of addresses, routes put in place once more, links that
// were down already, link-local addresses of a container's interface.
class NetworkMemory {
public:
    [[nodiscard]] std::vector<NetworkChange> news(std::vector<NetworkChange> changes);
    void forget();

private:
    using Address = std::tuple<std::string, unsigned, unsigned char>;  // ip, interface, prefix
    using RouteKey = std::pair<unsigned char, std::uint32_t>;          // family, metric
    using Route = std::pair<std::string, unsigned>;                    // gateway, interface

    [[nodiscard]] bool is_news(NetworkChange& change);
    [[nodiscard]] bool address_added(const NetworkChange& change);
    [[nodiscard]] bool address_gone(const NetworkChange& change);
    [[nodiscard]] bool route_changed(const NetworkChange& change);
    [[nodiscard]] bool link_down(NetworkChange& change);
    void forget_routes_of(unsigned interface);

    std::set<Address> addresses_;
    std::map<RouteKey, Route> routes_;
    std::set<unsigned> down_;
};

}  // namespace lastack::net
