// Which requests get which connections, what to open, what to close. Pure: no I/O, no clock. Called after every change, so that no wake-up
// can be lost; a rescan of some hundred entries costs less than the bookkeeping that would save it.
#pragma once

#include "base/time.hpp"
#include "net/connection.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace lastack::net {

using ConnectionId = std::uint64_t;
using WaiterId = std::uint64_t;

enum class ConnectionPhase : std::uint8_t { connecting, busy, idle };

struct ConnectionView {
    ConnectionId id = 0;
    PoolKey key;
    ConnectionPhase phase = ConnectionPhase::idle;
    bool used = false;         // it carried a request before
    TimePoint idle_since{};    // for idle ones
    TimePoint usable_until{};  // for idle ones: it is closed from our side then
};

struct WaiterView {
    WaiterId id = 0;
    PoolKey key;
    bool fresh = false;  // must not get a connection that carried a request before
};

struct PoolState {
    std::vector<ConnectionView> connections;
    std::vector<WaiterView> waiters;      // in the order of arrival
    std::map<PoolKey, unsigned> needs;    // requests that are planned but not waiting yet
    std::map<PoolKey, unsigned> lowered;  // fewer connections than PoolLimits::per_key
    bool expect_more = false;             // a batch is known to follow
};

struct PoolLimits {
    unsigned per_key = 3;
    unsigned total = 3;
};

enum class CloseReason : std::uint8_t { idle_limit, last_need, make_room, lowered };

struct PoolPlan {
    struct Assign {
        WaiterId waiter = 0;
        ConnectionId connection = 0;
        friend bool operator==(const Assign&, const Assign&) = default;
    };
    struct Shut {
        ConnectionId connection = 0;
        CloseReason reason = CloseReason::idle_limit;
        friend bool operator==(const Shut&, const Shut&) = default;
    };
    std::vector<Shut> close;
    std::vector<Assign> assign;
    std::vector<PoolKey> connect;         // one dial per element
    std::optional<TimePoint> look_again;  // when the next idle limit ends
    friend bool operator==(const PoolPlan&, const PoolPlan&) = default;
};

[[nodiscard]] PoolPlan plan_pool(const PoolState& state, const PoolLimits& limits, TimePoint now);

[[nodiscard]] const char* to_string(CloseReason reason) noexcept;

}  // namespace lastack::net
