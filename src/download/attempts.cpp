#include "download/attempts.hpp"

#include "download/attempt_run.hpp"
#include "download/ftp_client.hpp"
#include "net/error.hpp"

#include <algorithm>
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
    request.limits.head = static_cast<std::size_t>(options.max_header_size);
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

net::Task<Result<http::Response>> send(Transport transport, http::Request request, http::BodySink& sink) {
    if (request.url.origin.scheme == "ftp") {
        co_return co_await transport.ftp.send(std::move(request), sink);
    }
    co_return co_await transport.http.send(std::move(request), sink);
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
    AttemptRun run{transport, std::move(urls), std::move(options), attempt};
    co_return co_await run.run();
}

}  // namespace lastack::download
