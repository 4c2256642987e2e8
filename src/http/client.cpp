#include "http/client.hpp"

#include "http/connection.hpp"
#include "http/error.hpp"
#include "http/head_parser.hpp"
#include "http/redirect.hpp"
#include "http/request_writer.hpp"
#include "http/retry_after.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <utility>

namespace lastack::http {

namespace {

// An Authenticator, and what one request has sent to its place.
struct Guard {
    Authenticator* authenticator = nullptr;  // none: no credentials for it
    AuthenticationAttempts attempts;

    [[nodiscard]] std::string value_for(std::string_view method, std::string_view target) {
        return authenticator == nullptr ? "" : authenticator->value_for(attempts, method, target).value_or("");
    }
    // Whether this answer is a challenge that can be answered.
    [[nodiscard]] bool is_answerable(const ResponseHead& head, int status, std::string_view challenges, std::string_view info) {
        if (authenticator == nullptr) {
            return false;
        }
        if (head.status == status) {
            return authenticator->challenged(attempts, parse_challenges(head.fields, challenges)) == Verdict::try_again;
        }
        authenticator->answered(attempts, parse_authentication_info(head.fields, info));
        return false;
    }
};

// A planned request: while it waits for its turn, the connection that it will take is kept.
class Planned {
public:
    Planned(net::Pool& pool, const net::PoolKey& key) : pool_{pool}, key_{key} { pool_.add_need(key_); }
    ~Planned() { pool_.remove_need(key_); }
    Planned(const Planned&) = delete;
    Planned& operator=(const Planned&) = delete;

private:
    net::Pool& pool_;
    const net::PoolKey& key_;
};

constexpr unsigned most_rejections = 4;  // of one request, before whoever asked hears of it

// How a server's limit of connections looks when it has no words for it.
bool may_be_turned_away(const std::error_code& code) {
    return code == net::NetErrc::connect_refused || code == net::NetErrc::reset || code == net::NetErrc::closed ||
           code == net::NetErrc::cut_off;
}

// The request as it goes on after a redirect (RFC 9110 section 15.4).
void follow(Request& request, Url target, int status) {
    if (request.method == Method::post && status != 307 && status != 308) {
        request.method = Method::get;
        request.body.clear();
    }
    // Secrets are for the server that the caller named.
    if (target.origin != request.url.origin) {
        request.fields.remove("Authorization");
        request.fields.remove("Cookie");
    }
    request.url = std::move(target);
}

}  // namespace

// Keeps answers that are not the final one away from the caller's sink: redirects, and challenges that can be answered.
class Client::Doorman final : public BodySink {
public:
    Doorman(BodySink& target, const Url& url, Authenticator* origin, Authenticator* proxy)
        : target_{target}, url_{url}, origin_{.authenticator = origin}, proxy_{.authenticator = proxy} {}

    Result<BodyUse> begin(const ResponseHead& head, const Framing& framing) override {
        const bool by_proxy = proxy_.is_answerable(head, 407, "Proxy-Authenticate", "Proxy-Authentication-Info");
        const bool by_origin = head.status != 407 && origin_.is_answerable(head, 401, "WWW-Authenticate", "Authentication-Info");
        challenged_ = by_proxy || by_origin;
        if (challenged_) {
            return BodyUse::skip;
        }
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
    [[nodiscard]] bool challenged() const { return challenged_; }  // ask again, with credentials
    [[nodiscard]] Guard& origin() { return origin_; }
    [[nodiscard]] Guard& proxy() { return proxy_; }

private:
    BodySink& target_;
    const Url& url_;
    Guard origin_;
    Guard proxy_;
    std::optional<Url> next_;
    bool challenged_ = false;
};

// Tells the gate what the server's answer means for its pace, and keeps rejections from the sink while asking again is right.
class Client::Usher final : public BodySink {
public:
    Usher(BodySink& target, PaceGate::Pass& pass) : target_{target}, pass_{pass} {}

    Result<BodyUse> begin(const ResponseHead& head, const Framing& framing) override {
        if (!is_rejection(head.status)) {
            pass_.accepted();
            return target_.begin(head, framing);
        }
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const auto meaning = head.status == 429 ? HostPace::Meaning::too_many_requests : HostPace::Meaning::any;
        if (!pass_.rejected(retry_after(head, now), meaning)) {
            return target_.begin(head, framing);
        }
        rejection_ = framing;
        return BodyUse::skip;
    }
    net::Task<Result<void>> write(std::span<const std::byte> piece) override { return target_.write(piece); }

