#include "download/tail.hpp"

#include "download/file_sink.hpp"
#include "download/local_file.hpp"
#include "download/mirrors.hpp"
#include "download/range_reply.hpp"
#include "download/retry_plan.hpp"
#include "http/error.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace lastack::download {

namespace {

constexpr auto interval = std::chrono::milliseconds{250};
constexpr double worth_waiting = 2;  // seconds that a fetch may still take when the beginning has come to it
constexpr auto longest_wait = std::chrono::seconds{3};
constexpr auto longest_gap = std::chrono::seconds{2};
constexpr std::size_t piece_size = std::size_t{1} << 20;
constexpr double comparable = 0.5;  // of the first connection's rate: a mirror that is known to be slower is no help
constexpr std::size_t most_tried = 3;

double in_seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

std::filesystem::path tail_path(const std::filesystem::path& path) { return path.string() + ".tail"; }

}  // namespace

// Takes the answer to PATH.tail.part. Only a part will do: a server that sends the whole file would send its beginning twice.
class Tail::Sink final : public http::BodySink {
public:
    Sink(Tail& tail, std::uint64_t first) : tail_{tail}, first_{first} {}

    Result<http::BodyUse> begin(const http::ResponseHead& head, const http::Framing& framing) override {
        if (head.status != 206) {
            if (head.status >= 200 && head.status < 300) {
                return fail(http::HttpErrc::bad_range, "the server does not send parts of files");
            }
            return std::unexpected(http::status_error(head));
        }
        auto part = part_reply(head, framing, {.first = first_}, {.size = tail_.size().value() - first_});
        if (!part) {
            return std::unexpected(std::move(part.error()));
        }
        if (tail_.position() >= first_) {
            return fail(Errc::cancelled, "the first connection was faster");
        }
        cutter_ = PartCutter{*part};
        tail_.first_ = first_;
        return http::BodyUse::take;
    }
    net::Task<Result<void>> write(std::span<const std::byte> body) override {
        const auto piece = cutter_.cut(body);
        buffer_.insert(buffer_.end(), piece.begin(), piece.end());
        tail_.received_ += piece.size();
        tail_.fetched_ += piece.size();
        tail_.progress_.received += piece.size();
        co_return buffer_.size() >= write_size ? co_await flush() : Result<void>{};
    }
    net::Task<Result<void>> flush() {
        if (buffer_.empty()) {
            co_return Result<void>{};
        }
        auto stored = co_await tail_.disk_.run([this] { return tail_.bytes_.append(buffer_); });
        buffer_.clear();
        co_return stored;
    }

private:
    static std::unexpected<Error> fail(std::error_code code, std::string cause) {
        return std::unexpected(Error{.code = code, .phase = Phase::receiving, .cause = std::move(cause)});
    }

    Tail& tail_;
    std::uint64_t first_;
    PartCutter cutter_;
    std::vector<std::byte> buffer_;
};

Tail::Tail(Transport transport, net::Workers& disk, Throttle& throttle, const DownloadRequest& request, PartialFile& file,
           JobProgress& progress)
    : transport_{transport},
      disk_{disk},
      pace_{throttle, 0},
      request_{request},
      file_{file},
      progress_{progress},
      bytes_{tail_path(request.path), {.size = request.size, .digests = request.digests}, PartialFile::Extent::part},
      ended_{transport.network},
      tasks_{transport.network} {}

// A digest has to tell that the parts make the file; and a limit of the rate, or an order of the mirrors, is not for us to get around.
bool Tail::may_help() const {
    const RequestOptions options = transport_.mirrors.layers.of_file(request_.options);
    return request_.size.value_or(UINT64_MAX) >= least_with_tail && !request_.digests.empty() && request_.resume && !options.range &&
           !options.body && options.rate_limit == 0 && options.keepalive && options.mirrors.order == MirrorOrder::ranked &&
           !options.mirrors.on_failure;
}

