#include "net/pool_plan.hpp"

#include <algorithm>

namespace lastack::net {

namespace {

struct Count {
    unsigned open = 0;  // of any phase
    unsigned connecting = 0;
    unsigned waiting = 0;  // waiters without a connection, as far as planned
};

class Planner {
public:
    Planner(const PoolState& state, const PoolLimits& limits, TimePoint now) : state_{state}, limits_{limits}, now_{now} {
        for (const ConnectionView& connection : state.connections) {
            Count& count = counts_[connection.key];
            ++count.open;
            ++total_;
            count.connecting += connection.phase == ConnectionPhase::connecting ? 1 : 0;
            if (connection.phase == ConnectionPhase::idle) {
                idle_.push_back(&connection);
            }
        }
        // Last used first: the others may reach their limit and go.
        std::ranges::sort(idle_, [](const auto* a, const auto* b) { return a->idle_since > b->idle_since; });
    }

    PoolPlan run() {
        close_expired();
        close_beyond_lowered();
        assign_idle();
        dial_for_the_rest();
        close_unneeded();
        for (const ConnectionView* connection : idle_) {
            if (!plan_.look_again || connection->usable_until < *plan_.look_again) {
                plan_.look_again = connection->usable_until;
            }
        }
        return std::move(plan_);
    }

private:
    void shut(const ConnectionView* connection, CloseReason reason) {
        plan_.close.push_back({connection->id, reason});
        Count& count = counts_[connection->key];
        --count.open;
        --total_;
        if (connection->phase == ConnectionPhase::connecting) {
            --count.connecting;
        }
        std::erase(idle_, connection);
    }

    void close_expired() {
        const auto idle = idle_;
        for (const ConnectionView* connection : idle) {
            if (now_ >= connection->usable_until) {
                shut(connection, CloseReason::idle_limit);
            }
        }
    }

    [[nodiscard]] unsigned most_to(const PoolKey& key) const {
        const auto lowered = state_.lowered.find(key);
        return lowered == state_.lowered.end() ? limits_.per_key : std::min(lowered->second, limits_.per_key);
    }

    // The server has too many of ours: those that lie idle go first.
    void close_beyond_lowered() {
        for (const auto& [key, most] : state_.lowered) {
            while (counts_[key].open > most) {
                const auto oldest = std::find_if(idle_.rbegin(), idle_.rend(), [&](const ConnectionView* c) { return c->key == key; });
                if (oldest == idle_.rend()) {
                    break;
                }
                shut(*oldest, CloseReason::lowered);
            }
        }
    }

    void assign_idle() {
        for (const WaiterView& waiter : state_.waiters) {
            const auto match =
                std::ranges::find_if(idle_, [&](const ConnectionView* c) { return c->key == waiter.key && !(waiter.fresh && c->used); });
            if (match != idle_.end()) {
                plan_.assign.push_back({waiter.id, (*match)->id});
                idle_.erase(match);
            } else {
                unserved_.push_back(&waiter);
                ++counts_[waiter.key].waiting;
            }
        }
    }

    // The idle connection that is missed least: one that nothing needs, else the one idle for longest.
    const ConnectionView* dispensable(const PoolKey& for_key) {
        const bool own_key_full = counts_[for_key].open >= most_to(for_key);
        const ConnectionView* best = nullptr;
        for (const ConnectionView* connection : idle_) {
            if (own_key_full && connection->key != for_key) {
                continue;
            }
            if (best == nullptr ||
                std::pair{needed(connection->key), connection->idle_since} < std::pair{needed(best->key), best->idle_since}) {
                best = connection;
            }
        }
        return best;
    }

    void dial_for_the_rest() {
        std::map<PoolKey, unsigned> supply;
        for (const auto& [key, count] : counts_) {
            supply[key] = count.connecting;
        }
        for (const WaiterView* waiter : unserved_) {
            if (unsigned& coming = supply[waiter->key]; coming > 0) {
                --coming;
                continue;
            }
            if (counts_[waiter->key].open >= most_to(waiter->key) || total_ >= limits_.total) {
                const ConnectionView* room = dispensable(waiter->key);
                if (room == nullptr) {
                    continue;
                }
                shut(room, CloseReason::make_room);
            }
            plan_.connect.push_back(waiter->key);
            ++counts_[waiter->key].open;
            ++total_;
        }
    }

    [[nodiscard]] bool needed(const PoolKey& key) {
        const auto need = state_.needs.find(key);
        return (need != state_.needs.end() && need->second > 0) || counts_[key].waiting > 0;
    }

    void close_unneeded() {
        if (!state_.expect_more) {
            const auto idle = idle_;
            for (const ConnectionView* connection : idle) {
                if (!needed(connection->key)) {
                    shut(connection, CloseReason::last_need);
                }
            }
        }
        for (const ConnectionView& connection : state_.connections) {
            if (connection.phase == ConnectionPhase::connecting && !needed(connection.key)) {
                shut(&connection, CloseReason::last_need);
            }
        }
    }

    const PoolState& state_;
    const PoolLimits& limits_;
    TimePoint now_;
    PoolPlan plan_;
    std::map<PoolKey, Count> counts_;
    unsigned total_ = 0;
    std::vector<const ConnectionView*> idle_;
    std::vector<const WaiterView*> unserved_;
};

}  // namespace

PoolPlan plan_pool(const PoolState& state, const PoolLimits& limits, TimePoint now) { return Planner{state, limits, now}.run(); }

const char* to_string(CloseReason reason) noexcept {
    switch (reason) {
        case CloseReason::idle_limit:
            return "idle limit";
        case CloseReason::last_need:
            return "no more need";
        case CloseReason::make_room:
            return "room for another host";
        case CloseReason::lowered:
            return "the server wants fewer connections";
    }
    return "";
}

}  // namespace lastack::net
