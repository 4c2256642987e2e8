#include "download/fetch.hpp"

#include "download/error.hpp"
#include "http/error.hpp"

#include <utility>

namespace lastack::download {

namespace {

class MemorySink final : public http::BodySink {
public:
    MemorySink(std::uint64_t limit, bool conditional) : limit_{limit}, conditional_{conditional} {}

    Result<http::BodyUse> begin(const http::ResponseHead& head, const http::Framing& framing) override {
        if (head.status == 304 && conditional_) {
            return http::BodyUse::skip;
        }
        if (head.status != 200 && head.status != 203) {
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

    net::Task<Result<void>> write(std::span<const std::byte> piece) override {
        if (body_.size() + piece.size() > limit_) {
            co_return std::unexpected(too_large());
        }
        body_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        co_return Result<void>{};
    }

    [[nodiscard]] const std::optional<Error>& refused() const { return refused_; }
    [[nodiscard]] std::string take_body() { return std::move(body_); }
    [[nodiscard]] std::uint64_t size() const { return body_.size(); }

private:
    [[nodiscard]] Error too_large() const {
        return Error{.code = DownloadErrc::too_large,
                     .phase = Phase::receiving,
                     .cause = "the document is larger than the " + std::to_string(limit_) + " bytes that are accepted"};
    }

    std::uint64_t limit_;
    bool conditional_;
    std::string body_;
    std::optional<Error> refused_;
};

class FetchAttempt final : public Attempt {
public:
    FetchAttempt(Transport transport, const FetchRequest& request, std::optional<Need> need)
        : transport_{transport}, request_{request}, need_{std::move(need)} {}

    net::Task<Result<void>> ask(http::Request request) override {
        const bool conditional = !request_.if_none_match.empty() || !request_.if_modified_since.empty();
        if (!request_.if_none_match.empty()) {
            request.fields.add("If-None-Match", request_.if_none_match);
        }
        if (!request_.if_modified_since.empty()) {
            request.fields.add("If-Modified-Since", request_.if_modified_since);
        }
        MemorySink sink{request_.size_limit, conditional};
        const std::string asked = request.url.str();
        need_.reset();
        auto response = co_await transport_.http.send(std::move(request), sink);
        if (!response) {
            co_return std::unexpected(std::move(response.error()));
        }
        if (sink.refused()) {
            Error error = *sink.refused();
            error.url = asked;
            error.mirror = response->url.str() == asked ? "" : response->url.str();
            error.address = response->address;
            co_return std::unexpected(std::move(error));
        }
        result_.not_modified = response->head.status == 304;
        result_.body = sink.take_body();
        result_.url = response->url.str();
        result_.etag = response->head.fields.find("ETag").value_or("");
        result_.last_modified = response->head.fields.find("Last-Modified").value_or("");
        co_return Result<void>{};
    }

    [[nodiscard]] std::uint64_t bytes() const override { return 0; }  // a document begins anew with each attempt
    [[nodiscard]] FetchResult take() { return std::move(result_); }

private:
    Transport transport_;
    const FetchRequest& request_;
    std::optional<Need> need_;
    FetchResult result_;
};

}  // namespace

net::Task<Result<FetchResult>> run_fetch(Transport transport, FetchRequest request, std::optional<Need> need) {
    FetchAttempt attempt{transport, request, std::move(need)};
    auto done = co_await run_attempts(transport, request.urls, request.options, attempt);
    if (!done) {
        co_return std::unexpected(std::move(done.error()));
    }
    co_return attempt.take();
}

}  // namespace lastack::download
