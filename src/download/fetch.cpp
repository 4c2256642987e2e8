#include "download/fetch.hpp"

#include "download/byteranges.hpp"
#include "download/caller_check.hpp"
#include "download/error.hpp"
#include "download/local_file.hpp"
#include "download/mirrors.hpp"
#include "download/range_reply.hpp"
#include "download/request_check.hpp"
#include "http/error.hpp"

#include <utility>

namespace lastack::download {

namespace {

class MemorySink final : public http::BodySink {
public:
    MemorySink(const FetchRequest& request, bool conditional, std::uint64_t& received)
        : received_{received},
          limit_{request.ranges.empty() ? request.size_limit : size_of(request.ranges)},
          conditional_{conditional},
          range_{request.options.range},
          several_{!request.ranges.empty()} {}

    Result<http::BodyUse> begin(const http::ResponseHead& head, const http::Framing& framing) override {
        if (head.status == 304 && conditional_) {
            return http::BodyUse::skip;
        }
        if (several_ && head.status != 206) {
            refused_ = head.status == 200 ? knows_no_ranges(head.status) : http::status_error(head);
            return http::BodyUse::skip;
        }
        if (range_) {
            auto part = part_reply(head, framing, *range_, {.size_limit = limit_});
            if (!part) {
                refused_ = std::move(part.error());
                return http::BodyUse::skip;
            }
            cutter_ = PartCutter{*part};
            return http::BodyUse::take;
        }
        if (!several_ && head.status != 200 && head.status != 203) {
            refused_ = head.status == 206 ? Error{.code = http::HttpErrc::bad_range,
                                                  .phase = Phase::receiving,
                                                  .cause = "the server sent a part (206) though the whole document was asked for",
                                                  .http_status = head.status}
                                          : http::status_error(head);
            return http::BodyUse::skip;
        }
        if (framing.kind == http::FramingKind::length && framing.length > limit_) {
            return std::unexpected(too_large());
        }
        return http::BodyUse::take;
    }

    net::Task<Result<void>> write(std::span<const std::byte> body) override {
        received_ += body.size();
        const auto piece = range_ ? cutter_.cut(body) : body;
        if (body_.size() + piece.size() > limit_) {
            co_return std::unexpected(too_large());
        }
        body_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        if (is_enough()) {
            co_return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::receiving, .cause = "the range is complete"});
        }
        co_return Result<void>{};
    }

    [[nodiscard]] const std::optional<Error>& refused() const { return refused_; }
    // The range is there, and the connection was given up for what follows it.
    [[nodiscard]] bool is_enough() const { return range_ && cutter_.is_enough(); }
    [[nodiscard]] Result<void> end_of_part() const { return range_ ? cutter_.end() : Result<void>{}; }
    [[nodiscard]] std::string take_body() { return std::move(body_); }
    [[nodiscard]] std::uint64_t size() const { return body_.size(); }

private:
    // With what may stand between the parts.
    static std::uint64_t size_of(const std::vector<ByteRange>& ranges) {
        std::uint64_t size = part_overhead;
        for (const ByteRange& range : ranges) {
            size += *range.last - range.first + 1 + part_overhead;
        }
        return size;
    }
    static Error knows_no_ranges(int status) {
        return Error{.code = http::HttpErrc::bad_range,
                     .phase = Phase::receiving,
                     .cause = "the server sent the whole file though parts of it were asked for",
                     .http_status = status};
    }
    [[nodiscard]] Error too_large() const {
        return Error{.code = DownloadErrc::too_large,
                     .phase = Phase::receiving,
                     .cause = "the document is larger than the " + std::to_string(limit_) + " bytes that are accepted"};
    }

    std::uint64_t& received_;
    std::uint64_t limit_;
    bool conditional_;
    std::optional<ByteRange> range_;
    bool several_;
    PartCutter cutter_;
    std::string body_;
    std::optional<Error> refused_;
};

class FetchAttempt final : public Attempt {
public:
    FetchAttempt(Transport transport, net::Workers& disk, Throttle& throttle, const FetchRequest& request, std::optional<Need> need)
        : transport_{transport},
          disk_{disk},
          pace_{throttle, transport.mirrors.layers.of_file(request.options).rate_limit},
          request_{request},
          need_{std::move(need)} {}