net::Task<void> Tail::begin() {
    std::error_code ignored;
    allowed_ = may_help();
    const std::uint64_t at_hand = file_.size();
    if (!allowed_ || (!request_.size && at_hand == 0)) {
        co_return;
    }
    co_await disk_.run([&] {
        if (!std::filesystem::exists(tail_path(request_.path).string() + ".part", ignored)) {
            return true;
        }
        open_ = bytes_.open().has_value();
        if (open_ && (bytes_.size() == 0 || bytes_.source().first + bytes_.size() <= at_hand)) {
            bytes_.discard();  // of a run that ended before there was anything, or after all of it had been taken over
            open_ = false;
        }
        return true;
    });
    if (open_) {
        first_ = bytes_.source().first;
        received_ = bytes_.size();
        progress_.received += received_;
    }
    begin_looking();
}

void Tail::size_told() {
    if (allowed_ && size().value_or(0) >= least_with_tail) {
        begin_looking();
    }
}

void Tail::begin_looking() {
    if (!std::exchange(looks_, true)) {
        tasks_.spawn(look(), "a look at the rate");
    }
}

std::optional<std::uint64_t> Tail::size() const {
    const std::uint64_t told = progress_.total;
    return request_.size || told == JobProgress::unknown ? request_.size : std::optional{told};
}

net::Task<void> Tail::end(bool keep) {
    if (!looks_ && !open_) {
        co_return;
    }
    // The caller may have been cancelled; what we wait for ends soon.
    co_await net::asio::this_coro::reset_cancellation_state(net::asio::disable_cancellation());
    tasks_.cancel_all();
    co_await tasks_.join();
    const bool useful = keep && received_ > 0;
    if (open_ && !useful) {
        co_await throw_away();
    }
}

// Of the beginning.
std::uint64_t Tail::position() const {
    const std::uint64_t all = progress_.received;
    return all - std::min(all, received_);
}

net::Task<void> Tail::look() {
    const auto timer = transport_.network.make_timer();
    TimePoint before = transport_.network.now();
    while (co_await timer->wait_until(before + interval) == net::Wake::expired) {
        const TimePoint now = transport_.network.now();
        measure(now - before);
        before = now;
        if (fetch_) {
            judge();
        } else {
            consider();
        }
    }
}

void Tail::measure(Duration time) {
    const std::uint64_t now_at = position();
    // A server that limits its rate sends in bursts: what lies between them belongs to the rate. A longer gap is a stall, and judged
    // elsewhere.
    unmoved_ = std::min<Duration>(unmoved_ + time, longest_gap);
    if (now_at != seen_.value_or(now_at)) {
        if (moved_ && now_at > *seen_) {
            rate_.add(now_at - *seen_, unmoved_);
        }
        moved_ = true;
        unmoved_ = Duration{0};
    }
    seen_ = now_at;
    if (fetch_ && fetch_->watch.first_byte) {
        fetch_->rate.add(received_ - std::min(received_, fetch_->seen), time);
        fetch_->seen = received_;
    }
}

void Tail::judge() {
    TailFetch& fetch = *fetch_;
    const TimePoint now = transport_.network.now();
    if (transport_.mirrors.places.wanted) {
        tasks_.cancel(fetch.task);  // a job has a better use for the place
        return;
    }
    if (!fetch.watch.first_byte) {
        return;
    }
    fetch.began = fetch.began.value_or(now);
    if (!fetch.judged && now - *fetch.began >= tail_trial) {
        fetch.judged = true;
        fetch.futile = !tail_helps(fetch.alone, rate_.per_second() + fetch.rate.per_second());
        if (fetch.futile) {
            tasks_.cancel(fetch.task);
        }
    }
}

