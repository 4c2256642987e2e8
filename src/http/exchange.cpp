#include "http/exchange.hpp"

#include "http/body_decoder.hpp"
#include "http/error.hpp"
#include "http/head_parser.hpp"
#include "http/read_pace.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace lastack::http {

namespace {

// A small document costs a small buffer, however many wait at a time; a stream of bytes gets a large one, which bounds the work of one
// turn.
constexpr std::size_t first_read = std::size_t{4} << 10;
constexpr std::size_t largest_read = std::size_t{64} << 10;
constexpr std::size_t largest_write = std::size_t{64} << 10;
constexpr std::uint64_t skip_limit = std::uint64_t{64} << 10;  // reading more away costs more than a new connection
constexpr auto skip_time = std::chrono::milliseconds{500};

Error closed_error(Phase phase, std::string cause) {
    return Error{.code = net::NetErrc::closed, .phase = phase, .cause = std::move(cause)};
}

// What a failed read or write is in the life of its connection.
net::EventKind event_of(const Error& error) {
    if (error.code == Errc::timed_out) {
        return net::EventKind::deadline;
    }
    if (error.code == Errc::cancelled) {
        return net::EventKind::abandoned;
    }
    return error.code == net::NetErrc::interrupted ? net::EventKind::freeze : net::EventKind::reset;
}

class Story {
public:
    Story(net::Network& network, Connection& connection, net::Lifecycle& life, const Request& request, std::string bytes, BodySink& sink)
        : network_{network}, stream_{connection.stream()}, life_{life}, request_{request}, bytes_{std::move(bytes)}, sink_{sink} {}

    net::Task<ExchangeOutcome> run() {
        auto step = co_await send();
        if (step) {
            step = co_await receive_head();
        }
        if (step) {
            step = begin_body();
        }
        if (step) {
            step = co_await receive_body();
        }
        if (!step) {
            outcome_.error = std::move(step.error());
        }
        co_return std::move(outcome_);
    }

private:
    [[nodiscard]] TimePoint deadline() const { return network_.now() + request_.limits.timeout; }

    [[nodiscard]] HeadLimits head_limits() const {
        HeadLimits limits;
        limits.total = request_.limits.head;
        return limits;
    }

    void happened(net::LifeEvent event) {
        const net::Step step = life_.on(event);
        if (step.fate != net::Fate::none) {
            outcome_.fate = step.fate;
        }
    }
    void happened(net::EventKind kind) { happened(net::LifeEvent{.kind = kind}); }

    // The error, and what it means for the connection.
    std::unexpected<Error> lost(net::EventKind kind, Error error) {
        happened(kind);
        return std::unexpected(std::move(error));
    }
    std::unexpected<Error> lost(Error error) {
        const auto kind = event_of(error);
        return lost(kind, std::move(error));
    }

    net::Task<Result<void>> send() {
        // Last look before the first byte: what is there now was not asked for, and must not be taken for an answer.
        switch (stream_.probe()) {
            case net::Input::quiet:
                break;
            case net::Input::bytes:
                co_return lost(net::EventKind::bytes,
                               Error{.code = net::NetErrc::unsolicited, .phase = Phase::sending, .cause = "bytes came before the request"});
            case net::Input::failed:
                // A reset, a TLS alert, or our own interruption: only an operation tells which.
                buffer_.resize(first_read);
                if (auto read = co_await stream_.read_some(buffer_, deadline()); !read) {
                    read.error().phase = Phase::sending;
                    co_return lost(std::move(read.error()));
                }
                [[fallthrough]];
            case net::Input::end:
                co_return lost(net::EventKind::end, closed_error(Phase::sending, "the server closed the connection before the request"));
        }
        auto written = co_await write_request_bytes();
        outcome_.sent = written.bytes;
        if (written.bytes > 0) {
            happened(written.error ? net::EventKind::sent_part : net::EventKind::sent_all);
        }
        // A server may answer and reset before it read everything: what it said is still there to be read.
        if (written.error && written.error->code != net::NetErrc::reset) {
            co_return lost(std::move(*written.error));
        }
        co_return Result<void>{};
    }

    // In pieces with a deadline each: a large body may take its time as long as it moves.
    net::Task<net::Written> write_request_bytes() {
        net::Written all;
        for (auto rest = std::as_bytes(std::span{bytes_}); !rest.empty() && !all.error;) {
            auto piece = co_await stream_.write_all(rest.first(std::min(rest.size(), largest_write)), deadline());
            all.bytes += piece.bytes;
            all.error = std::move(piece.error);
            rest = rest.subspan(piece.bytes);
        }
        co_return all;
    }

