// The end of one large file, fetched over a second connection while the first brings its beginning: when it is worth it, from which
// mirror, into PATH.tail.part, and how both become one file. It is opportunistic: whatever goes wrong with it, the beginning goes on to the
// file's end by itself. Reactor thread only.
#pragma once

#include "download/attempts.hpp"
#include "download/partial_file.hpp"
#include "download/progress.hpp"
#include "download/tail_rule.hpp"
#include "download/throttle.hpp"
#include "http/exchange_watch.hpp"
#include "net/event.hpp"
#include "net/task_group.hpp"
#include "net/workers.hpp"

#include "lastack/request.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace lastack::download {

// What one fetch is measured by.
struct TailFetch {
    std::size_t mirror = 0;
    net::TaskGroup::Id task = 0;
    FadingRate rate;
    double alone = 0;  // bytes per second of the first connection before
    std::optional<TimePoint> began;
    bool judged = false;
    std::uint64_t seen = 0;
    bool futile = false;
    http::ExchangeWatch watch;
};

class Tail {
public:
    Tail(Transport transport, net::Workers& disk, Throttle& throttle, const DownloadRequest& request, PartialFile& file,
         JobProgress& progress);

    // Takes up what an earlier run left, and begins to look whether a second connection is worth it. `file` is open.
    [[nodiscard]] net::Task<void> begin();
    // A server just said how large the file is.
    void size_told();
    // Ends what runs. What came stays on disk for a later run, unless there is no use for it. Also in a cancelled task.
    [[nodiscard]] net::Task<void> end(bool keep);

    // Of the file, as far as it is known.
    [[nodiscard]] std::optional<std::uint64_t> size() const;
    // Who brings the beginning.
    void beside(const std::string& host) { host_ = host; }
    // The beginning ends here, because what follows is there or on its way.
    [[nodiscard]] std::optional<std::uint64_t> first() const { return first_; }
    [[nodiscard]] bool reached(std::uint64_t position) const { return first_ && position >= *first_; }
    // Puts what is there behind the beginning; the rest of the file, if any, is the beginning's again. `watch` is told that the time is not
    // the server's. Errors: the disk's, Errc::cancelled.
    [[nodiscard]] net::Task<Result<void>> join(http::ExchangeWatch* watch);
    // The file is no longer only what one mirror sent.
    [[nodiscard]] bool joined() const { return joined_; }
    // The file turned out wrong: no second connection any more.
    [[nodiscard]] net::Task<void> give_up();

    [[nodiscard]] std::uint64_t received() const { return received_; }  // bytes that are in no other place yet
    [[nodiscard]] std::uint64_t fetched() const { return fetched_; }

private:
    class Sink;
    struct Choice {
        std::size_t mirror = 0;
        double rate = 0;  // 0: not known
    };

    [[nodiscard]] bool may_help() const;
    void begin_looking();
    [[nodiscard]] std::uint64_t position() const;
    [[nodiscard]] net::Task<void> look();
    void measure(Duration time);
    void judge();
    void consider();
    [[nodiscard]] std::optional<Choice> choose() const;
    [[nodiscard]] net::Task<void> fetch(std::size_t mirror, std::uint64_t first);
    [[nodiscard]] net::Task<Result<void>> ask(const Url& url, std::uint64_t first);
    void tell(const Result<void>& done, TimePoint started) const;
    [[nodiscard]] net::Task<void> settle();
    [[nodiscard]] net::Task<Result<void>> absorb();
    [[nodiscard]] net::Task<void> throw_away();

    Transport transport_;
    net::Workers& disk_;
    TransferPace pace_;
    const DownloadRequest& request_;
    PartialFile& file_;
    JobProgress& progress_;
    PartialFile bytes_;
    bool open_ = false;
    bool allowed_ = false;
    bool looks_ = false;
    std::optional<std::uint64_t> first_;
    std::uint64_t received_ = 0;
    std::uint64_t fetched_ = 0;
    bool joined_ = false;
    bool given_up_ = false;
    std::string host_;
    FadingRate rate_;
    std::optional<std::uint64_t> seen_;  // of the beginning
    bool moved_ = false;
    Duration unmoved_{0};
    std::optional<TailFetch> fetch_;
    std::set<std::size_t> tried_;  // mirrors that did not help
    net::Event ended_;             // the fetch
    net::TaskGroup tasks_;
};

}  // namespace lastack::download
