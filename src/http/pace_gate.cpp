#include "http/pace_gate.hpp"

#include <algorithm>
#include <chrono>

namespace lastack::http {

namespace {

constexpr auto short_wait = std::chrono::milliseconds{300};  // longer ones are for whoever knows of another mirror

}  // namespace

PaceGate::Pass::~Pass() {
    if (gate_ != nullptr) {
        host_->pace.ended(ticket_);
        wake_first(*host_);
    }
}

void PaceGate::Pass::accepted() {
    host_->pace.accepted(ticket_, gate_->network_.now());
    wake_first(*host_);
}

bool PaceGate::Pass::rejected(std::optional<Duration> retry_after, HostPace::Meaning meaning) {
    const TimePoint now = gate_->network_.now();
    host_->pace.rejected(ticket_, now, retry_after, meaning);
    wake_first(*host_);
    return host_->pace.quiet_until() <= now + short_wait;
}

bool PaceGate::Pass::turned_away() { return host_->pace.others_served(ticket_) && rejected({}); }

net::Task<Result<PaceGate::Pass>> PaceGate::enter(const Origin& origin) {
    Host& host = this->host(origin);
    const auto self = host.waiters.emplace(host.waiters.end(), network_);
    while (true) {
        // Only the first in line looks at the pace; whoever leaves tells the next.
        const bool first = self == host.waiters.begin();
        const TimePoint now = network_.now();
        const TimePoint at = first ? host.pace.next_start(now) : TimePoint::max();
        if (at <= now) {
            host.waiters.erase(self);
            Pass pass{*this, host, host.pace.start(now)};
            wake_first(host);
            co_return pass;
        }
        self->reset();
        if (co_await self->wait(at) == net::Wake::cancelled) {
            host.waiters.erase(self);
            wake_first(host);
            co_return std::unexpected(
                Error{.code = Errc::cancelled, .phase = Phase::connecting, .cause = "cancelled while waiting for its turn"});
        }
    }
}

PaceGate::Host& PaceGate::host(const Origin& origin) {
    const auto found = hosts_.find(origin);
    if (found != hosts_.end()) {
        return found->second;
    }
    return hosts_.try_emplace(origin, most_, taken_before_ ? taken_before_(origin) : 0).first->second;
}

void PaceGate::for_each(const std::function<void(const Origin&, unsigned taken)>& tell) const {
    for (const auto& [origin, host] : hosts_) {
        tell(origin, host.pace.taken());
    }
}

Duration PaceGate::quiet_for(const Origin& origin) const {
    const auto found = hosts_.find(origin);
    return found == hosts_.end() ? Duration{0} : std::max(Duration{0}, found->second.pace.quiet_until() - network_.now());
}

bool PaceGate::serves(const Origin& origin) const {
    const auto found = hosts_.find(origin);
    return found != hosts_.end() && found->second.pace.serves(network_.now());
}

void PaceGate::wake_first(Host& host) {
    if (!host.waiters.empty()) {
        host.waiters.front().set();
    }
}

}  // namespace lastack::http
