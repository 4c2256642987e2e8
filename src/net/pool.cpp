#include "net/pool.hpp"

#include "net/error.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <utility>

namespace lastack::net {

namespace {

constexpr auto longest_idle = std::chrono::seconds{60};
constexpr auto hint_margin = std::chrono::seconds{1};
constexpr double learned_share = 0.8;

std::string seconds_text(Duration duration) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f s", std::chrono::duration<double>(duration).count());
    return text;
}

const char* input_text(Input input) {
    switch (input) {
        case Input::quiet:
            return "quiet";
        case Input::bytes:
            return "bytes that were not asked for";
        case Input::end:
            return "closed by the server";
        case Input::failed:
            return "reset by the server";
    }
    return "";
}

}  // namespace

Lease::~Lease() {
    if (pool_ != nullptr) {
        release({.reusable = false, .abort = true});
    }
}

void Lease::release(Verdict verdict) {
    if (Pool* pool = std::exchange(pool_, nullptr)) {
        pool->release(id_, verdict);
    }
}

Pool::Pool(Network& network, Connector& connector, PoolOptions options)
    : network_{network}, connector_{connector}, options_{std::move(options)}, look_again_changed_{network}, tasks_{network} {
    tasks_.spawn(look_again_task());
}

Pool::~Pool() {
    *self_ = nullptr;
    assert(entries_.empty() && waiters_.empty());
}

