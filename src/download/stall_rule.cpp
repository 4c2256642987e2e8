#include "download/stall_rule.hpp"

#include <algorithm>
#include <chrono>

namespace lastack::download {

namespace {

using std::chrono::seconds;

constexpr Duration longest_silence = seconds{8};
constexpr Duration longest_dial_beside_good = seconds{4};  // slow name servers take 2 to 3 s
constexpr Duration shortest_silence = seconds{4};
constexpr Duration shortest_beside_good = seconds{2};
constexpr int gaps = 6;           // of the transfer's own longest pause
constexpr int answer_times = 10;  // of the best other mirror's
constexpr double settled = 1.5;   // seconds until a rate is believed
constexpr double hysteresis = 1.5;
constexpr double explorers_hysteresis = 1.1;
constexpr double cost_of_change = 0.5;        // seconds
constexpr double long_enough_to_explore = 8;  // seconds left
constexpr unsigned most_explored = 4;         // per file

}  // namespace

std::optional<Duration> dial_limit(const OtherMirrors& others) {
    if (!others.at_hand) {
        return std::nullopt;
    }
    return others.known_good ? longest_dial_beside_good : longest_silence;
}

std::optional<Duration> silence_limit(std::optional<Duration> longest_gap, const OtherMirrors& others) {
    if (!others.at_hand) {
        return std::nullopt;
    }
    const Duration least = others.known_good ? shortest_beside_good : shortest_silence;
    if (longest_gap) {
        return std::clamp<Duration>(std::min(*longest_gap, longest_silence) * gaps, least, longest_silence);
    }
    return others.known_good ? std::clamp<Duration>(std::min(others.first_byte, longest_silence) * answer_times, least, longest_silence)
                             : longest_silence;
}

bool worth_moving(const MoveQuestion& question) {
    const double factor = question.exploring ? explorers_hysteresis : hysteresis;
    return question.running >= settled && question.here > factor * question.there + cost_of_change;
}

bool worth_exploring(double running, double here, unsigned explored) {
    return running >= settled && here > long_enough_to_explore && explored < most_explored;
}

}  // namespace lastack::download
