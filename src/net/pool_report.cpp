// What the pool tells of its connections.
#include "net/pool.hpp"

#include <utility>

namespace lastack::net {

PoolCounts Pool::counts() const {
    PoolCounts counts{.opened = opened_};
    for (const auto& [id, entry] : entries_) {
        ++counts.open;
        counts.idle += entry.life.is_parked() ? 1 : 0;
        counts.dialling += entry.life.is_dialling() ? 1 : 0;
    }
    return counts;
}

std::vector<ConnectionInfo> Pool::snapshot() const {
    std::vector<ConnectionInfo> all;
    const TimePoint now = network_.now();
    for (const auto& [id, entry] : entries_) {
        all.push_back({.connection = id,
                       .state = to_string(entry.life.state()),
                       .origin = to_string(entry.key.origin),
                       .proxy = entry.key.way->proxy ? to_string(*entry.key.way->proxy) : "",
                       .address = entry.address,
                       .requests = entry.life.requests(),
                       .tls = entry.connection && entry.connection->is_secure(),
                       .in_state = now - entry.since,
                       .closes_in = entry.life.is_parked() ? entry.usable_until - now : Duration{0}});
    }
    return all;
}

void Pool::tell(Entry& entry, ConnectionEventKind kind, ClosedBy by, std::string why) {
    const TimePoint now = network_.now();
    const TimePoint before = std::exchange(entry.since, now);
    if (options_.on_event) {
        const Running running{"a listener to connection events"};
        options_.on_event({.connection = entry.id,
                           .kind = kind,
                           .origin = to_string(entry.key.origin),
                           .proxy = entry.key.way->proxy ? to_string(*entry.key.way->proxy) : "",
                           .address = entry.address,
                           .requests = entry.life.requests(),
                           .tls = entry.connection && entry.connection->is_secure(),
                           .by = by,
                           .why = std::move(why),
                           .after = now - before,
                           .time = now.time_since_epoch()});
    }
}

}  // namespace lastack::net