    // Fills the empty buffer. False: the peer closed.
    net::Task<Result<bool>> fill(TimePoint until, std::size_t most = largest_read) {
        buffer_.resize(std::min(next_read_, most));
        auto n = co_await stream_.read_some(buffer_, until);
        const bool cut_off = !n && n.error().code == net::NetErrc::cut_off;
        if (!n && !cut_off) {
            co_return lost(std::move(n.error()));
        }
        const std::size_t came = n.value_or(0);
        if (came == next_read_) {
            next_read_ = std::min(largest_read, 4 * next_read_);
        }
        unread_ = std::span{buffer_}.first(came);
        outcome_.received += came;
        if (request_.watch != nullptr && came > 0) {
            request_.watch->came(network_.now(), came);
        }
        if (came > 0) {
            happened(net::EventKind::bytes);
            if (!life_.is_open()) {
                co_return std::unexpected(
                    Error{.code = net::NetErrc::unsolicited, .phase = Phase::sending, .cause = "bytes came before the request"});
            }
        } else {
            happened({.kind = net::EventKind::end, .until_close = framing_.kind == FramingKind::until_close, .clean = !cut_off});
        }
        co_return came > 0;
    }

    net::Task<Result<void>> receive_head() {
        const TimePoint until = deadline();  // for the whole head: a byte now and then is no progress
        HeadParser parser{head_limits()};
        while (true) {
            if (unread_.empty()) {
                auto more = co_await fill(until);
                if (!more) {
                    more.error().phase = outcome_.received == 0 ? Phase::waiting : Phase::receiving;
                    if (more.error().code == Errc::timed_out) {
                        more.error().cause = outcome_.received == 0 ? "no answer in time" : "the answer's head did not end in time";
                    }
                    co_return std::unexpected(std::move(more.error()));
                }
                if (!*more) {
                    co_return std::unexpected(outcome_.received == 0
                                                  ? closed_error(Phase::waiting, "the server closed the connection without an answer")
                                                  : closed_error(Phase::receiving, "the connection ended inside the answer's head"));
                }
            }
            auto used = parser.feed(unread_);
            if (!used) {
                co_return lost(net::EventKind::malformed, std::move(used.error()));
            }
            unread_ = unread_.subspan(*used);
            if (!parser.done()) {
                continue;
            }
            outcome_.heads_size += parser.size();
            outcome_.head = parser.take();
            if (outcome_.head.status >= 200 || outcome_.head.status == 101) {
                outcome_.head_complete = true;
                happened({.kind = net::EventKind::head, .idle_refused = outcome_.head.status == 408});
                co_return Result<void>{};
            }
            happened(net::EventKind::informational);
            if (!life_.is_open() || outcome_.heads_size > request_.limits.head) {
                co_return lost(net::EventKind::malformed, Error{.code = HttpErrc::unexpected_status,
                                                                .phase = Phase::receiving,
                                                                .cause = "the server sends one provisional answer after the other"});
            }
            parser = HeadParser{head_limits()};
        }
    }

    Result<void> begin_body() {
        auto framing = body_framing(request_.method, outcome_.head);
        if (!framing) {
            return lost(net::EventKind::malformed, std::move(framing.error()));
        }
        framing_ = *framing;
        if (!life_.is_open()) {
            // The server had given up on this connection before it saw the request; it is sent again elsewhere.
            return std::unexpected(closed_error(Phase::waiting, "the server closed the connection for being idle (408)"));
        }
        auto use = sink_.begin(outcome_.head, framing_);
        if (!use) {
            return lost(net::EventKind::abandoned, std::move(use.error()));
        }
        use_ = *use;
        return {};
    }

    net::Task<Result<void>> receive_body() {
        BodyDecoder decoder{framing_};
        if (use_ == BodyUse::skip && !decoder.done()) {
            co_await skip_body(decoder);
            co_return Result<void>{};
        }
        if (request_.pace != nullptr && !unread_.empty()) {
            request_.pace->taken(request_.url.origin.host, 0, unread_.size(), network_.now());
        }
        while (!decoder.done()) {
            if (unread_.empty()) {
                auto more = co_await fill_body();
                if (!more) {
                    co_return std::unexpected(std::move(more.error()));
                }
                if (!*more) {
                    if (outcome_.fate == net::Fate::truncated) {
                        co_return std::unexpected(
                            Error{.code = HttpErrc::truncated,
                                  .phase = Phase::receiving,
                                  .cause = "the connection was cut off: whether the answer was complete cannot be told",
                                  .next_step = "use another mirror: this one ends answers without saying so"});
                    }
                    co_return decoder.end_of_input();  // complete if it lasts until the end
                }
            }
            auto piece = decoder.next(unread_);
            if (!piece) {
                co_return lost(net::EventKind::malformed, std::move(piece.error()));
            }
            unread_ = unread_.subspan(piece->consumed);
            if (piece->data.empty()) {
                continue;
            }
            auto stored = co_await hand_on(piece->data);
            if (!stored) {
                co_return lost(net::EventKind::abandoned, std::move(stored.error()));
            }
        }
        end_of_answer();
        co_return Result<void>{};
    }

