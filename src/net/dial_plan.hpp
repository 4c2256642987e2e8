// Which addresses of a host are tried, in which order and when, and what is said when none answers: RFC 8305 without I/O or clock.
#pragma once

#include "base/time.hpp"
#include "net/network.hpp"

#include "lastack/connection_options.hpp"
#include "lastack/error.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace lastack::net {

inline constexpr std::size_t max_dial_attempts = 32;  // of one host; a hostile zone may list hundreds
inline constexpr Duration attempt_delay = std::chrono::milliseconds{250};
inline constexpr Duration least_attempt_delay = std::chrono::milliseconds{10};

// The addresses of the family wanted, families taking turns, the family of the first address first; each family keeps its order.
[[nodiscard]] std::vector<Address> dial_order(const std::vector<Address>& addresses, IpFamily family);

struct DialProgress {
    TimePoint last_begun;      // the latest attempt
    bool last_failed = false;  // it has ended without a connection
    std::size_t waiting = 0;   // addresses not tried yet, at least one
};

// When the next attempt begins. Where the deadline is near, attempts follow each other faster, so that every address gets its chance.
[[nodiscard]] TimePoint next_attempt(const DialProgress& progress, TimePoint deadline);

// There was nothing to try: `resolved` are the addresses before the family was asked for.
[[nodiscard]] Error no_address_error(const std::string& host, const std::vector<Address>& resolved, IpFamily family);

// One error out of those of all attempts: the most telling one, with the others in its cause. `failures` is in the order of the attempts
// and not empty; `untried` addresses had no time left.
[[nodiscard]] Error dial_error(std::vector<Error> failures, std::size_t untried);

}  // namespace lastack::net
