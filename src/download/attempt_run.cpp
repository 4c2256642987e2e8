#include "download/attempt_run.hpp"

#include "download/error.hpp"
#include "download/host_pace.hpp"
#include "download/local_file.hpp"
#include "download/watched_attempt.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace lastack::download {

namespace {

constexpr double jitter = 0.5;  // a delay becomes 0.75 to 1.25 of itself

double in_seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

AttemptOutcome outcome_of(const Error& error, bool only_limited) {
    const FailureClass failure = classify(error);
    if (failure == FailureClass::interrupted || failure == FailureClass::final || only_limited || error.http_status == 429) {
        return AttemptOutcome::no_blame;
    }
    const bool answered = error.code == http::HttpErrc::not_found || error.code == http::HttpErrc::forbidden ||
                          (error.http_status != 0 && error.http_status != 408 && error.http_status < 500);
    return failure == FailureClass::mirror && (answered || error.code.category() == download_category()) ? AttemptOutcome::no_file
                                                                                                         : AttemptOutcome::failed;
}

}  // namespace

AttemptRun::AttemptRun(Transport transport, std::vector<std::string> urls, RequestOptions options, Attempt& attempt)
    : transport_{transport},
      shared_{transport.mirrors},
      urls_{std::move(urls)},
      wanted_{std::move(options)},
      options_{shared_.layers.of_file(wanted_)},
      attempt_{attempt},
      history_{.retries = options_.retries,
               .struck_out = std::vector<bool>(urls_.size(), false),
               .fruitless = std::vector<unsigned>(urls_.size(), 0)},
      tried_(urls_.size(), false),
      order_(urls_.size()),
      moved_to_(urls_.size(), 0) {
    for (const std::string& text : urls_) {
        const auto url = parse_url(text, Schemes::http_and_ftp);
        hosts_.push_back(url ? url->host_field() : "");
        most_.push_back((url ? shared_.layers.at(*url, wanted_) : options_).mirrors.max_connections);
    }
    if (options_.time_budget) {
        patience_.emplace(*options_.time_budget, attempt_.received());
    }
    order_mirrors();
}

void AttemptRun::order_mirrors() {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    if (options_.mirrors.order == MirrorOrder::random) {
        for (std::size_t left = order_.size(); left > 1; --left) {
            const auto pick = std::min(static_cast<std::size_t>(shared_.draw() * static_cast<double>(left)), left - 1);
            std::swap(order_[left - 1], order_[pick]);
        }
    }
    history_.mirror = ranking().front();
}

MirrorBook::Question AttemptRun::question() const {
    const unsigned own = most_[history_.mirror];
    return {.size = static_cast<double>(attempt_.total().value_or(1u << 20)),
            .explore = attempt_.movable(),
            .connections = own == 0 ? shared_.connections_per_host : std::min(own, shared_.connections_per_host)};
}

std::vector<std::size_t> AttemptRun::ranking() const {
    if (options_.mirrors.order == MirrorOrder::ranked) {
        return shared_.book.rank(hosts_, question(), transport_.network.now());
    }
    const auto is_removed = [this](std::size_t mirror) {
        const HostRecord* record = shared_.book.find(hosts_[mirror]);
        return record != nullptr && record->removed;
    };
    std::vector<std::size_t> order;
    for (const bool removed : {false, true}) {
        std::ranges::copy_if(order_, std::back_inserter(order), [&](std::size_t mirror) { return is_removed(mirror) == removed; });
    }
    return order;
}

bool AttemptRun::usable(std::size_t mirror) const {
    const HostRecord* record = shared_.book.find(hosts_[mirror]);
    return !history_.struck_out[mirror] && (record == nullptr || !record->removed);
}

// The one with the fewest failures since the last progress, then the best ranked; the present one only when no other is left.
std::size_t AttemptRun::next_mirror() const {
    const auto order = ranking();
    std::optional<std::size_t> best;
    for (const std::size_t mirror : order) {
        if (usable(mirror) && mirror != history_.mirror && (!best || history_.fruitless[mirror] < history_.fruitless[*best])) {
            best = mirror;
        }
    }
    return best.value_or(history_.mirror);
}

