#include "download/tail_rule.hpp"

#include <algorithm>
#include <cmath>

namespace lastack::download {

namespace {

constexpr double memory = 2;  // seconds
constexpr auto least_measured = std::chrono::seconds{2};
constexpr double least_left = 8;  // seconds of transfer; below it a second connection has hardly begun
constexpr std::uint64_t alignment = std::uint64_t{64} << 10;
constexpr double least_share = 0.2;
constexpr double most_share = 0.7;
constexpr double clearly_faster = 1.2;

}  // namespace

void FadingRate::add(std::uint64_t bytes, Duration time) {
    const double seconds = std::chrono::duration<double>(time).count();
    const double fading = std::exp(-seconds / memory);
    bytes_ = bytes_ * fading + static_cast<double>(bytes);
    time_ = time_ * fading + seconds;
    measured_ += time;
}

std::optional<std::uint64_t> tail_begin(const TailQuestion& question) {
    if (question.measured < least_measured || question.rate <= 0 || question.position >= question.size) {
        return std::nullopt;
    }
    const std::uint64_t rest = question.size - question.position;
    if (rest < least_with_tail || static_cast<double>(rest) / question.rate < least_left) {
        return std::nullopt;
    }
    const double other = question.other_rate > 0 ? question.other_rate : question.rate;
    const double share = std::clamp(other / (other + question.rate), least_share, most_share);
    const auto end = static_cast<std::uint64_t>(static_cast<double>(rest) * share);
    return (question.size - end) / alignment * alignment;
}

bool tail_helps(double alone, double together) { return together >= clearly_faster * alone; }

}  // namespace lastack::download
