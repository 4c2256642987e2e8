#include "download/attempts.hpp"

#include "download/host_pace.hpp"
#include "download/local_file.hpp"
#include "download/retry_plan.hpp"
#include "net/error.hpp"
#include "net/event.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace lastack::download {

namespace {

// The last failure, with a word on each other mirror: a list that all failed is told as such.
Error give_up_error(Error last, const std::vector<std::string>& urls, const std::map<std::size_t, Error>& failures,
                    std::size_t last_mirror) {
    for (const auto& [mirror, error] : failures) {
        if (mirror != last_mirror && last.code != Errc::cancelled) {
            last.cause += "; " + redact_url(urls[mirror]) + ": " + error.cause;
        }
    }
    return last;
}

}  // namespace

const char* default_user_agent() noexcept { return "lastack/" LASTACK_VERSION; }

http::Request make_request(Url url, const RequestOptions& options) {
    http::Request request{.url = std::move(url)};
    request.user_agent = options.user_agent.empty() ? default_user_agent() : options.user_agent;
    request.keepalive = options.keepalive;
    request.connection = options.connection;
    request.limits = {.timeout = options.timeout, .minrate = options.minrate, .head = static_cast<std::size_t>(options.max_header_size)};
    for (const auto& [name, value] : options.headers) {
        request.fields.add(name, value);
    }
    if (options.no_cache) {
        request.fields.remove("Cache-Control");
        request.fields.remove("Pragma");
        request.fields.add("Cache-Control", "no-cache");
        request.fields.add("Pragma", "no-cache");
    }
    if (options.body) {
        request.method = http::Method::post;
        request.body = *options.body;
        request.content_type = options.content_type.empty() ? "application/x-www-form-urlencoded" : options.content_type;
    }
    return request;
}

void forbid_repeating(Error& error) {
    if (error.code == net::NetErrc::interrupted) {
        error.code = net::NetErrc::closed;
        error.cause += "; it is not sent again, because the server may have obeyed it";
    }
}

void post_once(std::vector<std::string>& urls, RequestOptions& options) {
    if (options.body) {
        urls.resize(std::min<std::size_t>(urls.size(), 1));
        options.retries = 1;
    }
}

net::Task<Result<void>> run_attempts(Transport transport, std::vector<std::string> urls, RequestOptions options, Attempt& attempt) {
    if (urls.empty()) {
        co_return std::unexpected(Error{.code = Errc::invalid_argument, .cause = "there is no URL to download from"});
    }
    AttemptHistory history{.retries = options.retries, .struck_out = std::vector<bool>(urls.size(), false)};
    std::map<std::size_t, Error> failures;
    unsigned free_rejections = 0;
    while (true) {
        history.mirror = ready_mirror(transport.pace, urls, history.struck_out, history.mirror);
        const std::uint64_t before = attempt.bytes();
        Result<void> done;
        if (is_file_url(urls[history.mirror])) {
            done = co_await attempt.ask_file(urls[history.mirror]);
        } else if (auto url = parse_url(urls[history.mirror])) {
            done = co_await attempt.ask(make_request(std::move(*url), options));
        } else {
            done = std::unexpected(std::move(url.error()));
        }
        if (done) {
            co_return done;
        }
        const FailureClass failure = classify(done.error());
        if (failure == FailureClass::interrupted) {
            continue;  // the process stopped, the machine slept, an address went: no mirror is to blame, what came is kept
        }
        if (is_only_limited(transport.pace, done.error(), urls[history.mirror]) && free_rejections < most_free_rejections) {
            ++free_rejections;  // the same again in its turn, or another mirror at once
            failures.insert_or_assign(history.mirror, std::move(done.error()));
            continue;
        }
        if (failure != FailureClass::mirror) {
            ++history.attempts;
            history.without_progress = attempt.bytes() > before ? 0 : history.without_progress + 1;
        }
        const auto retry = plan_retry(failure, history);
        history.struck_out[history.mirror] = history.struck_out[history.mirror] || failure == FailureClass::mirror;
        if (!retry) {
            co_return std::unexpected(give_up_error(std::move(done.error()), urls, failures, history.mirror));
        }
        failures.insert_or_assign(history.mirror, std::move(done.error()));
        history.mirror = retry->mirror;
        if (retry->delay > Duration{0}) {
            const auto timer = transport.network.make_timer();
            if (co_await timer->wait_until(transport.network.now() + retry->delay) == net::Wake::cancelled) {
                co_return std::unexpected(Error{.code = Errc::cancelled, .url = redact_url(urls[history.mirror]), .cause = "cancelled"});
            }
        }
    }
}

}  // namespace lastack::download
