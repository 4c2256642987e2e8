#include "download/ftp_client.hpp"

#include "base/text.hpp"
#include "download/ftp_transfer.hpp"
#include "download/libcurl.hpp"
#include "http/error.hpp"
#include "http/proxy_choice.hpp"
#include "http/read_pace.hpp"
#include "http/retry_after.hpp"
#include "net/dial_plan.hpp"
#include "net/error.hpp"

#include "lastack/request.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace lastack::download {

namespace {

using std::chrono::milliseconds;

constexpr auto slice = milliseconds{20};  // after which it is noticed that a transfer is not wanted any more
constexpr std::string_view scheme = "ftp://";

std::unexpected<Error> cancelled() {
    return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::receiving, .cause = "cancelled"});
}

std::optional<ByteRange> range_of(const http::Request& request) {
    const auto field = request.fields.find("Range");
    if (!field || !field->starts_with("bytes=")) {
        return std::nullopt;
    }
    const std::string_view bytes = field->substr(6);
    const auto dash = std::min(bytes.find('-'), bytes.size());
    const auto first = parse_decimal(bytes.substr(0, dash));
    const auto last = parse_decimal(bytes.substr(std::min(dash + 1, bytes.size())));
    return first ? std::optional{ByteRange{.first = *first, .last = last}} : std::nullopt;
}

std::optional<http::Credentials> credentials_of(const http::Request& request) {
    if (auto own = http::decode_user_info(request.url.user_info)) {
        return own;
    }
    const auto& options = request.connection;
    return options.username.empty() ? std::nullopt
                                    : std::optional{http::Credentials{.username = options.username, .password = options.password}};
}

Error way_error(std::string cause, std::string next_step) {
    return Error{.code = Errc::invalid_argument, .phase = Phase::connecting, .cause = std::move(cause), .next_step = std::move(next_step)};
}

}  // namespace

bool is_ftp_url(std::string_view url) { return url.size() >= scheme.size() && iequals(url.substr(0, scheme.size()), scheme); }

// What an http server would say first, and the bytes that follow it.
struct FtpClient::Answer {
    http::ResponseHead head;
    http::Framing framing;
    std::uint64_t first = 0;
    std::optional<std::uint64_t> last;
    bool has_body = true;

    static Answer to(const http::Request& request, const FtpFile& file, bool takes_ranges) {
        Answer answer;
        std::string tag;
        std::string date;
        if (file.modified) {
            date = http::write_http_date(std::chrono::sys_seconds{std::chrono::seconds{*file.modified}});
            tag = file.size ? "\"" + std::to_string(*file.size) + "-" + std::to_string(*file.modified) + "\"" : "";
            answer.head.fields.add("Last-Modified", date);
        }
        if (!tag.empty()) {
            answer.head.fields.add("ETag", tag);
        }
        const auto names_this = [&](const char* field) {
            const auto value = request.fields.find(field);
            return value && !value->empty() && (*value == tag || *value == date);
        };
        if (names_this("If-None-Match") || (!request.fields.find("If-None-Match") && names_this("If-Modified-Since"))) {
            answer.head.status = 304;
            answer.has_body = false;
            return answer;
        }
        auto range = range_of(request);
        if (!takes_ranges || !file.size || (request.fields.find("If-Range") && !names_this("If-Range"))) {
            range.reset();
        }
        if (range && range->first >= *file.size) {
            answer.head.status = 416;
            answer.head.fields.add("Content-Range", "bytes */" + std::to_string(*file.size));
            answer.has_body = false;
            return answer;
        }
        answer.head.status = range ? 206 : 200;
        answer.framing.kind = file.size ? http::FramingKind::length : http::FramingKind::until_close;
        answer.framing.length = file.size.value_or(0);
        if (range) {
            const std::uint64_t last = std::min(range->last.value_or(*file.size - 1), *file.size - 1);
            answer.first = range->first;
            answer.last = last + 1 < *file.size ? std::optional{last} : std::nullopt;
            answer.framing.length = last - range->first + 1;
            answer.head.fields.add("Content-Range",
                                   "bytes " + std::to_string(range->first) + "-" + std::to_string(last) + "/" + std::to_string(*file.size));
        }
        return answer;
    }
};

