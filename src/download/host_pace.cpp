#include "download/host_pace.hpp"

#include <chrono>

namespace lastack::download {

namespace {

constexpr auto worth_waiting_for = std::chrono::milliseconds{300};

Duration quiet_for(const http::PaceGate& pace, const std::string& text) {
    const auto url = parse_url(text, Schemes::http_and_ftp);
    return url ? pace.quiet_for(url->origin) : Duration{0};
}

}  // namespace

std::size_t ready_mirror(const http::PaceGate& pace, const std::vector<std::string>& urls, const std::vector<bool>& struck_out,
                         std::size_t mirror) {
    std::size_t best = mirror;
    Duration least = quiet_for(pace, urls[mirror]);
    for (std::size_t step = 1; step < urls.size() && least > worth_waiting_for; ++step) {
        const std::size_t other = (mirror + step) % urls.size();
        const Duration quiet = struck_out[other] ? Duration::max() : quiet_for(pace, urls[other]);
        if (quiet < least) {
            best = other;
            least = quiet;
        }
    }
    return best;
}

bool is_only_limited(const http::PaceGate& pace, const Error& error, const std::string& asked) {
    if (!http::is_rejection(error.http_status)) {
        return false;
    }
    const auto url = parse_url(error.mirror.empty() ? asked : error.mirror);
    return url && pace.serves(url->origin);
}

}  // namespace lastack::download
