#include "cli/rate_window.hpp"

#include <algorithm>

namespace lastack::cli {

void RateWindow::add(TimePoint now, std::uint64_t bytes) {
    if (bytes < samples_.back().bytes) {
        samples_.assign(1, {now, bytes});
        return;
    }
    if (samples_.size() > 1 && now - samples_[samples_.size() - 2].time < grain) {
        samples_.back() = {now, bytes};
    } else {
        samples_.push_back({now, bytes});
    }
    while (samples_.size() > 1 && samples_[1].time <= now - length) {
        samples_.pop_front();
    }
}

double RateWindow::rate(TimePoint now) const {
    const TimePoint from = std::max(samples_.front().time, now - length);
    const auto after = std::ranges::upper_bound(samples_, from, {}, &Sample::time);
    const std::uint64_t before = after == samples_.begin() ? samples_.front().bytes : std::prev(after)->bytes;
    const double seconds = std::chrono::duration<double>(now - from).count();
    return seconds > 0 ? static_cast<double>(samples_.back().bytes - before) / seconds : 0;
}

}  // namespace lastack::cli