// With nothing left of the run's budget, a file whose hosts are all down fails with what they said last.
std::optional<Error> AttemptRun::known_dead() const {
    const TimePoint now = transport_.network.now();
    if (shared_.budget.left() > 0 || !std::ranges::all_of(hosts_, [&](const auto& each) { return shared_.book.is_down(each, now); })) {
        return std::nullopt;
    }
    Error error = *shared_.book.find(host())->last_error;
    error.url = redact_url(urls_[history_.mirror]);
    error.mirror.clear();
    error.offset = 0;
    return error;
}

net::Task<Result<void>> AttemptRun::run() {
    const auto cancelled = [this] {
        return std::unexpected(Error{.code = Errc::cancelled, .url = redact_url(urls_[history_.mirror]), .cause = "cancelled"});
    };
    if (auto dead = known_dead()) {
        co_return std::unexpected(std::move(*dead));
    }
    while (true) {
        history_.mirror = ready_mirror(transport_.pace, urls_, history_.struck_out, history_.mirror);
        if (!co_await wait_for_place()) {
            co_return cancelled();
        }
        const std::uint64_t before = attempt_.bytes();
        auto done = co_await ask_once();
        write_down(done);
        if (done) {
            shared_.budget.succeeded();
            tell(done, AfterAttempt::done, {});
            co_return done;
        }
        if (classify(done.error()) == FailureClass::interrupted) {
            tell(done, AfterAttempt::again, {});
            continue;  // the process stopped, the machine slept, an address went: no mirror is to blame, what came is kept
        }
        if (current_.left == LeftMirror::faster_known || current_.left == LeftMirror::exploring) {
            tell(done, AfterAttempt::other_mirror, {});
            history_.mirror = current_.to;
            continue;
        }
        if (is_only_limited(transport_.pace, done.error(), urls_[history_.mirror]) &&
            free_rejections_ < most_free_rejections(done.error().http_status)) {
            ++free_rejections_;  // the same again in its turn, or another mirror at once
            tell(done, AfterAttempt::again, {});
            failures_.insert_or_assign(history_.mirror, std::move(done.error()));
            continue;
        }
        const auto retry = plan(done.error(), before);
        if (!retry) {
            tell(done, AfterAttempt::give_up, {});
            co_return std::unexpected(give_up_error(std::move(done.error())));
        }
        tell(done, retry->mirror == history_.mirror ? AfterAttempt::again : AfterAttempt::other_mirror, retry->delay);
        failures_.insert_or_assign(history_.mirror, std::move(done.error()));
        history_.mirror = retry->mirror;
        if (retry->delay > Duration{0}) {
            const auto timer = transport_.network.make_timer();
            if (co_await timer->wait_until(transport_.network.now() + retry->delay) == net::Wake::cancelled) {
                co_return cancelled();
            }
        }
    }
}

// False: cancelled.
net::Task<bool> AttemptRun::wait_for_place() {
    const auto is_full = [&](std::size_t mirror) {
        const unsigned most = most_[mirror];
        const HostRecord* record = shared_.book.find(hosts_[mirror]);
        return most > 0 && record != nullptr && record->active >= most;
    };
    while (is_full(history_.mirror)) {
        const auto order = ranking();
        const auto room = std::ranges::find_if(
            order, [&](std::size_t mirror) { return usable(mirror) && history_.fruitless[mirror] == 0 && !is_full(mirror); });
        if (room != order.end()) {
            history_.mirror = *room;
            break;
        }
        net::Event place{transport_.network};
        const auto at = shared_.waiting.insert(shared_.waiting.end(), &place);
        const auto wake = co_await place.wait(TimePoint::max());
        shared_.waiting.erase(at);
        if (wake == net::Wake::cancelled) {
            co_return false;
        }
    }
    co_return true;
}

