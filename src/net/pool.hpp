// The pool of connections: owns every one, lends them to exchanges, watches the idle ones, performs what `plan_pool` decides. One pool
// serves a whole run. Reactor thread only.
#pragma once

#include "net/connection.hpp"
#include "net/event.hpp"
#include "net/pool_plan.hpp"
#include "net/task_group.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace lastack::net {

class Pool;

// What the exchange says of the connection when it gives it back.
struct Verdict {
    bool reusable = false;                            // the answer was complete and both sides keep the connection
    std::optional<std::chrono::seconds> server_hint;  // Keep-Alive: timeout=N
    bool abort = false;                               // bytes are still coming that nobody wants: RST
};

// A connection lent to one exchange. Given back by `release`; dropped without it, the connection is aborted.
class Lease {
public:
    Lease(Pool& pool, ConnectionId id, Connection& connection, bool reused, TimePoint idle_since)
        : pool_{&pool}, id_{id}, connection_{&connection}, reused_{reused}, idle_since_{idle_since} {}
    ~Lease();
    Lease(Lease&& other) noexcept
        : pool_{std::exchange(other.pool_, nullptr)},
          id_{other.id_},
          connection_{other.connection_},
          reused_{other.reused_},
          idle_since_{other.idle_since_} {}
    Lease& operator=(Lease&&) = delete;

    [[nodiscard]] Connection& connection() const noexcept { return *connection_; }
    [[nodiscard]] bool reused() const noexcept { return reused_; }               // it carried a request before
    [[nodiscard]] TimePoint idle_since() const noexcept { return idle_since_; }  // when that one ended
    void release(Verdict verdict);

private:
    Pool* pool_;
    ConnectionId id_;
    Connection* connection_;
    bool reused_;
    TimePoint idle_since_;
};

struct PoolOptions {
    PoolLimits limits;
    Duration idle_limit = std::chrono::seconds{4};   // below the 5 s that common servers use
    Duration fresh_limit = std::chrono::seconds{5};  // for a connection that never carried a request
    std::function<void(std::string_view)> trace;     // one line per event
};

struct PoolCounts {
    unsigned open = 0;
    unsigned idle = 0;
    std::uint64_t opened = 0;
};

class Pool {
public:
    Pool(Network& network, Connector& connector, PoolOptions options);
    ~Pool();  // nothing may be lent; `shut_down` was awaited
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    enum class Reuse : std::uint8_t { allowed, never };

    // Waits for a connection: an idle one that shows no sign of its end, or a new one within the limits. Errors: the dial's error,
    // Errc::timed_out, Errc::cancelled. `dial_limit` bounds resolving and connecting; waiting for a place in the limits has no bound of its
    // own.
    [[nodiscard]] Task<Result<Lease>> acquire(PoolKey key, Reuse reuse, Duration dial_limit);

    // Planned requests, so that a connection is kept while something queued will want it.
    void add_need(const PoolKey& key);
    void remove_need(const PoolKey& key);

    void expect_more(bool more);

    // Closes every idle connection now.
    void close_idle();
    // One idle connection of this key proved stale: its siblings idle since no later than `idle_since` are dropped.
    void drop_siblings(const PoolKey& key, TimePoint idle_since);

    // Closes everything and ends dials. Nothing may be lent or waiting.
    [[nodiscard]] Task<void> shut_down();

    [[nodiscard]] PoolCounts counts() const;

private:
    friend class Lease;

    struct Entry {
        PoolKey key;
        ConnectionPhase phase = ConnectionPhase::connecting;
        bool used = false;
        TimePoint idle_since{};
        TimePoint usable_until{};
        std::unique_ptr<Connection> connection;  // none while connecting
        TaskGroup::Id dial = 0;
    };
    struct Waiter {
        WaiterId id;
        PoolKey key;
        bool fresh;
        Duration dial_limit;
        Event ready;
        std::optional<Result<Lease>> outcome;
    };

    void plan_later();
    void plan_now();
    void perform(const PoolPlan& plan);
    void assign(WaiterId waiter, ConnectionId connection);
    void begin_dial(const PoolKey& key);
    Task<void> dial(ConnectionId id, PoolKey key, Duration limit);
    Task<void> look_again_task();
    void release(ConnectionId id, Verdict verdict);
    void park(ConnectionId id, Entry& entry, TimePoint usable_until);
    void on_idle_input(ConnectionId id, Input input);
    void close(ConnectionId id, Close how, std::string_view why);
    bool close_oldest_idle();
    [[nodiscard]] PoolState state() const;
    [[nodiscard]] TimePoint idle_deadline(const PoolKey& key, std::optional<std::chrono::seconds> hint) const;
    void trace(ConnectionId id, const Entry& entry, std::string_view event) const;
    Waiter* find_waiter(WaiterId id);

    Network& network_;
    Connector& connector_;
    PoolOptions options_;
    std::map<ConnectionId, Entry> entries_;
    std::list<Waiter*> waiters_;
    std::map<PoolKey, unsigned> needs_;
    std::map<PoolKey, Duration> learned_limits_;  // from servers that closed earlier than we expected
    bool expect_more_ = false;
    bool plan_scheduled_ = false;
    bool shutting_down_ = false;
    std::uint64_t last_id_ = 0;
    std::uint64_t opened_ = 0;
    TimePoint look_again_at_ = TimePoint::max();
    Event look_again_changed_;
    TaskGroup tasks_;
    std::shared_ptr<Pool*> self_ = std::make_shared<Pool*>(this);  // cleared when the pool goes; posted plans look at it
};

}  // namespace lastack::net
