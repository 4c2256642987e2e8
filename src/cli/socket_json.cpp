#include "cli/json_text.hpp"
#include "cli/socket_text.hpp"

#include <fmt/format.h>

namespace lastack::cli {

namespace {

using net::TcpState;

long long milliseconds(Duration duration) { return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count(); }

std::string_view half(TcpState state) {
    return state == TcpState::close_wait ? R"("peer")" : state == TcpState::fin_wait_2 ? R"("self")" : "null";
}

std::string fields_of(const SeenSocket& socket, Duration in_state) {
    const net::TcpSocket& tcp = socket.tcp;
    const bool owned = socket.pid >= 0;
    return fmt::format(
        R"("local":{},"remote":{},"state":{},"half_closed":{},"in_state_ms":{},"quiet_ms":{},"receive_queue":{},"send_queue":{},)"
        R"("pid":{},"program":{},"uid":{},"inode":{})",
        json_string(to_string(tcp.local)), json_string(to_string(tcp.remote)), json_string(to_string(tcp.state)), half(tcp.state),
        milliseconds(in_state), tcp.quiet ? std::to_string(milliseconds(*tcp.quiet)) : "null", tcp.receive_queue, tcp.send_queue,
        owned ? std::to_string(socket.pid) : "null", owned ? json_string(socket.program) : "null", tcp.uid, tcp.inode);
}

}  // namespace

std::string socket_json(const FollowedSocket& socket) {
    return fmt::format(R"({{"event":"socket",{}}})", fields_of(socket.seen, socket.in_state()));
}

std::string event_json(const SocketEvent& event, Duration at) {
    const std::string fields = fields_of(event.socket.seen, event.socket.in_state());
    switch (event.kind) {
        case SocketEvent::Kind::seen:
            return fmt::format(R"({{"event":"seen","at_ms":{},{}}})", milliseconds(at), fields);
        case SocketEvent::Kind::gone:
            return fmt::format(R"({{"event":"gone","at_ms":{},{}}})", milliseconds(at), fields);
        case SocketEvent::Kind::changed:
            break;
    }
    return fmt::format(R"({{"event":"changed","at_ms":{},{},"state_before":{},"in_state_before_ms":{}}})", milliseconds(at), fields,
                       json_string(to_string(event.before)), milliseconds(event.in_state_before));
}

std::string overdue_json(const CloseWait& wait, std::chrono::milliseconds limit) {
    return fmt::format(R"({{"event":"overdue","limit_ms":{},{}}})", limit.count(), fields_of(wait.socket, wait.lasted));
}

std::string summary_json(const SocketHistory& history, std::optional<std::chrono::milliseconds> limit, int status) {
    const SocketSummary& summary = history.summary();
    return fmt::format(
        R"({{"event":"summary","sockets":{},"most_at_a_time":{},"in_close_wait":{},"longest_close_wait_ms":{},"limit_ms":{},)"
        R"("overdue":{},"status":{}}})",
        summary.sockets, summary.most_at_a_time, summary.in_close_wait,
        summary.longest_close_wait ? std::to_string(milliseconds(summary.longest_close_wait->lasted)) : "null",
        limit ? std::to_string(limit->count()) : "null", history.overdue_count(), status);
}

}  // namespace lastack::cli
