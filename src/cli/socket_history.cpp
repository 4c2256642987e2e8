#include "cli/socket_history.hpp"

#include <algorithm>
#include <tuple>

namespace lastack::cli {

namespace {

constexpr int share_of_processor = 5;  // one in
constexpr std::chrono::milliseconds longest_pause{200};

bool is_close_wait(const SeenSocket& socket) { return socket.tcp.state == net::TcpState::close_wait && socket.tcp.inode != 0; }

}  // namespace

std::vector<SocketEvent> SocketHistory::feed(const Look& look) {
    ++looks_;
    leave_gap_out(look);
    std::vector<SocketEvent> events;
    std::size_t open = 0;
    for (const SeenSocket& seen : look.sockets) {
        see(seen, look, events);
    }
    for (auto each = entries_.begin(); each != entries_.end();) {
        Entry& entry = each->second;
        const bool seen = entry.look == looks_;
        open += seen ? 1 : 0;
        if (!seen && entry.open) {
            entry.open = false;
            events.push_back({.kind = SocketEvent::Kind::gone, .socket = entry.socket});
        }
        each = !seen && look.begun - entry.socket.until > remembered ? entries_.erase(each) : std::next(each);
    }
    summary_.most_at_a_time = std::max(summary_.most_at_a_time, open);
    last_ended_ = look.ended;
    return events;
}

void SocketHistory::leave_gap_out(const Look& look) {
    if (!last_ended_ || look.begun - *last_ended_ <= longest_gap) {
        return;
    }
    const Duration gap = look.begun - *last_ended_;
    for (auto& [key, entry] : entries_) {
        entry.socket.since += gap;
        entry.socket.until += gap;
    }
}

void SocketHistory::see(const SeenSocket& seen, const Look& look, std::vector<SocketEvent>& events) {
    const auto [place, fresh] = entries_.try_emplace({.inode = seen.tcp.inode, .local = seen.tcp.local, .remote = seen.tcp.remote});
    Entry& entry = place->second;
    if (entry.look == looks_) {
        return;  // a dump that the kernel made in parts may tell a socket twice
    }
    entry.look = looks_;
    const FollowedSocket before = entry.socket;
    const bool changed = !fresh && before.seen.tcp.state != seen.tcp.state;
    entry.socket.seen = seen;
    if (fresh || changed) {
        entry.socket.since = look.ended;
    }
    entry.socket.until = std::max(look.begun, entry.socket.since);
    if (fresh || !entry.open) {
        summary_.sockets += fresh ? 1 : 0;
        entry.open = true;
        events.push_back({.kind = SocketEvent::Kind::seen, .socket = entry.socket});
    } else if (changed) {
        events.push_back({.kind = SocketEvent::Kind::changed,
                          .socket = entry.socket,
                          .before = before.seen.tcp.state,
                          .in_state_before = before.in_state()});
    }
    if (is_close_wait(seen)) {
        judge(entry);
    }
}

void SocketHistory::judge(Entry& entry) {
    if (!entry.counted_close_wait) {
        entry.counted_close_wait = true;
        ++summary_.in_close_wait;
    }
    const CloseWait wait{.socket = entry.socket.seen, .lasted = entry.socket.in_state()};
    if (!summary_.longest_close_wait || wait.lasted >= summary_.longest_close_wait->lasted) {
        summary_.longest_close_wait = wait;
    }
    if (!limit_ || wait.lasted <= *limit_) {
        return;
    }
    if (entry.overdue) {
        overdue_[*entry.overdue] = wait;
    } else if (!entry.passed_limit) {
        entry.passed_limit = true;
        ++overdue_count_;
        if (overdue_.size() < most_overdue_kept) {
            entry.overdue = overdue_.size();
            overdue_.push_back(wait);
        }
    }
}

std::vector<FollowedSocket> SocketHistory::sockets() const {
    std::vector<FollowedSocket> open;
    for (const auto& [key, entry] : entries_) {
        if (entry.open) {
            open.push_back(entry.socket);
        }
    }
    std::ranges::sort(open, {}, [](const FollowedSocket& socket) {
        return std::tuple(socket.seen.pid, socket.seen.tcp.local, socket.seen.tcp.remote, socket.seen.tcp.inode);
    });
    return open;
}

TimePoint next_look(const Look& last, Duration interval) {
    const Duration cost = std::max(Duration::zero(), last.ended - last.begun);
    return last.begun + std::max(interval, std::min<Duration>(share_of_processor * cost, cost + longest_pause));
}

}  // namespace lastack::cli
