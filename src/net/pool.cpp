#include "net/pool.hpp"

#include "net/connection_end.hpp"
#include "net/error.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace lastack::net {

namespace {

constexpr auto longest_idle = std::chrono::seconds{60};
constexpr auto least_margin = std::chrono::seconds{1};
constexpr auto default_dial_limit = std::chrono::seconds{30};

EventKind event_of(CloseReason reason) {
    switch (reason) {
        case CloseReason::idle_limit:
            return EventKind::deadline;
        case CloseReason::last_need:
            return EventKind::unneeded;
        case CloseReason::make_room:
        case CloseReason::lowered:
            return EventKind::pressure;
    }
    return EventKind::unneeded;
}

EventKind event_of(Input input) {
    switch (input) {
        case Input::quiet:
            return EventKind::quiet;
        case Input::bytes:
            return EventKind::bytes;
        case Input::end:
            return EventKind::end;
        case Input::failed:
            return EventKind::reset;
    }
    return EventKind::reset;
}

ConnectionPhase phase_of(const Lifecycle& life) {
    if (life.is_dialling()) {
        return ConnectionPhase::connecting;
    }
    return life.is_parked() ? ConnectionPhase::idle : ConnectionPhase::busy;
}

}  // namespace

void Lease::release(KeepHint hint) {
    if (Pool* pool = std::exchange(pool_, nullptr)) {
        pool->release(id_, hint);
    }
}

void Pool::Entry::connected(const std::string& peer) {
    address = peer;
    life.on(EventKind::connected);
}

Pool::Pool(Network& network, Connector& connector, PoolOptions options)
    : network_{network}, connector_{connector}, options_{std::move(options)}, look_again_changed_{network}, tasks_{network} {
    tasks_.spawn(look_again_task(), "the pool's idle limits");
}

Pool::~Pool() {
    *self_ = nullptr;
    assert(entries_.empty() && waiters_.empty());
}

Task<Result<Lease>> Pool::acquire(PoolKey key, Reuse reuse, Duration dial_limit) {
    Waiter waiter{.id = ++last_waiter_,
                  .key = shared(std::move(key)),
                  .fresh = reuse == Reuse::never,
                  .dial_limit = dial_limit,
                  .ready = Event{network_},
                  .outcome = std::nullopt};
    waiters_.push_back(&waiter);
    plan_later();
    const Wake wake = co_await waiter.ready.wait(TimePoint::max());
    if (!waiter.outcome) {
        waiters_.remove(&waiter);
        plan_later();
        co_return std::unexpected(Error{.code = wake == Wake::cancelled ? Errc::cancelled : Errc::timed_out,
                                        .phase = Phase::connecting,
                                        .cause = "cancelled while waiting for a connection"});
    }
    co_return std::move(*waiter.outcome);
}

PoolKey Pool::shared(PoolKey key) { return *keys_.insert(std::move(key)).first; }

void Pool::add_need(const PoolKey& key) { ++needs_[shared(key)]; }

void Pool::remove_need(const PoolKey& key) {
    const auto found = needs_.find(key);
    assert(found != needs_.end());
    if (--found->second == 0) {
        needs_.erase(found);
    }
    plan_later();
}

void Pool::limit(const PoolKey& key, unsigned most) {
    const auto found = lowered_.find(key);
    const unsigned before = found == lowered_.end() ? options_.limits.per_key : found->second;
    if (std::min(most, options_.limits.per_key) == before) {
        return;
    }
    if (most < options_.limits.per_key) {
        lowered_.insert_or_assign(shared(key), most);
    } else {
        lowered_.erase(found);
    }
    plan_later();
}

void Pool::expect_more(bool more) {
    expect_more_ = more;
    plan_later();
}

// A plan runs in a turn of its own: every event of this turn, a FIN among them, is handled before any connection is handed out.
void Pool::plan_later() {
    if (std::exchange(plan_scheduled_, true)) {
        return;
    }
    asio::post(network_.executor(), [self = self_] {
        if (*self != nullptr) {
            (*self)->plan_scheduled_ = false;
            (*self)->plan_now();
        }
    });
}

void Pool::plan_now() {
    const Running running{"the pool's plan"};
    if (!shutting_down_ && !frozen_) {
        perform(plan_pool(state(), options_.limits, network_.now()));
    }
}

