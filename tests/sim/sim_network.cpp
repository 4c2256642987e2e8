#include "sim/sim_network.hpp"

#include "net/error.hpp"
#include "sim/sim_wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace lastack::sim {

SimNetwork::SimNetwork() = default;

SimNetwork::~SimNetwork() {
    going_ = true;
    events_.clear();
}

void SimNetwork::listen(const std::string& host, std::uint16_t port, HostBehaviour behaviour) {
    if (!addresses_.contains(host)) {
        const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos || host.contains(':');
        addresses_[host] = {numeric ? host : "10.0.0." + std::to_string(addresses_.size() + 1)};
    }
    for (const std::string& ip : addresses_[host]) {
        const net::Address address{ip, port};
        names_[address] = host;
        hosts_[address] = behaviour;
    }
}

std::unique_ptr<net::Timer> SimNetwork::make_timer() { return std::make_unique<SimTimer>(*this); }

Task<Result<std::vector<net::Address>>> SimNetwork::resolve(std::string host, std::uint16_t port, TimePoint deadline) {
    ++lookups_;
    SimTimer timer{*this};
    const TimePoint answer_at = now_ + resolve_delay_;
    if (co_await timer.wait_until(std::min(answer_at, deadline)) == net::Wake::cancelled) {
        co_return std::unexpected(cancelled(Phase::resolving));
    }
    if (now_ < answer_at) {
        co_return std::unexpected(timed_out(Phase::resolving));
    }
    const auto found = addresses_.find(host);
    if (found == addresses_.end()) {
        co_return std::unexpected(Error{.code = net::NetErrc::name_not_found, .phase = Phase::resolving, .cause = "host not found"});
    }
    std::vector<net::Address> out;
    for (const std::string& ip : found->second) {
        out.push_back({ip, port});
    }
    co_return out;
}

Task<Result<std::unique_ptr<net::Stream>>> SimNetwork::connect(net::Address address, TimePoint deadline) {
    const auto fail = [&address](Error error) {
        error.phase = Phase::connecting;
        error.address = address.str();
        return std::unexpected(std::move(error));
    };
    if (!connect_failures_.empty()) {
        const std::error_code code = connect_failures_.front();
        connect_failures_.erase(connect_failures_.begin());
        co_return fail(Error{.code = code, .cause = code.message()});
    }
    const auto found = hosts_.find(address);
    const HostBehaviour behaviour = found == hosts_.end() ? HostBehaviour{.answer = Answer::refuses} : found->second;
    const TimePoint answer_at = behaviour.answer == Answer::is_silent ? TimePoint::max() : now_ + 2 * behaviour.latency;
    SimTimer timer{*this};
    const bool was_cancelled = co_await timer.wait_until(std::min(answer_at, deadline)) == net::Wake::cancelled;
    if (was_cancelled && !behaviour.too_late_to_cancel) {
        co_return fail(cancelled(Phase::connecting));
    }
    if (now_ < answer_at && !was_cancelled) {
        co_return fail(timed_out(Phase::connecting));
    }
    if (behaviour.answer == Answer::refuses) {
        co_return fail(Error{.code = net::NetErrc::connect_refused, .cause = "connection refused"});
    }
    const std::uint64_t number = records_.size() + 1;
    records_.push_back({.number = number, .host = names_[address], .opened = now_});
    const auto wire = std::make_shared<Wire>(*this, behaviour, number);  // owners: both ends and what is under way
    wires_.push_back(wire);
    if (behaviour.on_accept) {
        start(wire->behaviour.on_accept(Peer{*this, wire}));
    }
    co_return make_stream(*this, wire, address.str());
}

SimNetwork::EventId SimNetwork::at(TimePoint when, std::function<void()> what) {
    const EventId id{std::max(when, now_), ++last_event_};
    if (!going_) {
        events_.emplace(id, std::move(what));
    }
    return id;
}

void SimNetwork::settle() {
    while (true) {
        context_.restart();
        if (context_.poll() > 0) {
            continue;
        }
        const auto next = events_.begin();
        if (next == events_.end() || next->first.first > now_) {
            break;
        }
        const auto what = std::move(next->second);
        events_.erase(next);
        what();
    }
    check_invariants();
}

bool SimNetwork::step() {
    settle();
    if (events_.empty()) {
        return false;
    }
    now_ = std::max(now_, events_.begin()->first.first);
    return true;
}

bool SimNetwork::run_until(const std::function<bool()>& done) {
    settle();
    while (!done()) {
        if (!step()) {
            return false;
        }
        settle();
    }
    return true;
}

void SimNetwork::run_for(Duration duration) {
    const TimePoint end = now_ + duration;
    settle();
    while (!events_.empty() && events_.begin()->first.first <= end) {
        step();
        settle();
    }
    now_ = end;
    settle();
}

void SimNetwork::run(Task<void> task) {
    bool ended = false;
    asio::co_spawn(context_, std::move(task), [&ended](std::exception_ptr failure) {
        ended = true;
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    check_ended(run_until([&ended] { return ended; }));
}

void SimNetwork::start(Task<void> task) {
    asio::co_spawn(context_, std::move(task), [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
}

void SimNetwork::check_ended(bool ended) {
    if (!ended) {
        throw std::logic_error("a task waits for something that never happens");
    }
}

std::size_t SimNetwork::open_connections() const {
    return static_cast<std::size_t>(std::ranges::count_if(wires_, [](const std::weak_ptr<Wire>& weak) {
        const auto wire = weak.lock();
        return wire && wire->client_open;
    }));
}

std::size_t SimNetwork::open_connections(std::string_view host) const {
    return static_cast<std::size_t>(std::ranges::count_if(wires_, [&](const std::weak_ptr<Wire>& weak) {
        const auto wire = weak.lock();
        return wire && wire->client_open && records_[wire->number - 1].host == host;
    }));
}

std::size_t SimNetwork::watched_connections() const {
    return static_cast<std::size_t>(std::ranges::count_if(wires_, [](const std::weak_ptr<Wire>& weak) {
        const auto wire = weak.lock();
        return wire && wire->client_open && wire->on_input;
    }));
}

void SimNetwork::check_invariants() {
    std::erase_if(wires_, [](const std::weak_ptr<Wire>& wire) { return wire.expired(); });
    for (const auto& weak : wires_) {
        const auto wire = weak.lock();
        if (!wire || !wire->client_open || wire->writing || (lent_ && !wire->on_input)) {
            continue;
        }
        if (wire->look() != net::Input::quiet) {
            ADD_FAILURE() << "connection " << wire->number << " has something to read and nobody reads it";
        } else if (!wire->reading && !wire->on_input) {
            ADD_FAILURE() << "connection " << wire->number << " is open, and neither read nor watched";
        }
    }
}

}  // namespace lastack::sim
