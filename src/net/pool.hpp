// The pool of connections: owns every one, lends them to exchanges, watches the idle ones, performs what `plan_pool` and each connection's
// Lifecycle decide. One pool serves a whole run. Reactor thread only.
#pragma once

#include "net/connection.hpp"
#include "net/event.hpp"
#include "net/learned_limits.hpp"
#include "net/lifecycle.hpp"
#include "net/pool_plan.hpp"
#include "net/task_group.hpp"

#include "lastack/connection_event.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lastack::net {

class Pool;

// What the server said of the connection's further life (Keep-Alive: timeout=N, max=M).
struct KeepHint {
    std::optional<std::chrono::seconds> timeout;
    std::optional<std::uint64_t> max;  // further requests
};

// A connection lent to one exchange, which tells its Lifecycle what happens. Given back by `release`; dropped before the answer's end, the
// connection is aborted.
class Lease {
public:
    Lease(Pool& pool, ConnectionId id, Connection& connection, Lifecycle& life, TimePoint idle_since)
        : pool_{&pool}, id_{id}, connection_{&connection}, life_{&life}, idle_since_{idle_since} {}
    ~Lease() { release({}); }
    Lease(Lease&& other) noexcept
        : pool_{std::exchange(other.pool_, nullptr)},
          id_{other.id_},
          connection_{other.connection_},
          life_{other.life_},
          idle_since_{other.idle_since_} {}
    Lease& operator=(Lease&&) = delete;

    [[nodiscard]] Connection& connection() const noexcept { return *connection_; }
    [[nodiscard]] Lifecycle& life() const noexcept { return *life_; }
    [[nodiscard]] bool reused() const noexcept { return life_->reused(); }       // it carried a request before
    [[nodiscard]] TimePoint idle_since() const noexcept { return idle_since_; }  // when that one ended
    void release(KeepHint hint);

private:
    Pool* pool_;
    ConnectionId id_;
    Connection* connection_;
    Lifecycle* life_;
    TimePoint idle_since_;
};

struct PoolOptions {
    PoolLimits limits;
    Duration idle_limit = std::chrono::seconds{4};   // below the 5 s that common servers use
    Duration fresh_limit = std::chrono::seconds{5};  // for a connection that never carried a request
    std::function<void(const ConnectionEvent&)> on_event;
    std::function<void(bool)> on_any_open;  // the first connection opens (true), the last one is gone (false)
};

struct PoolCounts {
    unsigned open = 0;
    unsigned idle = 0;
    unsigned dialling = 0;
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

    // At most so many connections to there, below the general limit: idle ones beyond it are closed. The general limit or more takes it
    // back.
    void limit(const PoolKey& key, unsigned most);

    void expect_more(bool more);

    // Closes every idle connection now.
    void close_idle();
    // A request met a connection that had died while it was idle from `idle_since` on: idle siblings of that age go with it, and the host's
    // limit is learned from it.
    void proved_stale(const PoolKey& key, TimePoint idle_since, TimePoint bound_at);

    // The process is about to stop: every socket is closed before this returns, running exchanges end with NetErrc::interrupted, and
    // nothing is opened before `thaw`.
    void freeze();
    void thaw();
    // The machine slept: nothing that was open is worth a try.
    void resumed();
    // A local address is gone: its connections end. Without one, routes changed: idle connections go, but those within this machine.
    void network_changed(const std::string& lost_ip);
    // The link that has these addresses is down, perhaps for a moment: idle connections go, running ones have their own limits.
    void link_down(const std::vector<std::string>& ips);

    // Closes everything and ends dials. Nothing may be lent or waiting.
    [[nodiscard]] Task<void> shut_down();

    [[nodiscard]] PoolCounts counts() const;
    [[nodiscard]] std::vector<ConnectionInfo> snapshot() const;

private:
    friend class Lease;

    struct Entry final : DialObserver {
        Entry(Pool& owner, ConnectionId number, PoolKey to) : pool{&owner}, id{number}, key{std::move(to)} {}
        void connected(const std::string& peer) override;

        Pool* pool;
        ConnectionId id;
        PoolKey key;
        Lifecycle life;
        std::string address;
        TimePoint since{};  // it is in this phase
        TimePoint idle_since{};
        TimePoint usable_until{};
        std::optional<std::uint64_t> requests_left;  // the server's max=M, counted down
        std::unique_ptr<Connection> connection;      // none while it is dialled
        TaskGroup::Id dial = 0;
        std::optional<EventKind> interrupted_by;  // what ended it from outside while it was dialled or at work
    };
    struct Waiter {
        WaiterId id;
        PoolKey key;
        bool fresh;
        Duration dial_limit;
        Event ready;
        std::optional<Result<Lease>> outcome;
    };

    [[nodiscard]] PoolKey shared(PoolKey key);
    void plan_later();
    void plan_now();
    void perform(const PoolPlan& plan);
    void assign(WaiterId waiter, ConnectionId connection);
    void bind(Waiter& waiter, Entry& entry);
    void begin_dial(const PoolKey& key);
    Task<void> dial(Entry& entry, Duration limit);
    void dial_failed(const PoolKey& key, Error error);
    Task<void> look_again_task();
    void release(ConnectionId id, KeepHint hint);
    void park(Entry& entry, TimePoint usable_until);
    void on_idle_input(ConnectionId id, Input input);
    void end(Entry& entry, EventKind kind, std::string why = {});
    void gone(Entry& entry, ClosedBy by, std::string why);
    template <typename Wanted>
    void end_parked(EventKind kind, const std::string& why, Wanted wanted);
    template <typename Wanted>
    void interrupt_busy(EventKind kind, Wanted wanted);
    void cancel_dials(EventKind kind);
    [[nodiscard]] bool close_oldest_idle();
    [[nodiscard]] PoolState state() const;
    [[nodiscard]] TimePoint idle_deadline(const Entry& entry, std::optional<std::chrono::seconds> hint) const;
    void tell(Entry& entry, ConnectionEventKind kind, ClosedBy by = ClosedBy::nobody, std::string why = {});
    Waiter* find_waiter(WaiterId id);

    Network& network_;
    Connector& connector_;
    PoolOptions options_;
    std::map<ConnectionId, Entry> entries_;
    std::list<Waiter*> waiters_;
    std::map<PoolKey, unsigned> needs_;
    std::map<PoolKey, unsigned> lowered_;  // limits below the general one
    std::set<PoolKey> keys_;               // all that were ever asked for: equal ones share their way and compare in no time
    LearnedLimits learned_;
    bool expect_more_ = false;
    bool plan_scheduled_ = false;
    bool frozen_ = false;
    bool shutting_down_ = false;
    std::uint64_t last_id_ = 0;
    std::uint64_t last_waiter_ = 0;
    std::uint64_t opened_ = 0;
    TimePoint look_again_at_ = TimePoint::max();
    Event look_again_changed_;
    TaskGroup tasks_;
    std::shared_ptr<Pool*> self_ = std::make_shared<Pool*>(this);  // cleared when the pool goes; posted plans look at it
};

}  // namespace lastack::net
