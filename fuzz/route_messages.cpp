// A datagram of rtnetlink, and a memory that hears it twice: the second time nothing that was added may be news again.
#include "net/network_change.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using Kind = lastack::net::NetworkChange::Kind;
    const auto changes = lastack::net::parse_route_messages(std::as_bytes(std::span(data, size)));
    lastack::net::NetworkMemory memory;
    for (const auto& change : changes) {
        if ((change.kind == Kind::address_gone || change.kind == Kind::address_added) && change.ip.empty()) {
            std::abort();
        }
        (void)memory.news({change});
        if (change.kind == Kind::address_added && !memory.news({change}).empty()) {
            std::abort();
        }
        if (change.kind == Kind::link_down && !memory.news({change}).empty()) {
            std::abort();
        }
    }
    return 0;
}