void Tail::consider() {
    if (given_up_ || first_ || !size() || tried_.size() >= most_tried || !transport_.mirrors.places.any_free()) {
        return;
    }
    const auto other = choose();
    if (!other) {
        return;
    }
    const auto first = tail_begin(
        {.position = position(), .size = *size(), .rate = rate_.per_second(), .other_rate = other->rate, .measured = rate_.measured()});
    if (!first) {
        return;
    }
    ++transport_.mirrors.places.lent;
    ended_.reset();
    fetch_.emplace();
    fetch_->mirror = other->mirror;
    fetch_->alone = rate_.per_second();
    fetch_->seen = received_;
    fetch_->task = tasks_.spawn(fetch(other->mirror, *first), "the end of a file");
}

// A mirror known to be fast, else one that nobody knows, else the one that brings the beginning.
std::optional<Tail::Choice> Tail::choose() const {
    const Mirrors& mirrors = transport_.mirrors;
    const TimePoint now = transport_.network.now();
    std::optional<Choice> known;
    std::optional<Choice> unknown;
    std::optional<Choice> same;
    for (std::size_t mirror = 0; mirror < request_.urls.size(); ++mirror) {
        const auto url = parse_url(request_.urls[mirror]);
        if (!url || tried_.contains(mirror)) {
            continue;
        }
        const std::string host = url->host_field();
        const HostRecord* record = mirrors.book.find(host);
        const unsigned own = mirrors.layers.at(*url, request_.options).mirrors.max_connections;
        const unsigned most = own == 0 ? mirrors.connections_per_host : std::min(own, mirrors.connections_per_host);
        if (record != nullptr && (record->removed || record->active >= most || mirrors.book.is_down(host, now))) {
            continue;
        }
        if (host == host_) {
            same = same ? same : Choice{.mirror = mirror};
        } else if (record == nullptr || (!record->explored && record->fails == 0)) {
            unknown = unknown ? unknown : Choice{.mirror = mirror};
        } else if (mirrors.book.known_good(host, now) && record->rate >= comparable * rate_.per_second() &&
                   (!known || record->rate > known->rate)) {
            known = Choice{.mirror = mirror, .rate = record->rate};
        }
    }
    return known ? known : unknown ? unknown : same;
}

net::Task<void> Tail::fetch(std::size_t mirror, std::uint64_t first) {
    const TimePoint started = transport_.network.now();
    const auto url = parse_url(request_.urls[mirror]);  // choose() parsed it before
    const std::string host = url->host_field();
    transport_.mirrors.book.began(host, started);
    auto done = co_await ask(*url, first);
    const bool is_ours = !done && (done.error().code == Errc::cancelled || classify(done.error()) == FailureClass::interrupted);
    AttemptSample sample;
    sample.outcome = done ? AttemptOutcome::succeeded : AttemptOutcome::no_blame;
    transport_.mirrors.book.carried(host, fetch_->watch.received,
                                    fetch_->watch.first_byte ? in_seconds(transport_.network.now() - *fetch_->watch.first_byte) : 0,
                                    transport_.network.now());
    transport_.mirrors.book.ended(host, sample, transport_.network.now());
    tell(done, started);
    if ((!done && !is_ours) || fetch_->futile) {
        tried_.insert(mirror);
    }
    if (received_ == 0) {
        first_.reset();
    }
    fetch_.reset();
    ended_.set();
    --transport_.mirrors.places.lent;
    transport_.mirrors.places.on_return();
}

net::Task<Result<void>> Tail::ask(const Url& url, std::uint64_t first) {
    auto ready = co_await disk_.run([&]() -> Result<void> {
        if (!open_) {
            if (auto opened = bytes_.open(PartialFile::Earlier::throw_away); !opened) {
                return opened;
            }
            open_ = true;
        }
        return bytes_.start_over({.url = url.str(), .first = first});
    });
    if (!ready) {
        given_up_ = true;  // the disk's trouble is told by whoever cannot do without it
        co_return ready;
    }
    if (co_await net::is_cancelled()) {
        co_return std::unexpected(Error{.code = Errc::cancelled, .cause = "cancelled"});
    }
    auto request = make_request(url, transport_.mirrors.layers.at(url, request_.options));
    request.fields.add("Range", range_field({.first = first}));
    request.pace = pace_.get();
    request.watch = &fetch_->watch;
    Sink sink{*this, first};
    auto response = co_await send(transport_, std::move(request), sink);
    auto stored = co_await sink.flush();
    if (!response) {
        co_return std::unexpected(std::move(response.error()));
    }
    co_return stored;
}