net::Task<Result<void>> AttemptRun::ask_once() {
    ++asked_;
    const bool explores = current_.left == LeftMirror::exploring;
    const TimePoint now = transport_.network.now();
    watch_ = {};
    current_ = {.started = now, .judged = now, .exploring = explores};
    if (is_file_url(urls_[history_.mirror])) {
        co_return co_await attempt_.ask_file(urls_[history_.mirror]);
    }
    auto url = parse_url(urls_[history_.mirror], Schemes::http_and_ftp);
    if (!url) {
        co_return std::unexpected(std::move(url.error()));
    }
    shared_.book.began(host(), now);
    const HostRecord* record = shared_.book.find(host());
    current_.queued = record->active > question().connections;
    here_ = shared_.layers.at(*url, wanted_);
    auto request = make_request(std::move(*url), here_);
    if (mirrors() == 1 && !patience_) {
        request.watch = &watch_;
        co_return co_await attempt_.ask(std::move(request));
    }
    begin_time();
    if (patience_) {
        request.limits.dial = std::min(request.limits.dial, std::chrono::ceil<std::chrono::milliseconds>(patience_->left()));
    }
    if (const auto limit = dial_limit(others()); limit && !here_.timeout) {
        request.limits.dial = std::min(request.limits.dial, std::chrono::duration_cast<std::chrono::milliseconds>(*limit));
    }
    current_.dial = request.limits.dial;
    auto done =
        co_await ask_watched(transport_, attempt_, std::move(request), watch_, [this](http::ExchangeWatch& watch) { return judge(watch); });
    if (current_.left != LeftMirror::no && (done || done.error().code != Errc::cancelled || co_await net::is_cancelled())) {
        current_.left = LeftMirror::no;  // it ended by itself in the same moment
    }
    if (!done) {
        explain_leaving(done.error());
    }
    end_time(done);
    co_return done;
}

void AttemptRun::write_down(const Result<void>& done) {
    if (host().empty()) {
        return;
    }
    const TimePoint now = transport_.network.now();
    measure(watch_, now);
    shared_.book.carried(host(), watch_.received - current_.booked, current_.unbooked_time, now);
    AttemptSample sample;
    if (watch_.bound && !watch_.reused && !current_.queued) {
        sample.setup = in_seconds(*watch_.bound - current_.started);
    }
    if (watch_.bound && watch_.first_byte) {
        sample.first_byte = in_seconds(*watch_.first_byte - *watch_.bound);
    }
    const bool moved = current_.left == LeftMirror::faster_known || current_.left == LeftMirror::exploring;
    sample.outcome = done || moved ? AttemptOutcome::succeeded
                                   : outcome_of(done.error(), is_only_limited(transport_.pace, done.error(), urls_[history_.mirror]));
    shared_.book.ended(host(), sample, now);
    if (sample.outcome == AttemptOutcome::failed) {
        shared_.book.failed_with(host(), done.error());
    }
    for (net::Event* waiting : shared_.waiting) {
        waiting->set();
    }
}

std::optional<Retry> AttemptRun::plan(const Error& error, std::uint64_t bytes_before) {
    const FailureClass failure = classify(error);
    if (failure != FailureClass::mirror) {
        ++history_.attempts;
        if (attempt_.bytes() > bytes_before && current_.left != LeftMirror::too_slow) {
            history_.fruitless.assign(mirrors(), 0);
        } else {
            ++history_.fruitless[history_.mirror];
        }
    }
    history_.without_progress = std::accumulate(history_.fruitless.begin(), history_.fruitless.end(), 0u);
    const bool wants_long_absence = error.retry_after && *error.retry_after > http::HostPace::longest_quiet;
    auto retry = plan_retry(failure, history_);
    if (failure == FailureClass::mirror || (wants_long_absence && next_mirror() != history_.mirror)) {
        history_.struck_out[history_.mirror] = true;
    }
    if (!retry && failure == FailureClass::mirror && begin_second_round(error)) {
        retry = Retry{.mirror = history_.mirror};
    }
    if (retry) {
        retry->mirror = next_mirror();
        retry->delay = std::chrono::duration_cast<Duration>(retry->delay * (1 + jitter * (shared_.draw() - 0.5)));
        if (wants_long_absence && retry->mirror == history_.mirror) {
            // It is taken at its word but for one more try: servers that say an hour are often back in a minute.
            retry->delay = http::HostPace::longest_quiet;
            if (std::exchange(waited_long_, true)) {
                return std::nullopt;
            }
        }
        // A mirror that will not serve the file cost its one request, and progress is worth a request; all else has its budget.
        if (failure != FailureClass::mirror && history_.without_progress > 0 && !shared_.budget.take()) {
            retry.reset();
        }
    }
    if (is_out_of_time()) {
        retry.reset();
    }
    if (options_.mirrors.on_failure && failure != FailureClass::final) {
        const MirrorFailure told{.url = redact_url(urls_[history_.mirror]), .mirror = history_.mirror, .tries = asked_, .error = error};
        return act(options_.mirrors.on_failure(told), retry);
    }
    return retry;
}

