#include "http/host_pace.hpp"

#include <algorithm>
#include <cmath>
#include <ratio>

namespace lastack::http {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned first_allowed = 4;
constexpr auto quick_answer = milliseconds{500};  // a rejection comes sooner
constexpr unsigned first_patience = 100;
constexpr unsigned longest_patience = 800;
constexpr unsigned proof = 100;       // accepted at a level that one rejection does not put in doubt
constexpr unsigned fresh_proof = 32;  // a second one within so many does
constexpr unsigned proof_of_lowering = 8;
constexpr unsigned lone_within = 64;  // served since the last rejection, when another one is no pattern yet
constexpr unsigned disproof = 8;      // served after a lone one until it was one
constexpr unsigned close_together = 2;
constexpr unsigned first_close = 3;
constexpr unsigned most_close_moods = 12;
constexpr unsigned most_lengthened = 3;
constexpr unsigned least_for_proof = 4;
constexpr auto mood_pause = milliseconds{50};
using contradiction = std::ratio<5, 4>;  // of a distance that is rejected to one that was not: more than chance in their arrival

constexpr auto estimate_window = seconds{10};
constexpr unsigned least_for_estimate = 4;
constexpr unsigned most_for_estimate = 1024;
constexpr auto pause_for_estimate = seconds{1};
constexpr auto first_pause = milliseconds{200};
constexpr auto longest_pause = seconds{2};
constexpr auto least_interval = milliseconds{5};  // below it a distance is none
constexpr unsigned first_interval_patience = 40;
constexpr unsigned longest_interval_patience = 800;
constexpr unsigned patience_of_pauses = 160;
constexpr double safety = 1.1;
constexpr double worth_a_try = 0.9;
constexpr double punctual = 1.25;

Duration scaled(Duration duration, double factor) {
    return Duration{static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor)};
}

Duration doubled(Duration pause, unsigned rounds, Duration longest) {
    for (unsigned i = 1; i < rounds && pause < longest; ++i) {
        pause *= 2;
    }
    return std::min(pause, longest);
}

}  // namespace

HostPace::HostPace(unsigned most, unsigned taken_before)
    : most_{std::max(most, 1u)},
      taken_before_{taken_before},
      allowed_{std::min(most_, std::max(first_allowed, taken_before))},
      patience_{first_patience},
      interval_patience_{first_interval_patience},
      most_close_moods_{first_close} {}

bool HostPace::serves(TimePoint now) const noexcept { return last_accepted_ && now - *last_accepted_ <= estimate_window; }

unsigned HostPace::taken() const noexcept { return turned_ ? 0 : std::max(taken_before_, last_accepted_ ? allowed_ : 0); }

TimePoint HostPace::next_start(TimePoint now) {
    TimePoint grown_at = TimePoint::max();
    bool slow_to_answer = false;
    bool probe_runs = false;
    bool lowering_runs = false;  // requests of the moment that made us lower the number have not been answered yet
    for (auto& [ticket, request] : running_) {
        if (request.accepted || request.rejected || request.slow) {
            continue;
        }
        if (now < request.started + quick_answer) {
            grown_at = std::min(grown_at, request.started + quick_answer);
            probe_runs = true;
            lowering_runs = lowering_runs || request.lowering != lowerings_;
            continue;
        }
        request.slow = true;
        slow_to_answer = slow_to_answer || (request.full && request.lowering == lowerings_);
    }
    if (slow_to_answer && !failed_) {
        allowed_ = allowed_ > most_ / 2 ? most_ : 2 * allowed_;
    }
    if (running_.size() >= allowed_ || lowering_runs || (rejected_in_a_row_ > 0 && probe_runs)) {
        return grown_at;
    }
    return std::max(quiet_until_, last_start_ && interval_ > Duration{0} ? *last_start_ + interval_ : TimePoint{});
}

HostPace::Ticket HostPace::start(TimePoint now) {
    const auto at_a_time = static_cast<unsigned>(running_.size()) + 1;
    for (auto& [ticket, request] : running_) {
        request.peak = std::max(request.peak, at_a_time);
    }
    const bool at_interval = last_start_ && now - *last_start_ <= scaled(interval_, punctual);
    running_.emplace(++last_ticket_, Running{.started = now,
                                             .peak = at_a_time,
                                             .lowering = lowerings_,
                                             .served = served_,
                                             .interval = interval_,
                                             .at_interval = at_interval});
    last_start_ = now;
    if (at_a_time >= allowed_) {
        for (auto& [ticket, request] : running_) {
            request.full = true;
        }
    }
    return last_ticket_;
}

void HostPace::ended(Ticket ticket) {
    const auto found = running_.find(ticket);
    served_ += found->second.accepted ? 1 : 0;
    running_.erase(found);
}

void HostPace::accepted(Ticket ticket, TimePoint now) {
    Running& request = running_.at(ticket);
    if (request.accepted || request.rejected) {
        return;
    }
    request.accepted = true;
    ++accepted_since_;
    last_accepted_ = now;
    rejected_in_a_row_ = 0;
    accepted_starts_.push_back(request.started);
    while (!accepted_starts_.empty() && (accepted_starts_.front() + estimate_window < now || accepted_starts_.size() > most_for_estimate)) {
        accepted_starts_.pop_front();
    }
    shorten_distance(request);
    grow(request);
}

