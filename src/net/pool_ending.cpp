// How connections of the pool end: one by one as their machines say, and all that something from outside takes away.
#include "net/connection_end.hpp"
#include "net/pool.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace lastack::net {

namespace {

Close how_to_close(Ending ending) {
    switch (ending) {
        case Ending::none:
        case Ending::notify:
            return Close::orderly;
        case Ending::quiet:
            return Close::quiet;
        case Ending::abort:
            return Close::abort;
    }
    return Close::orderly;
}

bool is_loopback(const std::string& ip) { return ip.starts_with("127.") || ip == "::1"; }

}  // namespace

// Ends a connection that stands: what the machine says of this event, done at once.
void Pool::end(Entry& entry, EventKind kind, std::string why) {
    if (kind == EventKind::deadline && why.empty() && entry.life.is_parked()) {
        why = "idle limit";
    }
    if (entry.life.is_open() && entry.life.state() != State::closing) {
        entry.life.on(kind);
    }
    const Ending ending = entry.life.ending();
    entry.connection->close(how_to_close(ending));
    entry.life.on(EventKind::flushed);
    const EventKind by = entry.interrupted_by.value_or(entry.life.ended_by());
    gone(entry, who_closed(by), why.empty() ? why_closed(by) : std::move(why));
}

void Pool::gone(Entry& entry, ClosedBy by, std::string why) {
    tell(entry, ConnectionEventKind::closed, by, std::move(why));
    entries_.erase(entry.id);
    if (entries_.empty() && options_.on_any_open) {
        options_.on_any_open(false);
    }
}

template <typename Wanted>
void Pool::end_parked(EventKind kind, const std::string& why, Wanted wanted) {
    std::vector<ConnectionId> parked;
    for (const auto& [id, entry] : entries_) {
        if (entry.life.is_parked() && wanted(entry)) {
            parked.push_back(id);
        }
    }
    for (const ConnectionId id : parked) {
        end(entries_.at(id), kind, why);
    }
    plan_later();
}

template <typename Wanted>
void Pool::interrupt_busy(EventKind kind, Wanted wanted) {
    for (auto& [id, entry] : entries_) {
        if (entry.connection && !entry.life.is_parked() && wanted(entry)) {
            entry.interrupted_by = kind;
            entry.connection->interrupt();
        }
    }
}

void Pool::cancel_dials(EventKind kind) {
    for (auto& [id, entry] : entries_) {
        if (entry.life.is_dialling()) {
            entry.interrupted_by = kind;
            tasks_.cancel(entry.dial);
        }
    }
}

void Pool::close_idle() {
    end_parked(EventKind::freeze, {}, [](const Entry&) { return true; });
}

bool Pool::close_oldest_idle() {
    const auto age = [](const auto& item) { return item.second.life.is_parked() ? item.second.idle_since : TimePoint::max(); };
    const auto oldest = std::ranges::min_element(entries_, {}, age);
    if (oldest == entries_.end() || !oldest->second.life.is_parked()) {
        return false;
    }
    end(oldest->second, EventKind::pressure, "its descriptor is wanted");
    return true;
}

void Pool::proved_stale(const PoolKey& key, TimePoint idle_since, TimePoint bound_at) {
    learned_.proved_stale(key, bound_at - idle_since);
    end_parked(EventKind::unneeded, "a sibling proved stale",
               [&](const Entry& entry) { return entry.life.state() == State::idle && entry.idle_since <= idle_since && entry.key == key; });
}

void Pool::freeze() {
    frozen_ = true;
    close_idle();
    interrupt_busy(EventKind::freeze, [](const Entry&) { return true; });
    cancel_dials(EventKind::freeze);
}

void Pool::thaw() {
    frozen_ = false;
    plan_later();
}

void Pool::resumed() {
    end_parked(EventKind::resumed, {}, [](const Entry&) { return true; });
    interrupt_busy(EventKind::resumed, [](const Entry&) { return true; });
    cancel_dials(EventKind::resumed);
}

void Pool::network_changed(const std::string& lost_ip) {
    if (lost_ip.empty()) {
        // What never leaves this machine has no route to lose.
        end_parked(EventKind::network_changed, {}, [](const Entry& entry) { return !is_loopback(entry.connection->local_ip()); });
        return;
    }
    const auto leads_from_it = [&lost_ip](const Entry& entry) { return entry.connection->local_ip() == lost_ip; };
    end_parked(EventKind::network_changed, {}, leads_from_it);
    interrupt_busy(EventKind::network_changed, leads_from_it);
}

void Pool::link_down(const std::vector<std::string>& ips) {
    end_parked(EventKind::network_changed, {},
               [&ips](const Entry& entry) { return std::ranges::find(ips, entry.connection->local_ip()) != ips.end(); });
}

Task<void> Pool::shut_down() {
    shutting_down_ = true;
    look_again_changed_.set();
    close_idle();
    tasks_.cancel_all();
    co_await tasks_.join();
}

}  // namespace lastack::net