    // The framing of a rejection that the sink was not told of.
    [[nodiscard]] const std::optional<Framing>& rejection() const { return rejection_; }

private:
    BodySink& target_;
    PaceGate::Pass& pass_;
    std::optional<Framing> rejection_;
};

Result<net::PoolKey> Client::key_for(const Url& url, const ConnectionOptions& options) const {
    auto route = route_to(url, url, options, environment_);
    if (!route) {
        return std::unexpected(std::move(route.error()));
    }
    return std::move(route->key);
}

net::Task<Result<Response>> Client::send(Request request, BodySink& sink) {
    const Url first = request.url;
    const std::string asked = first.str();
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
        const auto route = route_to(request.url, first, request.connection, environment_);
        if (!route) {
            co_return fail(route.error(), "");
        }
        Doorman watched{sink, request.url, route->credentials ? &authenticators_.of(request.url.origin, *route->credentials) : nullptr,
                        route->forward && !route->forward->username.empty() ? &authenticators_.of(*route->forward) : nullptr};
        auto tried = co_await answer_challenges(request, *route, watched);
        if (!tried) {
            co_return fail(std::move(tried.error()), "");
        }
        ExchangeOutcome& outcome = tried->outcome;
        if (outcome.error) {
            outcome.error->http_status = outcome.head_complete ? outcome.head.status : 0;
            co_return fail(std::move(*outcome.error), tried->address);
        }
        if (!watched.next()) {
            co_return Response{.head = std::move(outcome.head), .url = request.url, .address = std::move(tried->address)};
        }
        heads_size += outcome.heads_size;
        if (heads_size > request.limits.head) {
            co_return fail(Error{.code = HttpErrc::head_too_large,
                                 .phase = Phase::receiving,
                                 .cause = "the heads of the redirects are larger than " + std::to_string(request.limits.head) + " bytes",
                                 .http_status = outcome.head.status},
                           tried->address);
        }
        if (redirects >= max_redirects) {
            co_return fail(Error{.code = HttpErrc::too_many_redirects,
                                 .phase = Phase::receiving,
                                 .cause = "more than " + std::to_string(max_redirects) + " redirects in a row",
                                 .next_step = "the server sends requests in a circle: use another mirror",
                                 .http_status = outcome.head.status},
                           tried->address);
        }
        follow(request, *watched.next(), outcome.head.status);
        sink.redirected(request.url);
    }
}

// Of a request that was handed to a proxy: what failed before an answer came failed there. Whoever cancelled, suspended or has no
// descriptor left is on our side.
void Client::blame_proxy(Result<Attempt>& tried, const net::ProxyTarget& proxy) {
    if (tried && (!tried->outcome.error || tried->outcome.head_complete)) {
        return;
    }
    Error& error = tried ? *tried->outcome.error : tried.error();
    if (error.code == Errc::cancelled || error.code == net::NetErrc::no_descriptors || error.code == net::NetErrc::interrupted) {
        return;
    }
    error.cause = "proxy " + to_string(proxy) + ": " + error.cause;
    if (!tried) {
        error.code = net::NetErrc::proxy_unreachable;
        error.next_step = "check the proxy's settings (proxy=, http_proxy)";
    }
}

// The request as written for this route, again for each challenge that can be answered.
net::Task<Result<Client::Attempt>> Client::answer_challenges(const Request& request, const Route& route, Doorman& sink) {
    const bool forwarded = route.forward.has_value();
    const std::string method = to_string(request.method);
    const std::string target = request_target(request, forwarded);
    while (true) {
        auto bytes = write_request(request, {.proxy = forwarded,
                                             .authorization = sink.origin().value_for(method, target),
                                             .proxy_authorization = sink.proxy().value_for(method, target)});
        if (!bytes) {
            co_return std::unexpected(std::move(bytes.error()));
        }
        auto tried = pace_ != nullptr ? co_await attempt_at_pace(request, route.key, *bytes, sink)
                                      : co_await attempt(request, route.key, *bytes, sink);
        if (forwarded) {
            blame_proxy(tried, *route.forward);
        }
        if (!tried || tried->outcome.error || !sink.challenged()) {
            co_return tried;
        }
    }
}

void Client::limit_connections(const Request& request, const net::PoolKey& key, const PaceGate::Pass& pass) {
    if (key.origin == request.url.origin) {  // those to a proxy serve other hosts too
        pool_.limit(key, pass.allowed());
    }
}

// A server that has too much of us is asked again when others of ours have left it, some times; what it says then is its answer.
net::Task<Result<Client::Attempt>> Client::attempt_at_pace(const Request& request, const net::PoolKey& key, const std::string& bytes,
                                                           BodySink& sink) {
    std::optional<Result<Attempt>> failed;
    for (unsigned rejections = 0;; ++rejections) {
        std::optional<PaceGate::Pass> pass;
        {
            const Planned planned{pool_, key};
            auto entered = co_await pace_->enter(request.url.origin);
            if (!entered) {
                co_return std::unexpected(std::move(entered.error()));
            }
            pass.emplace(std::move(*entered));
        }
        if (failed && !pass->ever_accepted()) {
            co_return std::move(*failed);  // those beside it met the same: nobody is served here
        }
        limit_connections(request, key, *pass);
        Usher usher{sink, *pass};
        auto tried = co_await attempt(request, key, bytes, usher);
        const bool turned_away = tried ? tried->turned_away : may_be_turned_away(tried.error().code);
        const bool told = usher.rejection().has_value();
        bool again = told || (turned_away && pass->turned_away());
        limit_connections(request, key, *pass);
        again = again && is_repeatable(request.method) && rejections < most_rejections && (turned_away || !tried->outcome.error);
        if (again && (pass->ever_accepted() || turned_away)) {
            failed.emplace(std::move(tried));
            continue;
        }
        if (told && tried && !tried->outcome.error) {
            if (auto use = sink.begin(tried->outcome.head, *usher.rejection()); !use) {
                tried->outcome.error = std::move(use.error());
            }
        }
        co_return tried;
    }
}

net::Task<Result<Client::Attempt>> Client::attempt(const Request& request, const net::PoolKey& key, const std::string& bytes,
                                                   BodySink& sink) {
    using Reuse = net::Pool::Reuse;
    Reuse reuse = request.keepalive ? Reuse::allowed : Reuse::never;
    Resends resends;
    while (true) {
        auto lease = co_await pool_.acquire(key, reuse, std::min(request.limits.timeout, request.limits.dial));
        if (!lease) {
            co_return std::unexpected(std::move(lease.error()));
        }
        // The pool's connections are those that our Connector made.
        auto& connection = static_cast<Connection&>(lease->connection());
        const TimePoint bound_at = network_.now();
        if (request.watch != nullptr) {
            request.watch->bind(bound_at, lease->reused(), connection.peer());
        }
        Attempt result{.outcome = {}, .address = connection.peer()};
        result.outcome = co_await exchange(network_, connection, lease->life(), request, bytes, sink);
        const TimePoint idle_since = lease->idle_since();
        const bool reused = lease->reused();
        lease->release(result.outcome.hint);
        if (request.watch != nullptr && result.outcome.error) {
            request.watch->unbind();
        }
        if (!result.outcome.error) {
            ++counts_.answers;
            co_return result;
        }
        const bool repeatable = is_repeatable(request.method) || result.outcome.sent == 0;
        if (repeatable && result.outcome.fate == net::Fate::elsewhere && result.outcome.error->code == net::NetErrc::interrupted) {
            ++counts_.interrupted;  // our doing: no sign of a stale connection, and no server to spare from a further request
            continue;
        }
        if (pace_ != nullptr && repeatable && !reused && result.outcome.received == 0 && may_be_turned_away(result.outcome.error->code)) {
            result.turned_away = true;
            co_return result;
        }
        const Replay replay = may_replay(result.outcome.fate, result.outcome.received > 0, resends, repeatable);
        if (replay == Replay::no) {
            co_return result;
        }
        if (result.outcome.received == 0) {
            pool_.proved_stale(key, idle_since, bound_at);
        }
        count_resend(result.outcome, resends);
        reuse = replay == Replay::again_fresh || !request.keepalive ? Reuse::never : Reuse::allowed;
    }
}

void Client::count_resend(const ExchangeOutcome& outcome, Resends& resends) {
    if (outcome.fate == net::Fate::elsewhere) {
        ++resends.unsent;
        ++counts_.resent_unsent;
        return;
    }
    ++resends.stale;
    ++(outcome.head_complete ? counts_.resent_refused : outcome.received > 0 ? counts_.resent_in_head : counts_.resent_unanswered);
}

Error status_error(const ResponseHead& head) {
    Error error{.code = HttpErrc::client_error, .phase = Phase::receiving, .http_status = head.status};
    error.retry_after = retry_after(head, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    // These fields are a proxy's own: the origin has not spoken.
    const bool by_proxy = head.status == 407 || head.fields.find("X-Squid-Error") || head.fields.find("Proxy-Status");
    error.cause = std::string{by_proxy ? "the proxy" : "the server"} + " answered " + std::to_string(head.status);
    if (!head.reason.empty()) {
        error.cause += " " + head.reason;
    }
    if (head.status == 404 || head.status == 410) {
        error.code = HttpErrc::not_found;
        error.next_step = "check the URL; the file may have moved or the mirror may be out of date";
    } else if (head.status == 407) {
        error.code = HttpErrc::forbidden;
        error.next_step = "check proxy_username and proxy_password";
    } else if (head.status == 401 || head.status == 403 || head.status == 451) {
        error.code = HttpErrc::forbidden;
        error.next_step = by_proxy ? "the proxy does not allow this request: ask whoever runs it"
                                   : "the server refuses access: check credentials and permissions";
    } else if (head.status >= 500) {
        error.code = head.status == 503 ? HttpErrc::unavailable : HttpErrc::server_error;
        error.next_step = "try later or use another mirror";
    } else if (head.status < 400) {
        error.code = HttpErrc::unexpected_status;
    }
    return error;
}

}  // namespace lastack::http
