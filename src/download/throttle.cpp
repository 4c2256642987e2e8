#include "download/throttle.hpp"

#include <algorithm>
#include <chrono>

namespace lastack::download {

namespace {

constexpr std::size_t smallest_piece = 512;
constexpr std::size_t largest_piece = std::size_t{64} << 10;
constexpr std::uint64_t pieces_per_second = 20;
// How much of a late timer or a short pause is made up for afterwards; more would be a burst.
constexpr auto longest_credit = std::chrono::milliseconds{100};
constexpr std::size_t most_idle_hosts = 64;

}  // namespace

Duration TokenBucket::time_for(std::size_t bytes) const {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(rate_)));
}

TimePoint TokenBucket::reserve(std::size_t bytes, TimePoint now) {
    if (rate_ == 0) {
        return now;
    }
    // The first read begins the count; afterwards a little time may be made up for.
    const TimePoint start = used_ ? std::max<TimePoint>(next_, now - longest_credit) : now;
    used_ = true;
    next_ = start + time_for(bytes);
    return start;
}

void TokenBucket::give_back(std::size_t bytes) {
    if (rate_ != 0) {
        next_ -= time_for(bytes);
    }
}

bool TokenBucket::is_idle(TimePoint now) const { return next_ + longest_credit < now; }

std::size_t TokenBucket::piece() const {
    return rate_ == 0 ? largest_piece
                      : static_cast<std::size_t>(std::clamp<std::uint64_t>(rate_ / pieces_per_second, smallest_piece, largest_piece));
}

TokenBucket& Throttle::host(std::string_view name, TimePoint now) {
    const auto known = hosts_.find(name);
    if (known != hosts_.end()) {
        return known->second;
    }
    if (hosts_.size() >= most_idle_hosts) {
        std::erase_if(hosts_, [now](const auto& host) { return host.second.is_idle(now); });
    }
    return hosts_.emplace(std::string{name}, TokenBucket{rate_per_host_}).first->second;
}

http::ReadGrant TransferPace::next(std::string_view host, TimePoint now) {
    TokenBucket& shared = throttle_.host(host, now);
    const std::size_t bytes = std::min({own_.piece(), shared.piece(), throttle_.run().piece()});
    return {.bytes = bytes, .at = std::max({own_.reserve(bytes, now), shared.reserve(bytes, now), throttle_.run().reserve(bytes, now)})};
}

void TransferPace::taken(std::string_view host, std::size_t granted, std::size_t bytes, TimePoint now) {
    for (TokenBucket* bucket : {&own_, &throttle_.host(host, now), &throttle_.run()}) {
        if (bytes <= granted) {
            bucket->give_back(granted - bytes);
        } else {
            static_cast<void>(bucket->reserve(bytes - granted, now));
        }
    }
}

}  // namespace lastack::download
