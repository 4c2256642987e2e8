#include "download/job.hpp"

#include "download/caller_check.hpp"
#include "download/error.hpp"
#include "download/file_sink.hpp"
#include "download/local_file.hpp"
#include "download/mirrors.hpp"
#include "download/request_check.hpp"
#include "download/tail.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <utility>

namespace lastack::download {

namespace {

constexpr std::size_t copy_size = std::size_t{256} << 10;

class FileAttempt final : public Attempt {
public:
    FileAttempt(Transport transport, net::Workers& disk, Throttle& throttle, const DownloadRequest& request, PartialFile& file,
                JobProgress& progress, Tail& tail, std::optional<Need> need)
        : transport_{transport},
          disk_{disk},
          pace_{throttle, transport.mirrors.layers.of_file(request.options).rate_limit},
          request_{request},
          file_{file},
          progress_{progress},
          tail_{tail},
          need_{std::move(need)} {}

    net::Task<Result<void>> ask(http::Request request) override {
        tail_.beside(request.url.host_field());
        if (tail_.reached(file_.size())) {
            if (auto joined = co_await tail_.join(request.watch); !joined) {
                co_return joined;
            }
        }
        if (all_at_hand()) {
            co_return co_await commit(request.url);  // killed between the last byte and the name
        }
        const bool resumed = add_range(request);
        const bool posted = request.method == http::Method::post;
        request.pace = pace_.get();
        const RangeQuestion question{.offset = resumed ? file_.size() : 0, .size = request_.size, .size_limit = request_.size_limit};
        FileSink sink{disk_, file_, question, request_.options.range, request.url, progress_, tail_};
        const Url asked = request.url;
        const auto again = [this, asked, watch = request.watch] {
            auto whole = make_request(asked, transport_.mirrors.layers.at(asked, request_.options));
            whole.watch = watch;
            return whole;
        };
        need_.reset();
        auto response = co_await send(transport_, std::move(request), sink);
        auto stored = co_await sink.flush();
        fetched_ += sink.fetched();
        if (!response && sink.is_enough() && stored) {
            co_return co_await commit(asked);
        }
        if (!response && response.error().code == Errc::cancelled && sink.reached_tail() && stored && !co_await net::is_cancelled()) {
            co_return co_await ask(again());
        }
        if (!response && response.error().code == http::HttpErrc::truncated && stored && all_at_hand()) {
            co_return co_await commit(asked);  // an end without close_notify; the digest tells whether it was the end
        }
        if (!response) {
            response.error().offset = file_.size();
            if (posted) {
                forbid_repeating(response.error());
            }
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
        if (auto whole = sink.end_of_part(); !whole) {
            co_return in_context(std::move(whole.error()));
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
        if (!committed && (resumed || tail_.joined()) &&
            (committed.error().code == DownloadErrc::digest_mismatch || committed.error().code == DownloadErrc::check_failed)) {
            // What was put together may have been of two files; the mirror gets one chance to send all of it.
            co_await tail_.give_up();
            co_return co_await ask(again());
        }
        if (!committed) {
            co_return in_context(std::move(committed.error()));
        }
        co_return Result<void>{};
    }

    net::Task<Result<void>> ask_file(std::string url) override {
        need_.reset();
        auto part = co_await disk_.run([&] { return open_local(url, request_.options.range, request_.size, request_.size_limit); });
        if (!part) {
            co_return std::unexpected(std::move(part.error()));
        }
        progress_.total = part->size;
        auto taken = request_.in_place ? co_await verify_in_place(*part) : co_await copy(*part);
        if (!taken) {
            taken.error().url = redact_url(url);
            co_return taken;
        }
        served_by_ = redact_url(url);
        co_return taken;
    }

    [[nodiscard]] std::uint64_t bytes() const override { return file_.size(); }
    // Asked while the disk workers may have the file: only what the reactor itself counted.
    [[nodiscard]] std::uint64_t received() const override { return progress_.received; }
    [[nodiscard]] std::optional<std::uint64_t> total() const override {
        return request_.size || progress_.total == JobProgress::unknown ? request_.size : std::optional<std::uint64_t>{progress_.total};
    }
    [[nodiscard]] bool movable() const override { return !request_.digests.empty(); }
    // Of a file that was taken where it lies.
    [[nodiscard]] const std::optional<LocalPart>& in_place() const { return in_place_; }
    [[nodiscard]] std::uint64_t fetched() const { return fetched_; }
    [[nodiscard]] const std::string& served_by() const { return served_by_; }

private:
    [[nodiscard]] bool all_at_hand() const {
        return (request_.size || file_.size() > 0) && tail_.size() == file_.size() && !request_.digests.empty();
    }

    net::Task<Result<void>> copy(LocalPart& part) {
        if (auto anew = co_await disk_.run([&] { return file_.start_over({}); }); !anew) {
            co_return anew;
        }
        auto copied = co_await read_pieces(part, [this](std::span<const std::byte> piece) { return file_.append(piece); });
        if (!copied) {
            co_return copied;
        }
        fetched_ += part.size;
        co_return co_await disk_.run([&] { return finish(); });
    }

    net::Task<Result<void>> verify_in_place(LocalPart& part) {
        std::vector<DigestAlgorithm> algorithms;
        for (const Digest& digest : request_.digests) {
            algorithms.push_back(digest.algorithm);
        }
        DigestStream digests{std::move(algorithms)};
        auto read = co_await read_pieces(part, [&digests](std::span<const std::byte> piece) -> Result<void> {
            digests.update(piece);
            return {};
        });
        if (!read) {
            co_return read;
        }
        if (digests.finish() != request_.digests) {
            co_return std::unexpected(Error{.code = DownloadErrc::digest_mismatch,
                                            .phase = Phase::verifying,
                                            .cause = part.path.string() + " has another digest than announced"});
        }
        auto checked = co_await disk_.run([&] { return run_check(request_.check, part.path); });
        if (checked) {
            in_place_ = std::move(part);
        }
        co_return checked;
    }

    // Piece by piece, so that a cancelled job ends soon and other jobs have their turn.
    template <typename Use>
    net::Task<Result<void>> read_pieces(const LocalPart& part, Use use) {
        std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(copy_size, part.size)));
        for (std::uint64_t done = 0; done < part.size;) {
            if (co_await net::is_cancelled()) {
                co_return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::receiving, .cause = "cancelled"});
            }
            auto read = co_await disk_.run([&]() -> Result<std::uint64_t> {
                const auto rest = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), part.size - done));
                auto n = read_at(part.file.get(), std::span{buffer}.first(rest), part.first + done, part.path);
                if (!n || *n < rest) {
                    return std::unexpected(Error{.code = DownloadErrc::source_unusable,
                                                 .phase = Phase::receiving,
                                                 .cause = n ? part.path.string() + " became shorter while it was read" : n.error().cause});
                }
                if (auto used = use(std::span<const std::byte>{buffer}.first(rest)); !used) {
                    return std::unexpected(std::move(used.error()));
                }
                return rest;
            });
            if (!read) {
                co_return std::unexpected(std::move(read.error()));
            }
            done += *read;
            progress_.received = done;
        }
        co_return Result<void>{};
    }

    [[nodiscard]] Result<void> finish() {
        return file_.finish(request_.check, request_.sync ? PartialFile::Sync::yes : PartialFile::Sync::no);
    }

    // Asks for the rest when that is safe: the bytes at hand came from this URL and the server can tell whether its file changed, or the
    // finished file's digest will tell.
    bool add_range(http::Request& request) {
        if (request_.options.range) {
            request.fields.add("Range", range_field(*request_.options.range));
            return false;
        }
        if (!request_.resume || request_.options.body) {
            return false;
        }
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
        auto finished = co_await disk_.run([&] { return finish(); });
        if (finished) {
            served_by_ = from.str();
        }
        co_return finished;
    }

    Transport transport_;
    net::Workers& disk_;
    TransferPace pace_;
    const DownloadRequest& request_;
    PartialFile& file_;
    JobProgress& progress_;
    Tail& tail_;
    std::optional<Need> need_;
    std::uint64_t fetched_ = 0;
    std::string served_by_;
    std::optional<LocalPart> in_place_;
};