net::Workers& FtpClient::workers() {
    if (!workers_) {
        workers_ = std::make_unique<net::Workers>(most_);
    }
    return *workers_;
}

net::Task<Result<http::Response>> FtpClient::send(http::Request request, http::BodySink& sink) {
    const auto fail = [&request](Error error, std::string address = "") {
        error.url = request.url.str();
        error.address = error.address.empty() ? std::move(address) : error.address;
        return std::unexpected(std::move(error));
    };
    const auto& proxy = request.connection.proxy.url;
    if (proxy && !proxy->empty() && !iequals(*proxy, http::no_proxy_word)) {
        co_return fail(way_error("ftp URLs are not asked for through a proxy, and one is set",
                                 "set proxy to _none_ for this server, or use an http mirror"));
    }
    if (most_ == 0) {
        co_return fail(Error{.code = net::NetErrc::unsupported_scheme, .phase = Phase::connecting, .cause = "ftp is not spoken here"});
    }
    while (frozen_) {
        net::Event thawed{network_};
        const auto place = waiting_.insert(waiting_.end(), &thawed);
        const auto wake = co_await thawed.wait(TimePoint::max());
        waiting_.erase(place);
        if (wake == net::Wake::cancelled) {
            co_return fail(cancelled().error());
        }
    }
    auto pass = co_await pace_.enter(request.url.origin);
    if (!pass) {
        co_return fail(std::move(pass.error()));
    }
    const auto& origin = request.url.origin;
    const auto deadline = network_.now() + std::min(request.limits.timeout, request.limits.dial);
    auto resolved = co_await network_.resolve(origin.host, origin.port, deadline);
    if (!resolved) {
        co_return fail(std::move(resolved.error()));
    }
    auto addresses = net::dial_order(*resolved, request.connection.ip_family);
    if (addresses.empty()) {
        co_return fail(net::no_address_error(origin.host, *resolved, request.connection.ip_family));
    }
    const auto libcurl = co_await workers().run(&load_libcurl);
    if (!libcurl) {
        co_return fail(libcurl.error());
    }
    FtpTransfer ftp{**libcurl,
                    {.url = request.url,
                     .credentials = credentials_of(request),
                     .addresses = std::move(addresses),
                     .connect_limit = std::min(request.limits.timeout, request.limits.dial),
                     .response_limit = request.limits.timeout}};
    if (auto sensible = ftp.prepare(); !sensible) {
        co_return fail(std::move(sensible.error()));
    }
    ++open_;
    auto response = co_await transfer(request, ftp, sink);
    const std::string address = ftp.peer();
    co_await workers().run([&ftp] {
        ftp.close();
        return true;
    });
    --open_;
    if (!response) {
        if (response.error().code == http::HttpErrc::unavailable) {
            (void)pass->rejected({});
        }
        co_return fail(std::move(response.error()), address);
    }
    pass->accepted();
    response->address = address;
    co_return response;
}

void FtpClient::thaw() {
    frozen_ = false;
    for (net::Event* waiting : waiting_) {
        waiting->set();
    }
}

net::Task<Result<void>> FtpClient::stays_wanted() const {
    if (co_await net::is_cancelled()) {
        co_return cancelled();
    }
    if (frozen_) {
        co_return std::unexpected(
            Error{.code = net::NetErrc::interrupted, .phase = Phase::receiving, .cause = "closed by us: the process stops"});
    }
    co_return Result<void>{};
}

net::Task<Result<http::Response>> FtpClient::transfer(const http::Request& request, FtpTransfer& ftp, http::BodySink& sink) {
    if (auto learned = co_await learn(request, ftp); !learned) {
        co_return std::unexpected(std::move(learned.error()));
    }
    if (request.watch != nullptr) {
        request.watch->bind(network_.now(), false, ftp.peer());
    }
    const FtpFile file = ftp.about();
    auto answer = Answer::to(request, file, true);
    auto brought = co_await bring(request, ftp, answer, sink);
    if (!brought && ftp.refuses_ranges()) {
        answer = Answer::to(request, file, false);
        brought = co_await bring(request, ftp, answer, sink);
    }
    if (!brought) {
        co_return std::unexpected(std::move(brought.error()));
    }
    co_return http::Response{.head = std::move(answer.head), .url = request.url, .address = {}};
}

