// How many bytes per second: for the whole run, per host and per transfer. Each read reserves its turn in every bucket that concerns it, so
// transfers that share a bucket take turns, and a piece is what the rate brings in a moment: slow rates flow in small reads. Pure but for
// the time that is passed in; reactor thread only.
#pragma once

#include "http/read_pace.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace lastack::download {

class TokenBucket {
public:
    explicit TokenBucket(std::uint64_t bytes_per_second) : rate_{bytes_per_second} {}  // 0: no limit

    // When these bytes may be read: behind all reserved before.
    [[nodiscard]] TimePoint reserve(std::size_t bytes, TimePoint now);
    void give_back(std::size_t bytes);
    // Nothing of it is reserved and no lateness is left to make up for.
    [[nodiscard]] bool is_idle(TimePoint now) const;
    // Largest single read.
    [[nodiscard]] std::size_t piece() const;

private:
    [[nodiscard]] Duration time_for(std::size_t bytes) const;

    std::uint64_t rate_;
    bool used_ = false;
    TimePoint next_{};
};

class Throttle {
public:
    Throttle(std::uint64_t rate, std::uint64_t rate_per_host)
        : rate_per_host_{rate_per_host}, run_{rate}, limited_{rate + rate_per_host > 0} {}

    [[nodiscard]] bool is_limited() const { return limited_; }
    [[nodiscard]] TokenBucket& run() { return run_; }
    [[nodiscard]] TokenBucket& host(std::string_view name, TimePoint now);

private:
    std::uint64_t rate_per_host_;
    TokenBucket run_;
    bool limited_;
    std::map<std::string, TokenBucket, std::less<>> hosts_;
};

// One transfer's view of the throttle.
class TransferPace final : public http::ReadPace {
public:
    TransferPace(Throttle& throttle, std::uint64_t rate) : throttle_{throttle}, own_{rate}, limited_{rate > 0 || throttle.is_limited()} {}

    [[nodiscard]] http::ReadPace* get() { return limited_ ? this : nullptr; }
    [[nodiscard]] http::ReadGrant next(std::string_view host, TimePoint now) override;
    void taken(std::string_view host, std::size_t granted, std::size_t bytes, TimePoint now) override;

private:
    Throttle& throttle_;
    TokenBucket own_;
    bool limited_;
};

}  // namespace lastack::download
