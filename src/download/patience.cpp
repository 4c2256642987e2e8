#include "download/patience.hpp"

#include <algorithm>

namespace lastack::download {

namespace {

constexpr int part = 3;                // of the time, for each mirror while another is at hand
constexpr unsigned most_parts = 8;     // beyond the time itself: a hundred dead mirrors shall not cost a hundred parts
constexpr unsigned usual_sharing = 3;  // transfers on one link that a rate is meant for
constexpr double clearly_faster = 100;

}  // namespace

double least_rate(const TimeBudget& budget, const RestOfRun& rest) {
    const double proved = std::min(rest.other_servers / clearly_faster, static_cast<double>(budget.rate_on_fast_link));
    const double rate = std::max(static_cast<double>(budget.rate), proved);
    return rate * usual_sharing / std::max(rest.transfers, usual_sharing);
}

Patience::Patience(const TimeBudget& budget, std::uint64_t received)
    : budget_{budget},
      time_{budget.time},
      left_{time_},
      most_here_{time_},
      left_here_{time_},
      received_before_{received},
      most_received_{received},
      parts_{most_parts} {}

void Patience::begin_mirror(bool is_new, Duration timeout) {
    most_here_ = std::clamp<Duration>(timeout, time_ / part, time_);
    if (is_new && left_ < most_here_ && parts_ > 0) {
        --parts_;
        left_ = most_here_;
    }
    left_here_ = std::min(most_here_, left_);
}

void Patience::pass(Duration time, std::uint64_t received, const RestOfRun& rest) {
    Duration earned{0};
    if (budget_.rate > 0 && received > most_received_) {
        const double seconds = static_cast<double>(received - most_received_) / least_rate(budget_, rest);
        earned = std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(std::min(seconds, std::chrono::duration<double>(time + time_).count())));
    }
    most_received_ = std::max(most_received_, received);
    spent_ += time;
    left_ = std::min(left_ - time + earned, time_);
    left_here_ = std::min(left_here_ - time + earned, most_here_);
}

}  // namespace lastack::download
