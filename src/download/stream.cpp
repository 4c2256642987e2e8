#include "download/stream.hpp"

#include "download/error.hpp"
#include "download/local_file.hpp"
#include "download/mirrors.hpp"
#include "download/range_reply.hpp"
#include "download/request_check.hpp"
#include "http/error.hpp"

#include <algorithm>
#include <utility>

namespace lastack::download {

namespace {

constexpr std::size_t file_piece = std::size_t{128} << 10;

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
    // `rest`: what of the range that was asked for is not given yet; unset: the whole document is wanted.
    StreamSink(net::Network& network, StreamPipe& pipe, Given& given, std::string asked, std::optional<ByteRange> rest)
        : network_{network}, pipe_{pipe}, given_{given}, asked_{std::move(asked)}, answers_{asked_}, rest_{rest} {}

    void redirected(const Url& url) override { answers_ = url.str(); }

    Result<http::BodyUse> begin(const http::ResponseHead& head, const http::Framing& framing) override {
        return rest_ ? begin_part(head, framing) : begin_whole(head, framing);
    }

    net::Task<Result<void>> write(std::span<const std::byte> body) override {
        const auto piece = rest_ ? cutter_.cut(body) : behind_known(body);
        given_.bytes += piece.size();
        auto put = co_await pipe_.put(piece, network_);
        if (put && is_enough()) {
            co_return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::receiving, .cause = "the range is complete"});
        }
        co_return put;
    }

    [[nodiscard]] const std::optional<Error>& refused() const { return refused_; }
    // The range is there, and the connection was given up for what follows it.
    [[nodiscard]] bool is_enough() const { return rest_ && cutter_.is_enough(); }
    [[nodiscard]] Result<void> end_of_part() const { return rest_ ? cutter_.end() : Result<void>{}; }

private:
    [[nodiscard]] bool is_same_document(const http::ResponseHead& head) const {
        return !given_.validator.empty() && validator_of(head) == given_.validator;
    }

    http::BodyUse refuse(Error error) {
        refused_ = std::move(error);
        return http::BodyUse::skip;
    }

    void open_pipe(const http::ResponseHead& head, std::optional<std::uint64_t> size) {
        if (given_.asked.empty()) {
            given_.asked = asked_;
            given_.validator = validator_of(head);
            pipe_.open(size, answers_);
        }
    }

    Result<http::BodyUse> begin_part(const http::ResponseHead& head, const http::Framing& framing) {
        auto part = part_reply(head, framing, *rest_, {});
        if (!part) {
            return refuse(std::move(part.error()));
        }
        if (given_.bytes > 0 && !is_same_document(head)) {
            return refuse(changed_error());
        }
        cutter_ = PartCutter{*part};
        open_pipe(head, part->take);
        return http::BodyUse::take;
    }

    Result<http::BodyUse> begin_whole(const http::ResponseHead& head, const http::Framing& framing) {
        const auto use = range_reply(head, framing, {.offset = given_.bytes, .size = std::nullopt});
        if (!use) {
            return refuse(use.error());
        }
        if (given_.bytes > 0 && *use != ReplyUse::append && !(*use == ReplyUse::from_start && is_same_document(head))) {
            return refuse(changed_error());
        }
        skip_ = *use == ReplyUse::from_start ? given_.bytes : 0;
        open_pipe(head, framing.kind == http::FramingKind::length ? std::optional{framing.length} : std::nullopt);
        return http::BodyUse::take;
    }

    std::span<const std::byte> behind_known(std::span<const std::byte> piece) {
        const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, piece.size()));
        skip_ -= known;
        return piece.subspan(known);
    }

    net::Network& network_;
    StreamPipe& pipe_;
    Given& given_;
    std::string asked_;
    std::string answers_;  // after redirects
    std::optional<ByteRange> rest_;
    PartCutter cutter_;
    std::uint64_t skip_ = 0;  // bytes of this answer that the reader has
    std::optional<Error> refused_;
};