// One more at a time: at once while nothing ever failed, once per round up to what failed, and that itself only after many.
void HostPace::grow(const Running& request) {
    if (!request.full || request.lowering != lowerings_ || (lone_at_ && served_ - *lone_at_ < disproof)) {
        return;
    }
    ++credits_;
    if (!failed_) {
        allowed_ = std::min(most_, allowed_ + 1);
    } else if (allowed_ + 1 < *failed_ && credits_ >= allowed_) {
        ++allowed_;
        credits_ = 0;
    } else if (allowed_ + 1 == *failed_ && credits_ >= patience_) {
        patience_ = std::min(2 * patience_, longest_patience);
        ++allowed_;
        credits_ = 0;
    } else if (allowed_ >= *failed_ && credits_ >= 2 * allowed_) {
        // What failed once works by now.
        credits_ = 0;
        patience_ = first_patience;
        failed_ = allowed_ + 1;
        if (*failed_ > most_) {
            failed_.reset();
        }
    }
}

unsigned HostPace::served_beside(const Running& request, Ticket ticket) const {
    const auto running = std::ranges::count_if(running_, [ticket](const auto& r) { return r.first != ticket && !r.second.rejected; });
    return static_cast<unsigned>(running) + static_cast<unsigned>(served_ - request.served);
}

void HostPace::rejected(Ticket ticket, TimePoint now, std::optional<Duration> retry_after, Meaning meaning) {
    Running& request = running_.at(ticket);
    if (request.accepted || request.rejected) {
        return;
    }
    request.rejected = true;
    request.may_be_mood = meaning == Meaning::any;
    // A longer time is no matter of pace: it is about this one file, or for whoever asked for it to decide.
    if (retry_after && *retry_after > longest_quiet) {
        retry_after.reset();
    }
    if (retry_after) {
        quiet_until_ = std::max(quiet_until_, now + *retry_after);
    }
    note_gap(now);
    if (moody_ && request.may_be_mood) {
        mood(now);
        return;
    }
    const unsigned beside = served_beside(request, ticket);
    if (beside > 0) {
        too_many(request, beside);
    }
    // One of the first few served, and all beside it rejected: a distance tells sooner than a further rejection what that means.
    const bool first_lesson = before_ && !before_->failed && accepted_starts_.size() < least_for_estimate;
    if (beside == 0) {
        too_fast(request, now, retry_after);
    } else if (allowed_ == 1 && last_accepted_ && (retry_after || first_lesson)) {
        before_.reset();
        too_fast(request, now, retry_after);
    }
}

void HostPace::too_many(const Running& request, unsigned beside) {
    if (request.lowering == lowerings_) {
        if (request.peak <= allowed_ && credits_ >= proof) {
            credits_ = proof - fresh_proof;
            return;
        }
        before_ = Level{.allowed = allowed_, .failed = failed_, .served = served_};
        ++lowerings_;
        credits_ = 0;
        // Of a number that was approached one by one, the one before it is known to work.
        const unsigned lower = failed_ ? request.peak - 1 : (request.peak + 1) / 2;
        allowed_ = std::clamp(lower, 1u, allowed_);
        failed_ = std::max(request.peak, 2u);
    }
    // Those of the same moment: as many as were served beside them is what the server can do.
    allowed_ = std::clamp(beside, 1u, allowed_);
}

void HostPace::too_fast(const Running& request, TimePoint now, std::optional<Duration> retry_after) {
    if (rejected_at_ && request.started <= *rejected_at_) {
        return;  // it was on its way when the first one was told
    }
    rejected_at_ = now;
    ++rejected_in_a_row_;
    if (!last_accepted_) {
        // It serves nobody: no matter of pace. One at a time looks whether that is over.
        failed_.reset();
        before_.reset();
        allowed_ = 1;
        ++lowerings_;
        quiet_until_ = std::max(quiet_until_, now + doubled(first_pause, rejected_in_a_row_, longest_pause));
        return;
    }
    if (before_ && served_ - before_->served < proof_of_lowering) {
        // The rate explains those that looked like too many at a time.
        allowed_ = before_->allowed;
        failed_ = before_->failed;
    }
    before_.reset();
    if (interval_ == Duration{0} && request.may_be_mood && !retry_after && rejected_in_a_row_ == 1 && is_lone()) {
        quiet_until_ = std::max(quiet_until_, now + first_pause);
        return;
    }
    if (request.may_be_mood && interval_ > Duration{0} && ++lengthened_ > most_lengthened) {
        begin_moods(now);
        return;
    }
    if (interval_ == Duration{0} || rejected_in_a_row_ > 1) {
        // What may be about one file alone must not take minutes to fail.
        begin_distance(now, retry_after, request.may_be_mood ? longest_pause : longest_quiet);
        return;
    }
    distance_failed(request, now, retry_after);
}