void Pool::perform(const PoolPlan& plan) {
    for (const auto& [id, reason] : plan.close) {
        Entry& entry = entries_.at(id);
        if (entry.life.is_dialling()) {
            tasks_.cancel(entry.dial);
        } else {
            end(entry, event_of(reason), reason == CloseReason::lowered ? to_string(reason) : "");
        }
    }
    for (const auto& [waiter, connection] : plan.assign) {
        assign(waiter, connection);
    }
    for (const PoolKey& key : plan.connect) {
        begin_dial(key);
    }
    const TimePoint look_again = plan.look_again.value_or(TimePoint::max());
    if (look_again != look_again_at_) {
        look_again_at_ = look_again;
        look_again_changed_.set();
    }
}

void Pool::assign(WaiterId waiter_id, ConnectionId id) {
    Entry& entry = entries_.at(id);
    if (const Input input = entry.connection->probe(); input != Input::quiet) {
        on_idle_input(id, input);  // the waiter stays in the queue for the plan that this causes
        return;
    }
    entry.connection->unwatch();
    bind(*find_waiter(waiter_id), entry);
}

void Pool::bind(Waiter& waiter, Entry& entry) {
    entry.life.on(EventKind::checkout);
    tell(entry, ConnectionEventKind::bound);
    waiters_.remove(&waiter);
    waiter.outcome.emplace(Lease{*this, entry.id, *entry.connection, entry.life, entry.idle_since});
    waiter.ready.set();
}

void Pool::begin_dial(const PoolKey& key) {
    const auto waiting = std::ranges::find_if(waiters_, [&key](const Waiter* waiter) { return waiter->key == key; });
    const Duration limit = waiting == waiters_.end() ? Duration{default_dial_limit} : (*waiting)->dial_limit;
    if (entries_.empty() && options_.on_any_open) {
        options_.on_any_open(true);
    }
    const ConnectionId id = ++last_id_;
    Entry& entry = entries_.try_emplace(id, *this, id, key).first->second;
    entry.since = network_.now();
    tell(entry, ConnectionEventKind::dialling);
    entry.dial = tasks_.spawn(dial(entry, limit), "a dial");
}

Task<void> Pool::dial(Entry& entry, Duration limit) {
    const TimePoint deadline = network_.now() + limit;
    auto connection = co_await connector_.connect(entry.key, deadline, entry);
    while (!connection && connection.error().code == NetErrc::no_descriptors && close_oldest_idle()) {
        connection = co_await connector_.connect(entry.key, deadline, entry);
    }
    plan_later();
    if (!connection) {
        const bool cancelled = connection.error().code == Errc::cancelled;
        entry.life.on(cancelled ? entry.interrupted_by.value_or(EventKind::unneeded) : EventKind::failed);
        const EventKind by = entry.life.ended_by();
        const PoolKey key = entry.key;
        gone(entry, who_closed(by), cancelled ? why_closed(by) : connection.error().cause);
        if (!cancelled) {
            dial_failed(key, std::move(connection.error()));
        }
        co_return;
    }
    ++opened_;
    entry.connection = std::move(*connection);
    entry.address = entry.connection->peer();
    entry.interrupted_by.reset();  // it stood already when its dial was cancelled
    entry.life.on(EventKind::connected);
    entry.life.on(EventKind::secured);
    tell(entry, ConnectionEventKind::opened);
    const auto waiter = std::ranges::find_if(waiters_, [&entry](const Waiter* w) { return w->key == entry.key; });
    if (frozen_ || shutting_down_) {
        end(entry, EventKind::freeze);
    } else if (waiter != waiters_.end()) {
        // Bound in this turn whatever it shows: a server that ends new connections at once fails the request that asked for them, or they
        // would be dialled for ever.
        entry.idle_since = network_.now();
        bind(**waiter, entry);
    } else if (const Input input = entry.connection->probe(); input != Input::quiet) {
        end(entry, event_of(input));
    } else {
        park(entry, network_.now() + options_.fresh_limit);
    }
}

// The first in the queue learns of it; each further waiter gets a dial of its own.
void Pool::dial_failed(const PoolKey& key, Error error) {
    const auto waiter = std::ranges::find_if(waiters_, [&key](const Waiter* w) { return w->key == key; });
    if (waiter != waiters_.end()) {
        Waiter* told = *waiter;
        waiters_.erase(waiter);
        told->outcome.emplace(std::unexpected(std::move(error)));
        told->ready.set();
    }
}

