#include "download/retry_plan.hpp"

#include "download/error.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <chrono>

namespace lastack::download {

namespace {

constexpr unsigned hard_limit = 1000;          // attempts, when the user set none
constexpr unsigned most_without_progress = 5;  // in a row and per mirror
constexpr unsigned most_slow_to_change = 3;
constexpr auto first_delay = std::chrono::milliseconds{200};
constexpr auto longest_delay = std::chrono::seconds{2};

// 0.2, 0.4, 0.8 ... 2 s
Duration backoff(unsigned round) {
    Duration delay = first_delay;
    for (unsigned i = 1; i < round && delay < longest_delay; ++i) {
        delay *= 2;
    }
    return std::min<Duration>(delay, longest_delay);
}

}  // namespace

FailureClass classify(const Error& error) {
    const std::error_code& code = error.code;
    if (code == net::NetErrc::interrupted) {
        return FailureClass::interrupted;
    }
    if (code == Errc::cancelled || code == Errc::no_space || code == Errc::not_permitted || code == Errc::io_failed ||
        code == Errc::locked || code == Errc::not_found) {
        return FailureClass::final;
    }
    if (code.category() == download_category() || code == Errc::invalid_argument || code == net::NetErrc::name_not_found ||
        code == net::NetErrc::unsupported_scheme || code == net::NetErrc::tls_failed || code == net::NetErrc::certificate_rejected ||
        code == net::NetErrc::bad_tls_file || code == net::NetErrc::proxy_refused || code == http::HttpErrc::bad_redirect ||
        code == http::HttpErrc::too_many_redirects || code == http::HttpErrc::bad_framing || code == http::HttpErrc::bad_range ||
        code == http::HttpErrc::head_too_large || code == http::HttpErrc::bad_head || code == http::HttpErrc::bad_chunk ||
        code == http::HttpErrc::unexpected_status || code == http::HttpErrc::not_found || code == http::HttpErrc::forbidden) {
        return FailureClass::mirror;
    }
    if (code == http::HttpErrc::client_error) {
        return error.http_status == 408 || error.http_status == 425 || error.http_status == 429 ? FailureClass::transient
                                                                                                : FailureClass::mirror;
    }
    if (code == net::NetErrc::connect_refused || code == net::NetErrc::unreachable || code == net::NetErrc::name_failed ||
        code == net::NetErrc::proxy_unreachable || code == net::NetErrc::proxy_failed) {
        return FailureClass::slow_to_change;
    }
    return FailureClass::transient;
}

bool is_worth_a_second_round(const Error& error) {
    const std::error_code& code = error.code;
    return code == DownloadErrc::size_mismatch || code == DownloadErrc::digest_mismatch || code == net::NetErrc::tls_failed ||
           code == http::HttpErrc::too_many_redirects || code == http::HttpErrc::bad_framing || code == http::HttpErrc::bad_range ||
           code == http::HttpErrc::bad_head || code == http::HttpErrc::bad_chunk;
}

std::optional<Retry> plan_retry(FailureClass failure, const AttemptHistory& history) {
    const std::size_t mirrors = history.struck_out.size();
    const unsigned limit = history.retries == 0 ? hard_limit : history.retries;
    if (failure == FailureClass::final || history.attempts >= limit) {
        return std::nullopt;
    }
    const auto is_out = [&](std::size_t mirror) {
        return history.struck_out[mirror] || (failure == FailureClass::mirror && mirror == history.mirror);
    };
    std::size_t left = 0;
    unsigned without_progress = history.without_progress;
    for (std::size_t i = 0; i < mirrors; ++i) {
        left += is_out(i) ? 0 : 1;
        // The patience with those that are left does not shrink by what another one wasted.
        if (is_out(i) && i < history.fruitless.size()) {
            without_progress -= std::min(without_progress, history.fruitless[i]);
        }
    }
    const unsigned patience = failure == FailureClass::slow_to_change ? most_slow_to_change : most_without_progress;
    if (left == 0 || without_progress >= patience * left) {
        return std::nullopt;
    }
    Retry retry;
    for (std::size_t step = 1; step <= mirrors; ++step) {
        retry.mirror = (history.mirror + step) % mirrors;
        if (!is_out(retry.mirror)) {
            break;
        }
    }
    // Another mirror is tried at once; a wait comes only when the round begins again.
    const bool round_ended = without_progress > 0 && without_progress % left == 0;
    if (failure != FailureClass::mirror && round_ended) {
        retry.delay = backoff(static_cast<unsigned>(without_progress / left));
    }
    return retry;
}

}  // namespace lastack::download