// Once per file, past caches, and within the run's budget: mirrors that sent something wrong may have had a bad moment.
bool AttemptRun::begin_second_round(const Error& error) {
    if (second_round_ || mirrors() == 1 || options_.retries == 1) {
        return false;
    }
    bool any = false;
    for (std::size_t mirror = 0; mirror < mirrors(); ++mirror) {
        const auto failed = failures_.find(mirror);
        const Error* last = mirror == history_.mirror ? &error : failed == failures_.end() ? nullptr : &failed->second;
        if (last != nullptr && is_worth_a_second_round(*last)) {
            history_.struck_out[mirror] = false;
            history_.fruitless[mirror] = 0;
            any = true;
        }
    }
    if (!any || !shared_.budget.take()) {
        return false;
    }
    second_round_ = true;
    wanted_.no_cache = true;
    return true;
}

std::optional<Retry> AttemptRun::act(MirrorAction action, std::optional<Retry> planned) {
    switch (action) {
        case MirrorAction::next:
            return planned;
        case MirrorAction::fail:
            return std::nullopt;
        case MirrorAction::remove:
            shared_.book.remove(host());
            history_.struck_out[history_.mirror] = true;
            if (const std::size_t mirror = next_mirror(); mirror != history_.mirror) {
                return Retry{.mirror = mirror};
            }
            return std::nullopt;
        case MirrorAction::retry:
            history_.struck_out[history_.mirror] = false;
            return asked_ < (options_.retries == 0 ? 1000u : options_.retries.value()) ? std::optional{Retry{.mirror = history_.mirror}}
                                                                                       : std::nullopt;
    }
    return planned;
}

void AttemptRun::tell(const Result<void>& done, AfterAttempt next, Duration delay) const {
    if (!shared_.on_attempt) {
        return;
    }
    const TimePoint now = transport_.network.now();
    const TimePoint bound = watch_.bound.value_or(now);
    const TimePoint first = watch_.first_byte.value_or(now);
    AttemptEvent event{.url = redact_url(urls_[history_.mirror]),
                       .mirror = history_.mirror,
                       .number = asked_,
                       .address = watch_.address,
                       .reused = watch_.reused,
                       .started = current_.started.time_since_epoch(),
                       .setup = bound - current_.started,
                       .waiting = std::max(first - bound, Duration{0}),
                       .body = watch_.first_byte ? now - first : Duration{0},
                       .received = watch_.received,
                       .error = {},
                       .left = current_.left,
                       .next = next,
                       .delay = delay};
    if (!done) {
        event.error = done.error();
        event.address = event.address.empty() ? done.error().address : event.address;
    }
    shared_.on_attempt(event);
}

// The last failure, with a word on each other mirror: a list that all failed is told as such.
Error AttemptRun::give_up_error(Error last) const {
    for (const auto& [mirror, error] : failures_) {
        if (mirror != history_.mirror && last.code != Errc::cancelled) {
            last.cause += "; " + redact_url(urls_[mirror]) + ": " + error.cause;
        }
    }
    return last;
}

}  // namespace lastack::download