void Tail::tell(const Result<void>& done, TimePoint started) const {
    if (!transport_.mirrors.on_attempt) {
        return;
    }
    const TimePoint now = transport_.network.now();
    const TimePoint bound = fetch_->watch.bound.value_or(now);
    const TimePoint first = fetch_->watch.first_byte.value_or(now);
    AttemptEvent event{.url = redact_url(request_.urls[fetch_->mirror]),
                       .mirror = fetch_->mirror,
                       .number = 0,
                       .address = fetch_->watch.address,
                       .reused = fetch_->watch.reused,
                       .started = started.time_since_epoch(),
                       .setup = bound - started,
                       .waiting = std::max(first - bound, Duration{0}),
                       .body = fetch_->watch.first_byte ? now - first : Duration{0},
                       .received = fetch_->watch.received,
                       .error = done ? std::nullopt : std::optional{done.error()},
                       .left = LeftMirror::no,
                       .next = AfterAttempt::done,
                       .delay = Duration{0}};
    transport_.mirrors.on_attempt(event);
}

net::Task<Result<void>> Tail::join(http::ExchangeWatch* watch) {
    if (watch != nullptr) {
        watch->hand_on(transport_.network.now());
    }
    co_await settle();
    auto done = co_await absorb();
    if (watch != nullptr) {
        watch->handed_on(transport_.network.now());
    }
    if (done) {
        joined_ = true;
        co_await throw_away();
    }
    co_return done;
}

// Until nothing writes the tail any more: a fetch that is nearly done may end by itself.
net::Task<void> Tail::settle() {
    if (fetch_ && fetch_->rate.per_second() > 0 && first_ && size()) {
        const auto left = static_cast<double>(*size() - std::min(*size(), *first_ + received_));
        if (left / fetch_->rate.per_second() <= worth_waiting) {
            co_await ended_.wait(transport_.network.now() + longest_wait);
        }
    }
    while (fetch_) {
        tasks_.cancel(fetch_->task);
        ended_.reset();
        if (co_await ended_.wait(TimePoint::max()) == net::Wake::cancelled) {
            co_return;
        }
    }
}

net::Task<Result<void>> Tail::absorb() {
    std::vector<std::byte> buffer(piece_size);
    while (true) {
        if (fetch_ || co_await net::is_cancelled()) {
            co_return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::writing, .cause = "cancelled"});
        }
        auto moved = co_await disk_.run([&]() -> Result<std::size_t> {
            const std::uint64_t offset = file_.size() - bytes_.source().first;
            if (offset >= bytes_.size()) {
                return std::size_t{0};
            }
            auto n = bytes_.read(buffer, offset);
            if (!n || *n == 0) {
                return n;
            }
            if (auto stored = file_.append(std::span{buffer}.first(*n)); !stored) {
                return std::unexpected(std::move(stored.error()));
            }
            return n;
        });
        if (!moved) {
            co_return std::unexpected(std::move(moved.error()));
        }
        if (*moved == 0) {
            co_return Result<void>{};
        }
    }
}

net::Task<void> Tail::throw_away() {
    co_await disk_.run([this] {
        bytes_.discard();
        return true;
    });
    open_ = false;
    first_.reset();
    received_ = 0;
    seen_.reset();
    progress_.received = file_.size();
}

net::Task<void> Tail::give_up() {
    given_up_ = true;
    co_await settle();
    joined_ = false;
    if (open_ && !fetch_) {
        co_await throw_away();
    }
}

}  // namespace lastack::download