net::Task<Result<void>> FtpClient::learn(const http::Request& request, FtpTransfer& ftp) {
    ftp.ask_about();
    while (true) {
        auto step = co_await workers().run([&ftp] { return ftp.step(0, slice); });
        if (auto wanted = co_await stays_wanted(); !wanted) {
            co_return wanted;
        }
        if (!step) {
            co_return std::unexpected(std::move(step.error()));
        }
        if (step->done) {
            co_return Result<void>{};
        }
    }
}

net::Task<Result<void>> FtpClient::bring(const http::Request& request, FtpTransfer& ftp, const Answer& answer, http::BodySink& sink) {
    const bool knows_length = answer.framing.kind == http::FramingKind::length;
    bool begun = false;
    const auto begin = [&]() -> Result<http::BodyUse> {
        begun = true;
        return sink.begin(answer.head, answer.framing);
    };
    if (!answer.has_body) {
        auto use = begin();
        co_return use ? Result<void>{} : std::unexpected(std::move(use.error()));
    }
    ftp.ask_for(answer.first, answer.last);
    std::uint64_t received = 0;
    std::uint64_t window_bytes = 0;
    Duration window{0};
    Duration silent{0};
    const auto timer = network_.make_timer();
    while (true) {
        http::ReadGrant grant{.bytes = FtpTransfer::most_held};
        const std::string& host = request.url.origin.host;
        if (request.pace != nullptr) {
            grant = request.pace->next(host, network_.now());
            if (grant.at > network_.now() && co_await timer->wait_until(grant.at) == net::Wake::cancelled) {
                co_return cancelled();
            }
        }
        const TimePoint asked = network_.now();
        auto step = co_await workers().run([&] { return ftp.step(grant.bytes, slice); });
        const TimePoint now = network_.now();
        if (request.pace != nullptr) {
            request.pace->taken(host, grant.bytes, step ? step->bytes.size() : 0, now);
        }
        if (auto wanted = co_await stays_wanted(); !wanted) {
            co_return wanted;
        }
        if (!step) {
            co_return std::unexpected(std::move(step.error()));
        }
        silent = step->bytes.empty() ? silent + (now - asked) : Duration{0};
        window += now - asked;
        window_bytes += step->bytes.size();
        if (!step->done && silent >= request.limits.timeout) {
            co_return std::unexpected(
                Error{.code = Errc::timed_out,
                      .phase = begun ? Phase::receiving : Phase::waiting,
                      .cause = "nothing came for " + std::to_string(std::chrono::duration_cast<milliseconds>(silent).count()) + " ms",
                      .next_step = "raise 'timeout' if the link is slow"});
        }
        if (!begun && (step->done || !step->bytes.empty())) {
            auto use = begin();
            if (!use) {
                co_return std::unexpected(std::move(use.error()));
            }
            if (*use == http::BodyUse::skip) {
                co_return Result<void>{};
            }
        }
        if (!step->bytes.empty()) {
            received += step->bytes.size();
            if (request.watch != nullptr) {
                request.watch->came(now, step->bytes.size());
                request.watch->hand_on(now);
            }
            auto written = co_await sink.write(step->bytes);
            if (request.watch != nullptr) {
                request.watch->handed_on(network_.now());
            }
            if (!written) {
                co_return written;
            }
        }
        if (step->done) {
            break;
        }
        if (window >= request.limits.timeout) {
            if (static_cast<double>(window_bytes) <
                static_cast<double>(request.limits.minrate) * std::chrono::duration<double>(window).count()) {
                co_return std::unexpected(Error{.code = http::HttpErrc::too_slow,
                                                .phase = Phase::receiving,
                                                .cause = "slower than " + std::to_string(request.limits.minrate) + " bytes per second",
                                                .next_step = "lower 'minrate' if the link is that slow"});
            }
            window = Duration{0};
            window_bytes = 0;
        }
    }
    if (knows_length && received < answer.framing.length) {
        co_return std::unexpected(Error{.code = http::HttpErrc::truncated,
                                        .phase = Phase::receiving,
                                        .cause = "the connection ended before the file did: " +
                                                 std::to_string(answer.framing.length - received) + " bytes are missing"});
    }
    co_return Result<void>{};
}

}  // namespace lastack::download