// The file of an earlier run, when it can be told to be the right one.
net::Task<Result<bool>> already_there(net::Workers& disk, const DownloadRequest& request) {
    if (request.digests.empty()) {
        co_return false;  // a size alone proves nothing
    }
    auto matches = co_await disk.run([&]() -> Result<bool> {
        auto same = file_matches(request.path, request.size, request.digests);
        return same && *same ? run_check(request.check, request.path).has_value() : same;
    });
    if (!matches && matches.error().code == Errc::not_found) {
        co_return false;
    }
    co_return matches;
}

}  // namespace

net::Task<Result<DownloadResult>> run_job(Transport transport, net::Workers& disk, Throttle& throttle, DownloadRequest request,
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
    if (auto sensible = check_request(request, transport.mirrors.layers); !sensible) {
        co_return fail(std::move(sensible.error()));
    }
    // Nothing is looked for or left at `path` when the file can be had where it lies.
    const bool stays_in_place = request.in_place && std::ranges::any_of(request.urls, is_file_url);
    auto there = stays_in_place ? Result<bool>{false} : co_await already_there(disk, request);
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
    const bool resumable = request.resume && !request.options.range && !request.options.body;
    const auto earlier = resumable ? PartialFile::Earlier::take_up : PartialFile::Earlier::throw_away;
    const bool only_in_place = request.in_place && !request.urls.empty() && std::ranges::all_of(request.urls, is_file_url);
    if (!only_in_place) {
        if (auto opened = co_await disk.run([&] { return file.open(earlier); }); !opened) {
            co_return fail(std::move(opened.error()));
        }
    }
    progress->received = file.size();
    post_once(request.urls, request.options);
    Tail tail{transport, disk, throttle, request, file, *progress};
    co_await tail.begin();
    FileAttempt attempt{transport, disk, throttle, request, file, *progress, tail, std::move(need)};
    auto done = co_await run_attempts(transport, request.urls, request.options, attempt);
    co_await tail.end(!done);
    if (!done) {
        co_await disk.run([&] {
            file.discard_if_empty();
            return true;
        });
        co_return fail(std::move(done.error()));
    }
    if (attempt.in_place()) {
        co_await disk.run([&] {
            file.discard_if_empty();
            return true;
        });
        result.path = attempt.in_place()->path;
        result.size = attempt.in_place()->size;
        result.url = attempt.served_by();
        co_return result;
    }
    result.size = file.size();
    result.fetched = attempt.fetched() + tail.fetched();
    result.url = attempt.served_by();
    co_return result;
}

}  // namespace lastack::download
