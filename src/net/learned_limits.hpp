// How long each server really keeps an idle connection, as far as this run has seen. Pure.
#pragma once

#include "base/time.hpp"
#include "net/pool_key.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

namespace lastack::net {

class LearnedLimits {
public:
    // The server closed a connection after `idle_for`: the next one is closed from our side before that.
    void closed_by_server(const PoolKey& key, Duration idle_for) {
        // So soon is no timeout but a whim of the server: nothing to keep away from.
        if (idle_for >= shortest_timeout) {
            Limit& limit = limits_[key];
            limit.longest = std::min(limit.longest, std::chrono::duration_cast<Duration>(idle_for * share));
        }
    }

    // A request met a connection that had died unseen.
    void proved_stale(const PoolKey& key, Duration idle_for) {
        closed_by_server(key, idle_for);
        Limit& limit = limits_[key];
        if (++limit.stale_in_a_row >= (limit.ever_reused ? most_stale_in_a_row : most_stale_at_first)) {
            limit.longest = Duration{0};  // it says keep-alive and does not mean it
        }
    }

    void reused_well(const PoolKey& key) {
        Limit& limit = limits_[key];
        limit.stale_in_a_row = 0;
        limit.ever_reused = true;
    }

    [[nodiscard]] std::optional<Duration> of(const PoolKey& key) const {
        const auto found = limits_.find(key);
        return found == limits_.end() || found->second.longest == Duration::max() ? std::nullopt : std::optional{found->second.longest};
    }

private:
    static constexpr auto shortest_timeout = std::chrono::milliseconds{100};
    static constexpr double share = 0.8;
    static constexpr unsigned most_stale_at_first = 3;
    static constexpr unsigned most_stale_in_a_row = 8;  // of a server that has kept its word before

    struct Limit {
        Duration longest = Duration::max();
        unsigned stale_in_a_row = 0;
        bool ever_reused = false;
    };
    std::map<PoolKey, Limit> limits_;
};

}  // namespace lastack::net
