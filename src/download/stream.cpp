#include "download/stream.hpp"

#include "download/range_reply.hpp"
#include "http/error.hpp"

#include <algorithm>
#include <utility>

namespace lastack::download {

namespace {

// What the reader was given: from where, how much, and what names that state of the document.
struct Given {
    std::string asked;  // the URL before redirects
    std::string validator;
    std::uint64_t bytes = 0;
};

Error changed_error() {
    return Error{.code = http::HttpErrc::bad_range,
                 .phase = Phase::receiving,
                 .cause = "the connection was lost and the rest of the same document cannot be had: part of it was read already",
                 .next_step = "read it again from its beginning"};
}

class StreamSink final : public http::BodySink {
public:
    StreamSink(net::Network& network, StreamPipe& pipe, Given& given, std::string asked)
        : network_{network}, pipe_{pipe}, given_{given}, asked_{std::move(asked)} {}

    Result<http::BodyUse> begin(const http::ResponseHead& head, const http::Framing& framing) override {
        const auto use = range_reply(head, framing, {.offset = given_.bytes, .size = std::nullopt});
        if (!use) {
            refused_ = use.error();
            return http::BodyUse::skip;
        }
        const bool same = !given_.validator.empty() && validator_of(head) == given_.validator;
        if (given_.bytes > 0 && *use != ReplyUse::append && !(*use == ReplyUse::from_start && same)) {
            refused_ = changed_error();
            return http::BodyUse::skip;
        }
        skip_ = *use == ReplyUse::from_start ? given_.bytes : 0;
        if (given_.bytes == 0) {
            given_.asked = asked_;
            given_.validator = validator_of(head);
            pipe_.open(framing.kind == http::FramingKind::length ? std::optional{framing.length} : std::nullopt, asked_);
        }
        return http::BodyUse::take;
    }

    net::Task<Result<void>> write(std::span<const std::byte> piece) override {
        const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, piece.size()));
        skip_ -= known;
        piece = piece.subspan(known);
        given_.bytes += piece.size();
        return pipe_.put(piece, network_);
    }

    [[nodiscard]] const std::optional<Error>& refused() const { return refused_; }

private:
    net::Network& network_;
    StreamPipe& pipe_;
    Given& given_;
    std::string asked_;
    std::uint64_t skip_ = 0;  // bytes of this answer that the reader has
    std::optional<Error> refused_;
};

class StreamAttempt final : public Attempt {
public:
    StreamAttempt(Transport transport, StreamPipe& pipe, std::optional<Need> need)
        : transport_{transport}, pipe_{pipe}, need_{std::move(need)} {}

    net::Task<Result<void>> ask(http::Request request) override {
        const std::string asked = request.url.str();
        if (given_.bytes > 0) {
            // An entity tag is one server's word: another mirror cannot be asked for the rest.
            if (given_.validator.empty() || given_.asked != asked) {
                Error error = changed_error();
                error.url = asked;
                co_return std::unexpected(std::move(error));
            }
            request.fields.add("Range", "bytes=" + std::to_string(given_.bytes) + "-");
            request.fields.add("If-Range", given_.validator);
        }
        StreamSink sink{transport_.network, pipe_, given_, asked};
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
        co_return Result<void>{};
    }

    [[nodiscard]] std::uint64_t bytes() const override { return given_.bytes; }

private:
    Transport transport_;
    StreamPipe& pipe_;
    std::optional<Need> need_;
    Given given_;
};

}  // namespace

net::Task<Result<void>> run_stream(Transport transport, FetchRequest request, std::shared_ptr<StreamPipe> pipe, std::optional<Need> need) {
    StreamAttempt attempt{transport, *pipe, std::move(need)};
    co_return co_await run_attempts(transport, request.urls, request.options, attempt);
}

}  // namespace lastack::download
