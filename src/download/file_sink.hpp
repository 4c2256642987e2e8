// The body of one answer on its way to the partial file.
#pragma once

#include "base/url.hpp"
#include "download/error.hpp"
#include "download/partial_file.hpp"
#include "download/progress.hpp"
#include "download/range_reply.hpp"
#include "download/tail.hpp"
#include "http/exchange.hpp"
#include "net/workers.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lastack::download {

inline constexpr std::size_t write_size = std::size_t{256} << 10;

// Takes the body of one answer to the partial file, through the disk workers, in large pieces.
class FileSink final : public http::BodySink {
public:
    FileSink(net::Workers& disk, PartialFile& file, const RangeQuestion& question, std::optional<ByteRange> range, Url url,
             JobProgress& progress, Tail& tail)
        : disk_{disk}, file_{file}, question_{question}, range_{range}, url_{std::move(url)}, progress_{progress}, tail_{tail} {}

    Result<http::BodyUse> begin(const http::ResponseHead& head, const http::Framing& framing) override {
        if (range_) {
            return begin_part(head, framing);
        }
        auto use = range_reply(head, framing, question_);
        if (!use) {
            // The answer is understood, only not welcome: its short body is read away and the connection lives on.
            refused_ = std::move(use.error());
            return http::BodyUse::skip;
        }
        use_ = *use;
        until_close_ = framing.kind == http::FramingKind::until_close;
        if (*use == ReplyUse::complete || *use == ReplyUse::restart) {
            return http::BodyUse::skip;
        }
        if (*use == ReplyUse::from_start) {
            restart_from_ = Source{.url = url_.str(), .validator = validator_of(head)};
            received_ = 0;
        } else {
            received_ = question_.offset;
        }
        if (framing.kind == http::FramingKind::length) {
            progress_.total = received_ + framing.length;
            tail_.size_told();
        }
        show_progress();
        return http::BodyUse::take;
    }

    net::Task<Result<void>> write(std::span<const std::byte> body) override {
        const auto piece = range_ ? cutter_.cut(body) : up_to_tail(body);
        received_ += piece.size();
        fetched_ += piece.size();
        if (question_.size && received_ > *question_.size) {
            co_return std::unexpected(
                Error{.code = DownloadErrc::size_mismatch,
                      .phase = Phase::receiving,
                      .cause = "the server sends more than the " + std::to_string(*question_.size) + " bytes announced"});
        }
        if (received_ > question_.size_limit) {
            co_return std::unexpected(Error{.code = DownloadErrc::too_large,
                                            .phase = Phase::receiving,
                                            .cause = "the server sends more than " + std::to_string(question_.size_limit) + " bytes"});
        }
        buffer_.insert(buffer_.end(), piece.begin(), piece.end());
        show_progress();
        if (buffer_.size() >= write_size) {
            if (auto flushed = co_await flush(); !flushed) {
                co_return flushed;
            }
        }
        if (is_enough() || tail_.reached(received_)) {
            co_return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::receiving, .cause = "the rest is not needed"});
        }
        co_return Result<void>{};
    }

    // Also for a body that was cut short: what came is worth keeping.
    net::Task<Result<void>> flush() {
        auto restart = std::exchange(restart_from_, std::nullopt);
        if (!restart && buffer_.empty()) {
            co_return Result<void>{};
        }
        auto stored = co_await disk_.run([&]() -> Result<void> {
            if (restart) {
                if (auto anew = file_.start_over(std::move(*restart)); !anew) {
                    return anew;
                }
            }
            return file_.append(buffer_);
        });
        buffer_.clear();
        co_return stored;
    }

    [[nodiscard]] const std::optional<Error>& refused() const { return refused_; }
    [[nodiscard]] ReplyUse use() const { return use_; }
    [[nodiscard]] std::uint64_t fetched() const { return fetched_; }
    // Its end was the connection's end, which a close in the middle looks like too.
    [[nodiscard]] bool until_close() const { return until_close_; }
    // The range is there, and the connection was given up for what follows it.
    [[nodiscard]] bool is_enough() const { return range_ && cutter_.is_enough(); }
    // What follows came over a second connection.
    [[nodiscard]] bool reached_tail() const { return tail_.reached(received_); }
    // Of a body that came to its end. Errors: those of PartCutter::end.
    [[nodiscard]] Result<void> end_of_part() const { return range_ ? cutter_.end() : Result<void>{}; }

private:
    [[nodiscard]] std::span<const std::byte> up_to_tail(std::span<const std::byte> body) const {
        const auto first = tail_.first();
        return first ? body.first(static_cast<std::size_t>(std::min<std::uint64_t>(body.size(), *first - std::min(*first, received_))))
                     : body;
    }
    void show_progress() { progress_.received = received_ + tail_.received(); }

    Result<http::BodyUse> begin_part(const http::ResponseHead& head, const http::Framing& framing) {
        auto part = part_reply(head, framing, *range_, question_);
        if (!part) {
            refused_ = std::move(part.error());
            return http::BodyUse::skip;
        }
        cutter_ = PartCutter{*part};
        until_close_ = framing.kind == http::FramingKind::until_close;
        restart_from_ = Source{};
        received_ = 0;
        progress_.received = 0;
        if (part->take && part->exact) {
            progress_.total = *part->take;
        }
        return http::BodyUse::take;
    }

    net::Workers& disk_;
    PartialFile& file_;
    RangeQuestion question_;
    std::optional<ByteRange> range_;
    PartCutter cutter_;
    Url url_;
    JobProgress& progress_;
    Tail& tail_;
    std::optional<Source> restart_from_;
    std::optional<Error> refused_;
    ReplyUse use_ = ReplyUse::from_start;
    bool until_close_ = false;
    std::vector<std::byte> buffer_;
    std::uint64_t received_ = 0;
    std::uint64_t fetched_ = 0;
};

}  // namespace lastack::download
