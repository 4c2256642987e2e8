#include "download/job.hpp"

#include "download/error.hpp"
#include "download/partial_file.hpp"
#include "download/range_reply.hpp"
#include "http/error.hpp"

#include <algorithm>
#include <utility>

namespace lastack::download {

namespace {

constexpr std::size_t write_size = std::size_t{256} << 10;

// Takes the body of one answer to the partial file, through the disk workers, in large pieces.
class FileSink final : public http::BodySink {
public:
    FileSink(net::Workers& disk, PartialFile& file, const RangeQuestion& question, Url url, JobProgress& progress)
        : disk_{disk}, file_{file}, question_{question}, url_{std::move(url)}, progress_{progress} {}

    Result<http::BodyUse> begin(const http::ResponseHead& head, const http::Framing& framing) override {
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
        }
        progress_.received = received_;
        return http::BodyUse::take;
    }

    net::Task<Result<void>> write(std::span<const std::byte> piece) override {
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
        progress_.received = received_;
        if (buffer_.size() >= write_size) {
            co_return co_await flush();
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

private:
    net::Workers& disk_;
    PartialFile& file_;
    RangeQuestion question_;
    Url url_;
    JobProgress& progress_;
    std::optional<Source> restart_from_;
    std::optional<Error> refused_;
    ReplyUse use_ = ReplyUse::from_start;
    bool until_close_ = false;
    std::vector<std::byte> buffer_;
    std::uint64_t received_ = 0;
    std::uint64_t fetched_ = 0;
};

class FileAttempt final : public Attempt {
public:
    FileAttempt(Transport transport, net::Workers& disk, const DownloadRequest& request, PartialFile& file, JobProgress& progress,
                std::optional<Need> need)
        : transport_{transport}, disk_{disk}, request_{request}, file_{file}, progress_{progress}, need_{std::move(need)} {}

    net::Task<Result<void>> ask(http::Request request) override {
        if (all_at_hand()) {
            co_return co_await commit(request.url);  // killed between the last byte and the name
        }
        const bool resumed = add_range(request);
        const RangeQuestion question{.offset = resumed ? file_.size() : 0, .size = request_.size, .size_limit = request_.size_limit};
        FileSink sink{disk_, file_, question, request.url, progress_};
        const Url asked = request.url;
        const auto again = [this, asked, watch = request.watch] {
            auto whole = make_request(asked, request_.options);
            whole.watch = watch;
            return whole;
        };
        need_.reset();
        auto response = co_await transport_.http.send(std::move(request), sink);
        auto stored = co_await sink.flush();
        fetched_ += sink.fetched();
        if (!response && response.error().code == http::HttpErrc::truncated && stored && all_at_hand()) {
            co_return co_await commit(asked);  // an end without close_notify; the digest tells whether it was the end
        }
        if (!response) {
            response.error().offset = file_.size();
            co_return std::unexpected(std::move(response.error()));
        }
        const auto in_context = [&](Error error) {
            error.url = asked.str();
            error.mirror = response->url == asked ? "" : response->url.str();
            error.address = response->address;
            error.http_status = error.http_status == 0 && sink.refused() ? response->head.status : error.http_status;
            return std::unexpected(std::move(error));
        };
        if (sink.refused()) {
            co_return in_context(*sink.refused());
        }
        if (!stored) {
            co_return in_context(std::move(stored.error()));
        }
        if (sink.until_close() && request_.size && file_.size() < *request_.size) {
            co_return in_context(
                Error{.code = http::HttpErrc::truncated,
                      .phase = Phase::receiving,
                      .cause = "the connection ended before the file did: " + std::to_string(*request_.size - file_.size()) + " of " +
                               std::to_string(*request_.size) + " bytes are missing",
                      .offset = file_.size()});
        }
        if (sink.use() == ReplyUse::restart) {
            // The server's file is another one by now. Asked once more, without a range, it cannot come to this again.
            if (auto anew = co_await disk_.run([&] { return file_.start_over({}); }); !anew) {
                co_return in_context(std::move(anew.error()));
            }
            co_return co_await ask(again());
        }
        auto committed = co_await commit(response->url);
        if (!committed && resumed && committed.error().code == DownloadErrc::digest_mismatch) {
            // The beginning may have been of another file; the mirror gets one chance to send all of it.
            co_return co_await ask(again());
        }
        if (!committed) {
            co_return in_context(std::move(committed.error()));
        }
        co_return Result<void>{};
    }

    [[nodiscard]] std::uint64_t bytes() const override { return file_.size(); }
    [[nodiscard]] std::uint64_t received() const override { return std::max<std::uint64_t>(progress_.received, file_.size()); }
    [[nodiscard]] std::optional<std::uint64_t> total() const override {
        return request_.size || progress_.total == JobProgress::unknown ? request_.size : std::optional<std::uint64_t>{progress_.total};
    }
    [[nodiscard]] bool movable() const override { return !request_.digests.empty(); }
    [[nodiscard]] std::uint64_t fetched() const { return fetched_; }
    [[nodiscard]] const std::string& served_by() const { return served_by_; }

private:
    [[nodiscard]] bool all_at_hand() const { return request_.size && file_.size() == *request_.size && !request_.digests.empty(); }

    // Asks for the rest when that is safe: the bytes at hand came from this URL and the server can tell whether its file changed, or the
    // finished file's digest will tell.
    bool add_range(http::Request& request) {
        if (file_.size() == 0 || (request_.size && file_.size() >= *request_.size)) {
            return false;
        }
        const Source& source = file_.source();
        const bool same_source = source.url == request.url.str() && !source.validator.empty();
        if (!same_source && request_.digests.empty()) {
            return false;
        }
        request.fields.add("Range", "bytes=" + std::to_string(file_.size()) + "-");
        if (same_source) {
            request.fields.add("If-Range", source.validator);
        }
        return true;
    }

    net::Task<Result<void>> commit(const Url& from) {
        auto finished = co_await disk_.run([&] { return file_.finish(); });
        if (finished) {
            served_by_ = from.str();
        }
        co_return finished;
    }

    Transport transport_;
    net::Workers& disk_;
    const DownloadRequest& request_;
    PartialFile& file_;
    JobProgress& progress_;
    std::optional<Need> need_;
    std::uint64_t fetched_ = 0;
    std::string served_by_;
};

// The file of an earlier run, when it can be told to be the right one.
net::Task<Result<bool>> already_there(net::Workers& disk, const DownloadRequest& request) {
    if (request.digests.empty()) {
        co_return false;  // a size alone proves nothing
    }
    auto matches = co_await disk.run([&] { return file_matches(request.path, request.size, request.digests); });
    if (!matches && matches.error().code == Errc::not_found) {
        co_return false;
    }
    co_return matches;
}

}  // namespace

net::Task<Result<DownloadResult>> run_job(Transport transport, net::Workers& disk, DownloadRequest request,
                                          std::shared_ptr<JobProgress> progress, std::optional<Need> need) {
    progress->started = true;
    if (request.size) {
        progress->total = *request.size;
    }
    const auto fail = [&request](Error error) {
        if (error.url.empty() && !request.urls.empty()) {
            error.url = redact_url(request.urls.front());
        }
        return std::unexpected(std::move(error));
    };
    auto there = co_await already_there(disk, request);
    if (!there) {
        co_return fail(std::move(there.error()));
    }
    DownloadResult result{.path = request.path};
    if (*there) {
        result.outcome = DownloadOutcome::already_there;
        result.size = request.size.value_or(0);
        if (!request.size) {
            std::error_code ignored;
            result.size = co_await disk.run([&] { return std::filesystem::file_size(request.path, ignored); });
        }
        progress->received = result.size;
        co_return result;
    }
    PartialFile file{request.path, {.size = request.size, .digests = request.digests}};
    if (auto opened = co_await disk.run([&] { return file.open(); }); !opened) {
        co_return fail(std::move(opened.error()));
    }
    progress->received = file.size();
    FileAttempt attempt{transport, disk, request, file, *progress, std::move(need)};
    auto done = co_await run_attempts(transport, request.urls, request.options, attempt);
    if (!done) {
        co_await disk.run([&] {
            file.discard_if_empty();
            return true;
        });
        co_return fail(std::move(done.error()));
    }
    result.size = file.size();
    result.fetched = attempt.fetched();
    result.url = attempt.served_by();
    co_return result;
}

}  // namespace lastack::download
