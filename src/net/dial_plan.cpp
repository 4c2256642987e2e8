#include "net/dial_plan.hpp"

#include "net/error.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lastack::net {

namespace {

bool is_v6(const Address& address) { return address.ip.contains(':'); }

// A refusal is an answer of the host itself, an unreachable network an answer of some router, silence says nothing.
int telling(const Error& error) {
    if (error.code == NetErrc::connect_refused) {
        return 3;
    }
    if (error.code == Errc::timed_out) {
        return 1;
    }
    return error.code == Errc::cancelled ? 0 : 2;
}

}  // namespace

std::vector<Address> dial_order(const std::vector<Address>& addresses, IpFamily family) {
    std::vector<Address> first;
    std::vector<Address> second;
    for (const Address& address : addresses) {
        if (family != IpFamily::any && is_v6(address) != (family == IpFamily::v6)) {
            continue;
        }
        auto& turn = first.empty() || is_v6(first.front()) == is_v6(address) ? first : second;
        turn.push_back(address);
    }
    std::vector<Address> order;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) {
            order.push_back(std::move(first[i]));
        }
        if (i < second.size()) {
            order.push_back(std::move(second[i]));
        }
    }
    order.resize(std::min(order.size(), max_dial_attempts));
    return order;
}

TimePoint next_attempt(const DialProgress& progress, TimePoint deadline) {
    if (progress.last_failed) {
        return progress.last_begun;
    }
    const auto shares = static_cast<Duration::rep>(progress.waiting + 1);  // one more for the attempt under way
    const Duration share = deadline > progress.last_begun ? (deadline - progress.last_begun) / shares : Duration{0};
    return progress.last_begun + std::clamp(share, least_attempt_delay, attempt_delay);
}

Error no_address_error(const std::string& host, const std::vector<Address>& resolved, IpFamily family) {
    Error error{.code = NetErrc::unreachable, .phase = Phase::resolving};
    if (resolved.empty() || family == IpFamily::any) {
        error.cause = "host '" + host + "' has no address";
        return error;
    }
    const std::string wanted = family == IpFamily::v4 ? "IPv4" : "IPv6";
    error.cause = "host '" + host + "' has no " + wanted + " address, and ip_resolve allows no other";
    error.next_step = "remove ip_resolve or set it to " + std::string{family == IpFamily::v4 ? "6" : "4"};
    return error;
}

Error dial_error(std::vector<Error> failures, std::size_t untried) {
    const auto best = std::ranges::max_element(failures, {}, telling);
    Error error = *best;
    for (const Error& other : failures) {
        if (&other != &*best) {
            error.cause += "; " + other.address + ": " + other.cause;
        }
    }
    if (untried > 0) {
        error.cause += "; no time was left to try " + std::to_string(untried) + " more";
    }
    return error;
}

}  // namespace lastack::net