    net::Task<Result<void>> ask(http::Request request) override {
        const bool conditional = !request_.if_none_match.empty() || !request_.if_modified_since.empty();
        if (!request_.if_none_match.empty()) {
            request.fields.add("If-None-Match", request_.if_none_match);
        }
        if (!request_.if_modified_since.empty()) {
            request.fields.add("If-Modified-Since", request_.if_modified_since);
        }
        const auto& range = request_.options.range;
        if (range) {
            request.fields.add("Range", range_field(*range));
        } else if (!request_.ranges.empty()) {
            request.fields.add("Range", range_field(std::span{request_.ranges}));
        }
        const bool posted = request.method == http::Method::post;
        request.pace = pace_.get();
        received_ = 0;
        MemorySink sink{request_, conditional, received_};
        const std::string asked = request.url.str();
        need_.reset();
        auto response = co_await send(transport_, std::move(request), sink);
        if (!response && sink.is_enough()) {
            result_ = {.body = sink.take_body(), .url = asked};
            co_return co_await check(asked);
        }
        if (!response) {
            if (posted) {
                forbid_repeating(response.error());
            }
            co_return std::unexpected(std::move(response.error()));
        }
        const auto in_context = [&](Error error) {
            error.url = asked;
            error.mirror = response->url.str() == asked ? "" : response->url.str();
            error.address = response->address;
            return std::unexpected(std::move(error));
        };
        if (sink.refused()) {
            co_return in_context(*sink.refused());
        }
        result_.not_modified = response->head.status == 304;
        if (auto whole = sink.end_of_part(); !result_.not_modified && !whole) {
            co_return in_context(std::move(whole.error()));
        }
        result_.body = sink.take_body();
        if (!request_.ranges.empty()) {
            const auto content_ranges = response->head.fields.all("Content-Range");
            auto parts = parts_of(result_.body, response->head.fields.find("Content-Type").value_or(""), content_ranges, request_.ranges);
            if (!parts) {
                co_return in_context(std::move(parts.error()));
            }
            result_.parts = std::move(*parts);
            result_.body.clear();
        }
        result_.url = response->url.str();
        result_.etag = response->head.fields.find("ETag").value_or("");
        result_.last_modified = response->head.fields.find("Last-Modified").value_or("");
        co_return result_.not_modified || !request_.ranges.empty() ? Result<void>{} : co_await check(asked);
    }

    net::Task<Result<void>> ask_file(std::string url) override {
        need_.reset();
        if (!request_.ranges.empty()) {
            co_return co_await ask_file_parts(std::move(url));
        }
        auto read = co_await disk_.run([&]() -> Result<std::string> { return read_local(url, request_.options.range); });
        if (!read) {
            read.error().url = redact_url(url);
            co_return std::unexpected(std::move(read.error()));
        }
        result_ = {.body = std::move(*read), .url = redact_url(url)};
        co_return co_await check(result_.url);
    }

    [[nodiscard]] std::uint64_t bytes() const override { return 0; }  // a document begins anew with each attempt
    [[nodiscard]] std::uint64_t received() const override { return received_; }
    [[nodiscard]] FetchResult take() { return std::move(result_); }

private:
    [[nodiscard]] Result<std::string> read_local(const std::string& url, const std::optional<ByteRange>& range) const {
        auto part = open_local(url, range, std::nullopt, request_.size_limit);
        if (!part) {
            return std::unexpected(std::move(part.error()));
        }
        std::string body(static_cast<std::size_t>(part->size), '\0');
        auto n = read_at(part->file.get(), std::as_writable_bytes(std::span{body}), part->first, part->path);
        if (!n) {
            return std::unexpected(
                Error{.code = DownloadErrc::source_unusable, .phase = Phase::receiving, .cause = std::move(n.error().cause)});
        }
        body.resize(*n);
        return body;
    }

    net::Task<Result<void>> ask_file_parts(std::string url) {
        auto read = co_await disk_.run([&]() -> Result<std::vector<std::string>> {
            std::vector<std::string> parts;
            for (const ByteRange& range : request_.ranges) {
                auto part = read_local(url, range);
                if (part && part->size() != *range.last - range.first + 1) {
                    return std::unexpected(Error{
                        .code = http::HttpErrc::bad_range, .phase = Phase::receiving, .cause = "the file ends before the range does"});
                }
                if (!part) {
                    return std::unexpected(std::move(part.error()));
                }
                parts.push_back(std::move(*part));
            }
            return parts;
        });
        if (!read) {
            read.error().url = redact_url(url);
            co_return std::unexpected(std::move(read.error()));
        }
        result_.parts = std::move(*read);
        result_.url = redact_url(url);
        co_return Result<void>{};
    }

    // The caller's word on the body at hand.
    net::Task<Result<void>> check(std::string url) {
        if (!request_.check) {
            co_return Result<void>{};
        }
        auto checked = co_await disk_.run([&] { return run_check(request_.check, result_.body); });
        if (!checked) {
            checked.error().url = std::move(url);
        }
        co_return checked;
    }

    Transport transport_;
    net::Workers& disk_;
    TransferPace pace_;
    const FetchRequest& request_;
    std::optional<Need> need_;
    std::uint64_t received_ = 0;
    FetchResult result_;
};

}  // namespace

net::Task<Result<FetchResult>> run_fetch(Transport transport, net::Workers& disk, Throttle& throttle, FetchRequest request,
                                         std::optional<Need> need) {
    if (auto sensible = check_request(request, transport.mirrors.layers); !sensible) {
        sensible.error().url = request.urls.empty() ? "" : redact_url(request.urls.front());
        co_return std::unexpected(std::move(sensible.error()));
    }
    post_once(request.urls, request.options);
    FetchAttempt attempt{transport, disk, throttle, request, std::move(need)};
    auto done = co_await run_attempts(transport, request.urls, request.options, attempt);
    if (!done) {
        co_return std::unexpected(std::move(done.error()));
    }
    co_return attempt.take();
}

}  // namespace lastack::download