Task<Result<Lease>> Pool::acquire(PoolKey key, Reuse reuse, Duration dial_limit) {
    Waiter waiter{.id = ++last_id_,
                  .key = std::move(key),
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

void Pool::add_need(const PoolKey& key) { ++needs_[key]; }

void Pool::remove_need(const PoolKey& key) {
    const auto found = needs_.find(key);
    assert(found != needs_.end());
    if (--found->second == 0) {
        needs_.erase(found);
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
    if (shutting_down_) {
        return;
    }
    perform(plan_pool(state(), options_.limits, network_.now()));
}

void Pool::perform(const PoolPlan& plan) {
    for (const auto& [id, reason] : plan.close) {
        Entry& entry = entries_.at(id);
        if (entry.phase == ConnectionPhase::connecting) {
            tasks_.cancel(entry.dial);
        } else {
            close(id, Close::orderly, to_string(reason));
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
    Waiter* waiter = find_waiter(waiter_id);
    entry.connection->unwatch();
    entry.phase = ConnectionPhase::busy;
    trace(id, entry, entry.used ? "bound, reused" : "bound");
    waiters_.remove(waiter);
    waiter->outcome.emplace(Lease{*this, id, *entry.connection, std::exchange(entry.used, true), entry.idle_since});
    waiter->ready.set();
}

void Pool::begin_dial(const PoolKey& key) {
    const ConnectionId id = ++last_id_;
    Duration limit = std::chrono::seconds{30};
    for (const Waiter* waiter : waiters_) {
        if (waiter->key == key) {
            limit = waiter->dial_limit;
            break;
        }
    }
    Entry& entry = entries_[id];
    entry.key = key;
    entry.dial = tasks_.spawn(dial(id, key, limit));
}

Task<void> Pool::dial(ConnectionId id, PoolKey key, Duration limit) {
    const TimePoint deadline = network_.now() + limit;
    auto connection = co_await connector_.connect(key, deadline);
    while (!connection && connection.error().code == NetErrc::no_descriptors && close_oldest_idle()) {
        connection = co_await connector_.connect(key, deadline);
    }
    Entry& entry = entries_.at(id);
    if (connection && !shutting_down_) {
        ++opened_;
        entry.connection = std::move(*connection);
        trace(id, entry, "opened");
        park(id, entry, network_.now() + options_.fresh_limit);
        plan_later();
        co_return;
    }
    entries_.erase(id);
    plan_later();
    if (connection || connection.error().code == Errc::cancelled) {
        co_return;
    }
    // The first in the queue learns of it; each further waiter gets a dial of its own.
    const auto waiter = std::ranges::find_if(waiters_, [&key](const Waiter* w) { return w->key == key; });
    if (waiter != waiters_.end()) {
        Waiter* told = *waiter;
        waiters_.erase(waiter);
        told->outcome.emplace(std::unexpected(std::move(connection.error())));
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

void Pool::park(ConnectionId id, Entry& entry, TimePoint usable_until) {
    entry.phase = ConnectionPhase::idle;
    entry.idle_since = network_.now();
    entry.usable_until = usable_until;
    entry.connection->watch([this, id](Input input) { on_idle_input(id, input); });
}

void Pool::on_idle_input(ConnectionId id, Input input) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.phase != ConnectionPhase::idle) {
        return;
    }
    const Entry& entry = found->second;
    const Duration idle_for = network_.now() - entry.idle_since;
    if (entry.used && input == Input::end) {
        const auto learned = std::chrono::duration_cast<Duration>(idle_for * learned_share);
        auto [limit, is_new] = learned_limits_.try_emplace(entry.key, learned);
        limit->second = std::min(limit->second, learned);
    }
    close(id, Close::orderly, input_text(input));
    plan_later();
}

void Pool::release(ConnectionId id, Verdict verdict) {
    Entry& entry = entries_.at(id);
    plan_later();
    if (!verdict.reusable || shutting_down_) {
        close(id, verdict.abort ? Close::abort : Close::orderly, verdict.abort ? "given up" : "not reusable");
        return;
    }
    // One look before parking: what came with the last byte of the answer is seen here.
    if (const Input input = entry.connection->probe(); input != Input::quiet) {
        close(id, Close::orderly, input_text(input));
        return;
    }
    const TimePoint until = idle_deadline(entry.key, verdict.server_hint);
    if (until <= network_.now()) {
        close(id, Close::orderly, "the server keeps it too short to be of use");
        return;
    }
    park(id, entry, until);
    trace(id, entry, "idle");
}

TimePoint Pool::idle_deadline(const PoolKey& key, std::optional<std::chrono::seconds> hint) const {
    Duration limit = options_.idle_limit;
    if (hint) {
        limit = std::min<Duration>(*hint, longest_idle) - hint_margin;
    }
    if (const auto learned = learned_limits_.find(key); learned != learned_limits_.end()) {
        limit = std::min(limit, learned->second);
    }
    return network_.now() + limit;
}

void Pool::close(ConnectionId id, Close how, std::string_view why) {
    const auto found = entries_.find(id);
    Entry entry = std::move(found->second);
    entries_.erase(found);
    entry.connection->close(how);
    std::string event = "closed, ";
    event += why;
    if (entry.phase == ConnectionPhase::idle) {
        event += ", after " + seconds_text(network_.now() - entry.idle_since) + " idle";
    }
    trace(id, entry, event);
}

void Pool::close_idle() {
    std::vector<ConnectionId> idle;
    for (const auto& [id, entry] : entries_) {
        if (entry.phase == ConnectionPhase::idle) {
            idle.push_back(id);
        }
    }
    for (const ConnectionId id : idle) {
        close(id, Close::orderly, "asked to close");
    }
    plan_later();
}

bool Pool::close_oldest_idle() {
    const auto age = [](const auto& item) {
        return item.second.phase == ConnectionPhase::idle ? item.second.idle_since : TimePoint::max();
    };
    const auto oldest = std::ranges::min_element(entries_, {}, age);
    if (oldest == entries_.end() || oldest->second.phase != ConnectionPhase::idle) {
        return false;
    }
    close(oldest->first, Close::orderly, "its descriptor is wanted");
    return true;
}

void Pool::drop_siblings(const PoolKey& key, TimePoint idle_since) {
    std::vector<ConnectionId> stale;
    for (const auto& [id, entry] : entries_) {
        if (entry.phase == ConnectionPhase::idle && entry.used && entry.key == key && entry.idle_since <= idle_since) {
            stale.push_back(id);
        }
    }
    for (const ConnectionId id : stale) {
        close(id, Close::orderly, "a sibling proved stale");
    }
}

Task<void> Pool::shut_down() {
    shutting_down_ = true;
    look_again_changed_.set();
    close_idle();
    tasks_.cancel_all();
    co_await tasks_.join();
}

PoolCounts Pool::counts() const {
    PoolCounts counts{.opened = opened_};
    for (const auto& [id, entry] : entries_) {
        ++counts.open;
        counts.idle += entry.phase == ConnectionPhase::idle ? 1 : 0;
    }
    return counts;
}

PoolState Pool::state() const {
    PoolState state{.needs = needs_, .expect_more = expect_more_};
    for (const auto& [id, entry] : entries_) {
        state.connections.push_back({.id = id,
                                     .key = entry.key,
                                     .phase = entry.phase,
                                     .used = entry.used,
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

void Pool::trace(ConnectionId id, const Entry& entry, std::string_view event) const {
    if (options_.trace) {
        const std::string peer = entry.connection ? " (" + entry.connection->peer() + ")" : "";
        options_.trace("connection " + std::to_string(id) + " " + to_string(entry.key.origin) + peer + ": " + std::string{event});
    }
}

}  // namespace lastack::net