// Once in many requests is no pattern.
bool HostPace::is_lone() {
    const bool lone = accepted_starts_.size() >= least_for_estimate && (!lone_at_ || served_ - *lone_at_ > lone_within);
    lone_at_ = served_;
    if (lone) {
        ++lowerings_;
        credits_ = 0;
        allowed_ = 1;  // should it be a pattern after all, that costs but one request to see
        rejected_in_a_row_ = 0;
    }
    return lone;
}

void HostPace::distance_failed(const Running& request, TimePoint now, std::optional<Duration> retry_after) {
    if (proved_ && request.interval * contradiction::den > *proved_ * contradiction::num) {
        if (request.may_be_mood) {
            begin_moods(now);
            return;
        }
        // Longer distances do not help, unless its limit is another one by now.
        if (close_ >= first_close) {
            proved_.reset();
        }
        quiet_until_ = std::max(quiet_until_, now + interval_);
        return;
    }
    quiet_until_ = std::max(quiet_until_, now + interval_);
    if (steady_ >= fresh_proof) {
        lengthened_ = 0;
        if (doubted_ != interval_) {
            doubted_ = good_ = interval_;  // it has worked for long: this may be anything
            steady_ = 0;
            return;
        }
    }
    if (retry_after) {
        interval_patience_ = std::max(interval_patience_, patience_of_pauses);  // each further rejection costs that much
    }
    bad_ = request.interval;
    coarse_ = false;
    steady_ = 0;
    interval_ = within_proof(good_ > bad_ ? good_ : bad_ * 3 / 2);
}

// No further than where a rejection would say that distances do not help.
Duration HostPace::within_proof(Duration interval) const {
    const Duration most = proved_ ? *proved_ * contradiction::num / contradiction::den + least_interval : longest_quiet;
    return std::clamp<Duration>(std::min(interval, most), least_interval, longest_quiet);
}

// A server with a limit has nothing to give when it rejects. What it accepts until it rejects again it was given in that time.
void HostPace::note_gap(TimePoint now) {
    if (turned_ && accepted_since_ >= least_for_proof) {
        const auto gap = (now - *turned_) / static_cast<Duration::rep>(accepted_since_ - 1);
        proved_ = proved_ ? std::min<Duration>(*proved_, gap) : gap;
    }
    turned_ = now;
    close_ = accepted_since_ <= close_together ? close_ + 1 : 0;
    accepted_since_ = 0;
}

// A server that now and then fails one request, whatever their distance, must not be asked more slowly for it.
void HostPace::begin_moods(TimePoint now) {
    moody_ = true;
    close_ = lengthened_ = 0;
    failed_.reset();
    before_.reset();
    interval_ = good_ = bad_ = Duration{0};
    coarse_ = false;
    quiet_until_ = std::max(quiet_until_, now + mood_pause);
}

// One that rejects again and again after a few has a limit, not moods.
void HostPace::mood(TimePoint now) {
    quiet_until_ = std::max(quiet_until_, now + doubled(mood_pause, ++rejected_in_a_row_, longest_pause));
    if (close_ >= most_close_moods_) {
        most_close_moods_ = std::min(2 * most_close_moods_, most_close_moods);
        moody_ = false;
        proved_.reset();
        lone_at_ = served_;
    }
}

// From what was served in the last seconds, the coming pause included; of too few the distance that comes is but a first try.
void HostPace::begin_distance(TimePoint now, std::optional<Duration> retry_after, Duration longest) {
    const bool enough = accepted_starts_.size() >= least_for_estimate;
    const Duration pause = doubled(enough ? pause_for_estimate : first_pause, rejected_in_a_row_, longest);
    if (!retry_after) {
        quiet_until_ = std::max(quiet_until_, now + pause);
    }
    good_ = bad_ = Duration{0};
    steady_ = 0;
    coarse_ = !enough;
    if (accepted_starts_.empty()) {
        interval_ = pause;
    } else if (enough) {
        interval_ = scaled(quiet_until_ - accepted_starts_.front(), safety / static_cast<double>(accepted_starts_.size()));
    } else {
        interval_ = quiet_until_ - accepted_starts_.back();
    }
    interval_ = within_proof(interval_);
}

void HostPace::shorten_distance(const Running& request) {
    if (interval_ == Duration{0} || request.interval != interval_ || !request.at_interval) {
        return;
    }
    ++steady_;
    if (coarse_) {
        good_ = interval_;
        interval_ /= 2;
        steady_ = 0;
    } else if (steady_ >= interval_patience_) {
        good_ = interval_;
        steady_ = 0;
        interval_patience_ = std::min(16 * interval_patience_, longest_interval_patience);
        const double factor =
            bad_ > Duration{0} ? std::sqrt(static_cast<double>(bad_.count()) / static_cast<double>(good_.count())) : worth_a_try;
        interval_ = factor <= worth_a_try ? scaled(interval_, factor) : interval_;
    }
    if (interval_ < least_interval) {
        interval_ = Duration{0};
        coarse_ = false;
    }
}

}  // namespace lastack::http
