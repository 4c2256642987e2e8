#include "download/attempts.hpp"

#include "download/attempt_run.hpp"

#include <utility>

namespace lastack::download {

const char* default_user_agent() noexcept { return "lastack/" LASTACK_VERSION; }

http::Request make_request(Url url, const RequestOptions& options) {
    http::Request request{.url = std::move(url)};
    request.user_agent = options.user_agent.empty() ? default_user_agent() : options.user_agent;
    request.keepalive = options.keepalive;
    request.connection = options.connection;
    request.limits.timeout = options.timeout.value_or(request.limits.timeout);
    request.limits.dial = request.limits.timeout;
    request.limits.minrate = options.minrate.value_or(request.limits.minrate);
    return request;
}

net::Task<Result<void>> run_attempts(Transport transport, std::vector<std::string> urls, RequestOptions options, Attempt& attempt) {
    if (urls.empty()) {
        co_return std::unexpected(Error{.code = Errc::invalid_argument, .cause = "there is no URL to download from"});
    }
    AttemptRun run{transport, std::move(urls), std::move(options), attempt};
    co_return co_await run.run();
}

}  // namespace lastack::download
