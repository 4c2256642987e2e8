// What a client's connections do, as values: an event at each turn of a connection's life, and a snapshot of all of them.
//
// Strings are safe to show: no user name or password is in them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lastack {

enum class ConnectionEventKind : std::uint8_t {
    dialling,  // an attempt to open one began
    opened,    // TCP, tunnel and TLS stand
    bound,     // it carries a request from now on
    idle,      // it waits for the next one
    closed,    // it is gone; also for an attempt that failed
};

// Who ended a connection.
enum class ClosedBy : std::uint8_t {
    nobody,  // the event is no end
    us,
    server,   // FIN, close_notify or RST
    network,  // refused, unreachable, timed out, address gone, or the machine slept
};

struct ConnectionEvent {
    std::uint64_t connection = 0;  // counted from 1 over the life of the client
    ConnectionEventKind kind = ConnectionEventKind::opened;
    std::string origin;     // "https://host:port" that it leads to; for requests handed to an http proxy, the proxy
    std::string proxy;      // "http://host:port" that it goes through; empty: none
    std::string address;    // "ip:port" of the other end; empty before it is known
    unsigned requests = 0;  // carried so far, the bound one included
    bool tls = false;
    ClosedBy by = ClosedBy::nobody;
    std::string why;                    // of an end: "idle limit", "FIN", "no more need", ...; else empty
    std::chrono::nanoseconds after{0};  // since the event before: how long it was dialled, bound or idle
    std::chrono::nanoseconds time{0};   // CLOCK_BOOTTIME
};

// One line: "connection 3 https://host:443 (192.0.2.1:443): closed by the server (FIN) after 3.001 s".
[[nodiscard]] std::string describe(const ConnectionEvent& event);

// One connection at the moment of asking.
struct ConnectionInfo {
    std::uint64_t connection = 0;
    std::string state;  // connecting, handshake, fresh, sending, waiting, receiving, settling, idle
    std::string origin;
    std::string proxy;
    std::string address;
    unsigned requests = 0;
    bool tls = false;
    std::chrono::nanoseconds in_state{0};   // since it was dialled, bound or parked
    std::chrono::nanoseconds closes_in{0};  // of an idle one: until its limit; else 0
};

}  // namespace lastack