Task<void> Pool::look_again_task() {
    while (!shutting_down_) {
        look_again_changed_.reset();
        if (co_await look_again_changed_.wait(look_again_at_) == Wake::cancelled) {
            break;
        }
        if (network_.now() >= look_again_at_) {
            look_again_at_ = TimePoint::max();
            plan_later();
        }
    }
}

void Pool::park(Entry& entry, TimePoint usable_until) {
    entry.idle_since = network_.now();
    entry.usable_until = usable_until;
    entry.connection->watch([this, id = entry.id](Input input) { on_idle_input(id, input); });
}

void Pool::on_idle_input(ConnectionId id, Input input) {
    const Running running{"input on an idle connection"};
    const auto found = entries_.find(id);
    if (found == entries_.end() || !found->second.life.is_parked()) {
        return;
    }
    Entry& entry = found->second;
    if (entry.life.state() == State::idle && input == Input::end) {
        learned_.closed_by_server(entry.key, network_.now() - entry.idle_since);
    }
    end(entry, event_of(input));
    if (!waiters_.empty()) {
        plan_later();  // for its place in the limits; nothing else depends on it
    }
}

void Pool::release(ConnectionId id, KeepHint hint) {
    Entry& entry = entries_.at(id);
    plan_later();
    if (entry.requests_left && *entry.requests_left > 0) {
        --*entry.requests_left;
    }
    if (hint.max) {
        entry.requests_left = std::min(*hint.max, entry.requests_left.value_or(*hint.max));
    }
    if (entry.life.state() != State::settling) {
        const bool over = !entry.life.is_open() || entry.life.state() == State::closing;
        end(entry, over ? entry.life.ended_by() : EventKind::abandoned);
        return;
    }
    if (entry.life.requests() > 1) {
        learned_.reused_well(entry.key);
    }
    // One look before parking: what came with the last byte of the answer is seen here.
    if (const Input input = entry.connection->probe(); input != Input::quiet) {
        end(entry, event_of(input));
        return;
    }
    const TimePoint until = idle_deadline(entry, hint.timeout);
    if (shutting_down_ || frozen_) {
        end(entry, EventKind::freeze);
    } else if (entry.requests_left == 0u) {
        end(entry, EventKind::unneeded, "it has carried all the requests that the server allows");
    } else if (until <= network_.now()) {
        end(entry, EventKind::unneeded, "the server keeps it too short to be of use");
    } else {
        // Whether anything will want it is the plan's to say, in the next turn: whoever gave it back may be about to ask again.
        entry.life.on(EventKind::quiet);
        park(entry, until);
        tell(entry, ConnectionEventKind::idle);
    }
}

TimePoint Pool::idle_deadline(const Entry& entry, std::optional<std::chrono::seconds> hint) const {
    Duration limit = options_.idle_limit;
    if (hint) {
        // A request sent later than this may cross the server's close on its way.
        limit = std::min<Duration>(*hint, longest_idle) - std::max<Duration>(least_margin, entry.connection->round_trip());
    }
    return network_.now() + std::min(limit, learned_.of(entry.key).value_or(Duration::max()));
}

PoolState Pool::state() const {
    PoolState state{.needs = needs_, .lowered = lowered_, .expect_more = expect_more_};
    state.connections.reserve(entries_.size());
    for (const auto& [id, entry] : entries_) {
        state.connections.push_back({.id = id,
                                     .key = entry.key,
                                     .phase = phase_of(entry.life),
                                     .used = entry.life.requests() > 0,
                                     .idle_since = entry.idle_since,
                                     .usable_until = entry.usable_until});
    }
    for (const Waiter* waiter : waiters_) {
        state.waiters.push_back({.id = waiter->id, .key = waiter->key, .fresh = waiter->fresh});
    }
    return state;
}

Pool::Waiter* Pool::find_waiter(WaiterId id) {
    const auto found = std::ranges::find_if(waiters_, [id](const Waiter* waiter) { return waiter->id == id; });
    assert(found != waiters_.end());
    return *found;
}

}  // namespace lastack::net
