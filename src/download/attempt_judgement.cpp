// The part of an AttemptRun that watches the attempt under way: measures its rate, and tells when another mirror should go on.
#include "download/attempt_run.hpp"
#include "download/watched_attempt.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <cmath>

namespace lastack::download {

namespace {

constexpr double rate_memory = 2;  // seconds
constexpr double booking = 1;      // seconds of transfer after which the book is told
constexpr int slept = 4;           // intervals: so long without a turn is the machine's sleep, not the server's silence
constexpr unsigned most_moves_to_one = 2;

double in_seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

OtherMirrors AttemptRun::others() const {
    const TimePoint now = transport_.network.now();
    OtherMirrors found;
    for (std::size_t mirror = 0; mirror < mirrors(); ++mirror) {
        if (mirror == history_.mirror || !usable(mirror) || history_.fruitless[mirror] > 0 || shared_.book.is_down(hosts_[mirror], now)) {
            continue;
        }
        found.at_hand = true;
        if (shared_.book.known_good(hosts_[mirror], now)) {
            const auto answer =
                std::chrono::duration_cast<Duration>(std::chrono::duration<double>(shared_.book.find(hosts_[mirror])->first_byte));
            found.first_byte = found.known_good ? std::min(found.first_byte, answer) : answer;
            found.known_good = true;
        }
    }
    return found;
}

void AttemptRun::begin_time() {
    if (patience_) {
        patience_->begin_mirror(!tried_[history_.mirror], here_.timeout.value_or(std::chrono::milliseconds{0}));
        tried_[history_.mirror] = true;
    }
}

// A connection that never came about took its time too; how much of it was a wait for a place among the others is not known, but it is
// not more than what opening one may take.
void AttemptRun::end_time(const Result<void>& done) {
    if (!patience_ || done || done.error().phase < Phase::resolving || done.error().phase > Phase::securing) {
        return;
    }
    const std::error_code& code = done.error().code;
    if (code == Errc::timed_out || code == net::NetErrc::name_failed || code == net::NetErrc::proxy_unreachable ||
        code == net::NetErrc::proxy_failed) {
        const TimePoint now = transport_.network.now();
        spend(std::min(now - current_.started, current_.dial), now);
    }
}

bool AttemptRun::has_new_mirror() const {
    for (std::size_t mirror = 0; mirror < mirrors(); ++mirror) {
        if (!tried_[mirror] && usable(mirror) && !shared_.book.is_down(hosts_[mirror], transport_.network.now())) {
            return true;
        }
    }
    return false;
}

bool AttemptRun::is_out_of_time() const { return patience_ && patience_->is_over() && !(patience_->has_parts() && has_new_mirror()); }

void AttemptRun::spend(Duration time, TimePoint now) {
    if (patience_) {
        patience_->pass(time, attempt_.received(),
                        {.transfers = std::max(1u, shared_.book.active()), .other_servers = shared_.book.fastest_beside(host(), now)});
    }
}

bool AttemptRun::takes_too_long() {
    if (!patience_) {
        return false;
    }
    if (is_out_of_time()) {
        current_.left = LeftMirror::out_of_time;
    } else if (patience_->is_over_here() && others().at_hand) {
        current_.left = LeftMirror::too_slow;
    } else {
        return false;
    }
    return true;
}

// The attempt ended with "cancelled": what is told is why.
void AttemptRun::explain_leaving(Error& error) const {
    if (current_.left == LeftMirror::no || current_.left == LeftMirror::faster_known || current_.left == LeftMirror::exploring) {
        return;
    }
    error.phase = watch_.first_byte ? Phase::receiving : Phase::waiting;
    if (current_.left == LeftMirror::stalled) {
        error.code = Errc::timed_out;
        error.cause = "the transfer stalled: nothing came for " +
                      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(current_.silent).count()) +
                      " ms, and another mirror is at hand";
        return;
    }
    error.code = http::HttpErrc::too_slow;
    error.cause = "too slow: " + std::to_string(patience_->received()) + " bytes came while servers were waited for " +
                  std::to_string(std::chrono::round<std::chrono::seconds>(patience_->spent()).count()) + " s";
    if (current_.left == LeftMirror::too_slow) {
        error.cause += ", and another mirror is at hand";
    } else {
        error.next_step = "use another mirror; if the link is that slow, raise 'timeout' or lower 'minrate'";
    }
}

// Time that the disk or a throttle took is not the network's.
void AttemptRun::measure(const http::ExchangeWatch& watch, TimePoint now) {
    const Duration handed =
        watch.with_receiver_for - current_.seen_with_receiver + (watch.with_receiver ? now - watch.last_activity : Duration{0});
    const TimePoint from = watch.first_byte ? std::max(*watch.first_byte, current_.judged) : now;
    const double time = std::max(0.0, in_seconds(now - from - handed));
    if (watch.bound) {
        spend(std::max<Duration>(Duration{0}, now - std::max(*watch.bound, current_.judged) - handed), now);
    }
    const auto bytes = static_cast<double>(watch.received - current_.seen);
    const double fading = std::exp(-time / rate_memory);
    current_.bytes = current_.bytes * fading + bytes;
    current_.time = current_.time * fading + time;
    current_.unbooked_time += time;
    current_.seen = watch.received;
    current_.seen_with_receiver = watch.with_receiver_for;
    current_.judged = now;
}

bool AttemptRun::judge(http::ExchangeWatch& watch) {
    const TimePoint now = transport_.network.now();
    if (now - current_.judged > slept * judge_interval) {
        watch.last_activity = current_.judged = now;
        return false;
    }
    measure(watch, now);
    if (!watch.bound || watch.with_receiver) {
        return false;
    }
    if (takes_too_long()) {
        return true;
    }
    current_.silent = now - watch.last_activity;
    const auto limit = silence_limit(watch.first_byte ? std::optional{watch.longest_gap} : std::nullopt, others());
    if (limit && !here_.timeout && current_.silent >= *limit) {
        current_.left = LeftMirror::stalled;
        return true;
    }
    if (current_.unbooked_time >= booking) {
        shared_.book.carried(host(), watch.received - current_.booked, current_.unbooked_time, now);
        current_.booked = watch.received;
        current_.unbooked_time = 0;
    }
    return look_for_better(watch, now);
}

bool AttemptRun::look_for_better(const http::ExchangeWatch& watch, TimePoint now) {
    const auto total = attempt_.total();
    if (!attempt_.movable() || !total || !watch.first_byte || options_.mirrors.order != MirrorOrder::ranked || current_.time <= 0) {
        return false;
    }
    const auto rest = static_cast<double>(*total - std::min(*total, attempt_.received()));
    const double running = in_seconds(now - *watch.first_byte);
    const double here = rest / std::max(1.0, current_.bytes / current_.time);
    std::optional<std::size_t> unknown;
    std::optional<std::size_t> best;
    double there = 0;
    for (const std::size_t mirror : ranking()) {
        if (mirror == history_.mirror || !usable(mirror) || hosts_[mirror].empty() || hosts_[mirror] == host() ||
            moved_to_[mirror] >= most_moves_to_one) {
            continue;
        }
        const HostRecord* record = shared_.book.find(hosts_[mirror]);
        if (record == nullptr || (!record->explored && !record->succeeded && record->active == 0 && record->fails == 0)) {
            unknown = unknown ? unknown : mirror;
        } else if (shared_.book.known_good(hosts_[mirror], now) && record->active < question().connections) {
            const double cost = shared_.book.cost(hosts_[mirror], rest, now).value_or(here);
            if (!best || cost < there) {
                best = mirror;
                there = cost;
            }
        }
    }
    if (best && worth_moving({.running = running, .here = here, .there = there, .exploring = current_.exploring})) {
        current_.left = LeftMirror::faster_known;
        current_.to = *best;
    } else if (unknown && worth_exploring(running, here, explored_)) {
        current_.left = LeftMirror::exploring;
        current_.to = *unknown;
        ++explored_;
    } else {
        return false;
    }
    ++moved_to_[current_.to];
    return true;
}

}  // namespace lastack::download
