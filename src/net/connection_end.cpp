#include "net/connection_end.hpp"

#include <cstdio>

namespace lastack::net {

ClosedBy who_closed(EventKind ended_by) noexcept {
    switch (ended_by) {
        case EventKind::end:
        case EventKind::reset:
        case EventKind::head:
            return ClosedBy::server;
        case EventKind::failed:
        case EventKind::network_changed:
        case EventKind::resumed:
            return ClosedBy::network;
        default:
            return ClosedBy::us;
    }
}

const char* why_closed(EventKind ended_by) noexcept {
    switch (ended_by) {
        case EventKind::end:
            return "FIN";
        case EventKind::reset:
            return "RST";
        case EventKind::head:
            return "408, it had been idle";
        case EventKind::bytes:
            return "bytes that were not asked for";
        case EventKind::malformed:
            return "the answer breaks the protocol";
        case EventKind::informational:
            return "provisional answers without end";
        case EventKind::complete:
            return "not kept after its answer";
        case EventKind::deadline:
            return "its time is over";
        case EventKind::abandoned:
            return "given up";
        case EventKind::unneeded:
            return "no more need";
        case EventKind::pressure:
            return "room for another host";
        case EventKind::freeze:
            return "asked to close";
        case EventKind::network_changed:
            return "the network changed";
        case EventKind::resumed:
            return "the machine slept";
        case EventKind::failed:
            return "it could not be opened";
        default:
            return "over";
    }
}

}  // namespace lastack::net

namespace lastack {

namespace {

std::string seconds_text(std::chrono::nanoseconds duration) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f s", std::chrono::duration<double>(duration).count());
    return text;
}

}  // namespace

std::string describe(const ConnectionEvent& event) {
    std::string text = "connection " + std::to_string(event.connection) + " " + event.origin;
    if (!event.proxy.empty()) {
        text += " through " + event.proxy;
    }
    if (!event.address.empty()) {
        text += " (" + event.address + ")";
    }
    text += ": ";
    switch (event.kind) {
        case ConnectionEventKind::dialling:
            return text + "dialling";
        case ConnectionEventKind::opened:
            return text + "opened" + (event.tls ? " with TLS" : "") + " after " + seconds_text(event.after);
        case ConnectionEventKind::bound:
            return text + (event.requests > 1 ? "bound, reused, request " + std::to_string(event.requests) : "bound");
        case ConnectionEventKind::idle:
            return text + "idle";
        case ConnectionEventKind::closed:
            return text + "closed by " +
                   (event.by == ClosedBy::server    ? "the server"
                    : event.by == ClosedBy::network ? "the network"
                                                    : "us") +
                   " (" + event.why + ") after " + seconds_text(event.after);
    }
    return text;
}

}  // namespace lastack