class StreamAttempt final : public Attempt {
public:
    StreamAttempt(Transport transport, net::Workers& disk, Throttle& throttle, const FetchRequest& request, StreamPipe& pipe,
                  std::optional<Need> need)
        : transport_{transport},
          disk_{disk},
          pace_{throttle, transport.mirrors.layers.of_file(request.options).rate_limit},
          range_{request.options.range},
          pipe_{pipe},
          need_{std::move(need)} {}

    net::Task<Result<void>> ask(http::Request request) override {
        const std::string asked = request.url.str();
        // An entity tag is one server's word: another mirror cannot be asked for the rest.
        if (given_.bytes > 0 && (given_.validator.empty() || given_.asked != asked)) {
            co_return in_context(changed_error(), asked);
        }
        std::optional<ByteRange> rest = range_;
        if (rest) {
            rest->first += given_.bytes;
        }
        if (rest || given_.bytes > 0) {
            request.fields.add("Range", range_field(rest.value_or(ByteRange{.first = given_.bytes, .last = std::nullopt})));
        }
        if (given_.bytes > 0) {
            request.fields.add("If-Range", given_.validator);
        }
        const bool posted = request.method == http::Method::post;
        request.pace = pace_.get();
        StreamSink sink{transport_.network, pipe_, given_, asked, rest};
        need_.reset();
        auto response = co_await send(transport_, std::move(request), sink);
        if (!response && sink.is_enough()) {
            co_return Result<void>{};
        }
        if (!response) {
            if (posted) {
                forbid_repeating(response.error());
            }
            co_return std::unexpected(std::move(response.error()));
        }
        auto done = sink.refused() ? Result<void>{std::unexpected(*sink.refused())} : sink.end_of_part();
        if (!done) {
            done.error().mirror = response->url.str() == asked ? "" : response->url.str();
            done.error().address = response->address;
            co_return in_context(std::move(done.error()), asked);
        }
        co_return done;
    }

    net::Task<Result<void>> ask_file(std::string url) override {
        need_.reset();
        const std::string shown = redact_url(url);
        if (given_.bytes > 0) {
            co_return in_context(changed_error(), shown);
        }
        auto part = co_await disk_.run([&] { return open_local(url, range_, std::nullopt, UINT64_MAX); });
        if (!part) {
            co_return in_context(std::move(part.error()), shown);
        }
        given_.asked = url;
        pipe_.open(part->size, shown);
        std::vector<std::byte> buffer(file_piece);
        while (given_.bytes < part->size) {
            const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), part->size - given_.bytes));
            auto read = co_await disk_.run(
                [&] { return read_at(part->file.get(), std::span{buffer}.first(wanted), part->first + given_.bytes, part->path); });
            if (!read || *read == 0) {
                const std::string why = read ? "the file became shorter while it was read" : read.error().cause;
                co_return in_context({.code = DownloadErrc::source_unusable, .phase = Phase::receiving, .cause = why}, shown);
            }
            given_.bytes += *read;
            if (auto put = co_await pipe_.put(std::span{buffer}.first(*read), transport_.network); !put) {
                co_return put;
            }
        }
        co_return Result<void>{};
    }

    [[nodiscard]] std::uint64_t bytes() const override { return given_.bytes; }

private:
    static std::unexpected<Error> in_context(Error error, const std::string& url) {
        error.url = url;
        return std::unexpected(std::move(error));
    }

    Transport transport_;
    net::Workers& disk_;
    TransferPace pace_;
    std::optional<ByteRange> range_;
    StreamPipe& pipe_;
    std::optional<Need> need_;
    Given given_;
};

}  // namespace

net::Task<Result<void>> run_stream(Transport transport, net::Workers& disk, Throttle& throttle, FetchRequest request,
                                   std::shared_ptr<StreamPipe> pipe, std::optional<Need> need) {
    if (auto sensible = check_request(request, transport.mirrors.layers); !sensible) {
        sensible.error().url = request.urls.empty() ? "" : redact_url(request.urls.front());
        co_return std::unexpected(std::move(sensible.error()));
    }
    post_once(request.urls, request.options);
    StreamAttempt attempt{transport, disk, throttle, request, *pipe, std::move(need)};
    co_return co_await run_attempts(transport, request.urls, request.options, attempt);
}

}  // namespace lastack::download