    // The answer is known; its body is read away only as far as that is cheaper than a new connection, and whatever happens to it does not
    // change the answer.
    net::Task<void> skip_body(BodyDecoder& decoder) {
        const TimePoint until = network_.now() + std::min<Duration>(skip_time, request_.limits.timeout);
        std::uint64_t skipped = 0;
        bool worth_it = framing_.kind != FramingKind::until_close && framing_.length <= skip_limit;
        while (worth_it && !decoder.done()) {
            if (unread_.empty()) {
                const auto more = co_await fill(until);
                if (!more || !*more) {
                    break;
                }
            }
            const auto piece = decoder.next(unread_);
            if (!piece) {
                break;
            }
            unread_ = unread_.subspan(piece->consumed);
            skipped += piece->consumed;
            worth_it = skipped <= skip_limit;
        }
        if (decoder.done()) {
            end_of_answer();
        } else {
            happened(net::EventKind::abandoned);
        }
        outcome_.fate = net::Fate::delivered;
    }

    void end_of_answer() {
        const KeepAliveHint hint = keep_alive_hint(outcome_.head);
        outcome_.hint = {.timeout = hint.timeout, .max = hint.max};
        const bool keep = request_.keepalive && unread_.empty() && keeps_connection(outcome_.head, framing_);
        happened({.kind = net::EventKind::complete, .keep = keep});
    }

    net::Task<Result<void>> hand_on(std::span<const std::byte> piece) {
        if (request_.watch != nullptr) {
            request_.watch->hand_on(network_.now());
        }
        auto stored = co_await sink_.write(piece);
        if (request_.watch != nullptr) {
            request_.watch->handed_on(network_.now());
        }
        co_return stored;
    }

    // Waits for the throttle's leave; the wait is no silence of the server. Most bytes for the next read.
    net::Task<Result<std::size_t>> pace() {
        if (request_.pace == nullptr) {
            co_return largest_read;
        }
        const ReadGrant grant = request_.pace->next(request_.url.origin.host, network_.now());
        if (grant.at > network_.now()) {
            if (!timer_) {
                timer_ = network_.make_timer();
            }
            if (request_.watch != nullptr) {
                request_.watch->hand_on(network_.now());
            }
            const auto wake = co_await timer_->wait_until(grant.at);
            if (request_.watch != nullptr) {
                request_.watch->handed_on(network_.now());
            }
            if (wake == net::Wake::cancelled) {
                co_return lost(Error{.code = Errc::cancelled, .phase = Phase::receiving, .cause = "cancelled"});
            }
        }
        co_return grant.bytes;
    }

    // As fill, and judges the rate over the time spent waiting for the network (not for the disk).
    net::Task<Result<bool>> fill_body() {
        auto granted = co_await pace();
        if (!granted) {
            co_return std::unexpected(std::move(granted.error()));
        }
        const TimePoint before = network_.now();
        auto more = co_await fill(before + request_.limits.timeout, *granted);
        if (request_.pace != nullptr) {
            request_.pace->taken(request_.url.origin.host, *granted, more && *more ? unread_.size() : 0, network_.now());
        }
        if (!more) {
            if (more.error().code == Errc::timed_out) {
                more.error().cause = "the transfer stalled: nothing came for " + std::to_string(request_.limits.timeout.count()) + " ms";
            }
            co_return more;
        }
        waited_ += network_.now() - before;
        window_bytes_ += unread_.size();
        if (waited_ >= request_.limits.timeout) {
            const double least = static_cast<double>(request_.limits.minrate) * std::chrono::duration<double>(waited_).count();
            if (*more && static_cast<double>(window_bytes_) < least) {
                co_return lost(net::EventKind::deadline,
                               Error{.code = HttpErrc::too_slow,
                                     .phase = Phase::receiving,
                                     .cause = "slower than " + std::to_string(request_.limits.minrate) + " bytes per second",
                                     .next_step = "lower 'minrate' if the link is that slow"});
            }
            waited_ = Duration{0};
            window_bytes_ = 0;
        }
        co_return more;
    }

    net::Network& network_;
    net::Stream& stream_;
    net::Lifecycle& life_;
    const Request& request_;
    std::string bytes_;
    BodySink& sink_;
    ExchangeOutcome outcome_;
    Framing framing_;
    BodyUse use_ = BodyUse::take;
    std::size_t next_read_ = first_read;
    std::vector<std::byte> buffer_;
    std::span<const std::byte> unread_;
    std::unique_ptr<net::Timer> timer_;  // of the throttle
    Duration waited_{0};
    std::uint64_t window_bytes_ = 0;
};

}  // namespace

net::Task<ExchangeOutcome> exchange(net::Network& network, Connection& connection, net::Lifecycle& life, const Request& request,
                                    std::string request_bytes, BodySink& sink) {
    Story story{network, connection, life, request, std::move(request_bytes), sink};
    co_return co_await story.run();
}

}  // namespace lastack::http
