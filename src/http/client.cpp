#include "http/client.hpp"

#include "http/error.hpp"
#include "http/head_parser.hpp"
#include "http/redirect.hpp"
#include "http/request_writer.hpp"

#include <utility>

namespace lastack::http {

namespace {

// Keeps the bodies of redirects away from the caller's sink.
class RedirectSink final : public BodySink {
public:
    RedirectSink(BodySink& target, const Url& url) : target_{target}, url_{url} {}

    Result<BodyUse> begin(const ResponseHead& head, const Framing& framing) override {
        auto redirect = redirect_target(url_, head);
        if (!redirect) {
            return std::unexpected(std::move(redirect.error()));
        }
        if (redirect->has_value()) {
            next_ = std::move(**redirect);
            return BodyUse::skip;
        }
        return target_.begin(head, framing);
    }
    net::Task<Result<void>> write(std::span<const std::byte> piece) override { return target_.write(piece); }

    [[nodiscard]] const std::optional<Url>& next() const { return next_; }

private:
    BodySink& target_;
    const Url& url_;
    std::optional<Url> next_;
};

}  // namespace

net::Task<Result<Response>> Client::send(Request request, BodySink& sink) {
    const std::string asked = request.url.str();
    const auto fail = [&](Error error, const std::string& address) {
        error.url = asked;
        error.mirror = request.url.str() == asked ? "" : request.url.str();
        if (error.address.empty()) {
            error.address = address;
        }
        return std::unexpected(std::move(error));
    };
    std::size_t heads_size = 0;
    for (unsigned redirects = 0;; ++redirects) {
        auto bytes = write_request(request);
        if (!bytes) {
            co_return fail(std::move(bytes.error()), "");
        }
        RedirectSink watched{sink, request.url};
        auto tried = co_await attempt(request, *bytes, watched);
        if (!tried) {
            co_return fail(std::move(tried.error()), "");
        }
        ExchangeOutcome& outcome = tried->outcome;
        if (outcome.error) {
            outcome.error->http_status = outcome.end.status;
            co_return fail(std::move(*outcome.error), tried->address);
        }
        if (!watched.next()) {
            co_return Response{.head = std::move(outcome.head), .url = request.url, .address = std::move(tried->address)};
        }
        heads_size += outcome.heads_size;
        if (heads_size > HeadLimits{}.total) {
            co_return fail(Error{.code = HttpErrc::head_too_large,
                                 .phase = Phase::receiving,
                                 .cause = "the heads of the redirects are larger than " + std::to_string(HeadLimits{}.total) + " bytes",
                                 .http_status = outcome.end.status},
                           tried->address);
        }
        if (redirects >= max_redirects) {
            co_return fail(Error{.code = HttpErrc::too_many_redirects,
                                 .phase = Phase::receiving,
                                 .cause = "more than " + std::to_string(max_redirects) + " redirects in a row",
                                 .next_step = "the server sends requests in a circle: use another mirror",
                                 .http_status = outcome.end.status},
                           tried->address);
        }
        request.url = *watched.next();
    }
}

net::Task<Result<Client::Attempt>> Client::attempt(const Request& request, const std::string& bytes, BodySink& sink) {
    using Reuse = net::Pool::Reuse;
    const net::PoolKey key{request.url.origin};
    Reuse reuse = request.keepalive ? Reuse::allowed : Reuse::never;
    for (unsigned resends = 0;; ++resends) {
        auto lease = co_await pool_.acquire(key, reuse, request.limits.timeout);
        if (!lease) {
            co_return std::unexpected(std::move(lease.error()));
        }
        // The pool's connections are those that our Connector made.
        auto& connection = static_cast<Connection&>(lease->connection());
        Attempt result{.outcome = {}, .address = connection.peer()};
        result.outcome = co_await exchange(network_, connection, request, bytes, lease->reused(), sink);
        const TimePoint idle_since = lease->idle_since();
        const bool no_byte_came = result.outcome.end.received == 0;
        lease->release(result.outcome.verdict);
        if (!result.outcome.error) {
            ++counts_.answers;
            co_return result;
        }
        const bool cancelled = result.outcome.error->code == Errc::cancelled;
        const Replay replay = cancelled || result.outcome.sink_refused ? Replay::no : may_replay(result.outcome.end, resends);
        if (replay == Replay::no) {
            co_return result;
        }
        if (no_byte_came) {
            pool_.drop_siblings(key, idle_since);
        }
        ++counts_.stale_resends;
        reuse = replay == Replay::again_fresh || !request.keepalive ? Reuse::never : Reuse::allowed;
    }
}

Error status_error(const ResponseHead& head) {
    Error error{.code = HttpErrc::client_error, .phase = Phase::receiving, .http_status = head.status};
    error.cause = "the server answered " + std::to_string(head.status);
    if (!head.reason.empty()) {
        error.cause += " " + head.reason;
    }
    if (head.status == 404 || head.status == 410) {
        error.code = HttpErrc::not_found;
        error.next_step = "check the URL; the file may have moved or the mirror may be out of date";
    } else if (head.status == 401 || head.status == 403 || head.status == 407 || head.status == 451) {
        error.code = HttpErrc::forbidden;
        error.next_step = "the server refuses access: check credentials and permissions";
    } else if (head.status >= 500) {
        error.code = HttpErrc::server_error;
        error.next_step = "try later or use another mirror";
    } else if (head.status < 400) {
        error.code = HttpErrc::unexpected_status;
    }
    return error;
}

}  // namespace lastack::http
