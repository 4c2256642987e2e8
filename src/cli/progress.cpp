#include "cli/progress.hpp"

#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/rate_window.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace lastack::cli {

namespace {

constexpr Duration shortest_frame = std::chrono::milliseconds{100};
constexpr unsigned narrowest_window = 20;
constexpr unsigned lowest_window = 3;

std::string amount(std::uint64_t bytes) { return format_number(bytes) + "B"; }

double seconds_between(TimePoint from, TimePoint to) { return std::chrono::duration<double>(to - from).count(); }

class Progress final : public ProgressObserver {
public:
    Progress(std::FILE* out, std::size_t count, std::uint64_t bytes)
        : out_{out}, count_{count}, bytes_{bytes}, begun_{Clock::now()}, rate_{begun_} {}

    // The total stays on the terminal when the last file is done.
    ~Progress() override {
        const ProgressStyle style = style_now();
        if (done_ > 1 && style.terminal) {
            const double seconds = std::max(0.001, seconds_between(begun_, Clock::now()));
            const std::string rate = amount(static_cast<std::uint64_t>(static_cast<double>(fetched_) / seconds)) + "/s ";
            above_.emplace_back(style.window.columns - 1, '-');
            above_.push_back(
                two_sided("Total", fmt::format("{}| {:>7}  {}", rate, amount(done_bytes_), clock_text(seconds)), style.window.columns));
        }
        put({}, style);
    }

    void started(std::size_t index, std::string_view label, std::optional<std::uint64_t> total) override {
        const TimePoint now = Clock::now();
        running_.insert_or_assign(index, Running{.label = printable(label), .total = total, .begun = now, .rate = RateWindow{now}});
    }

    void advanced(std::size_t index, std::uint64_t received, std::optional<std::uint64_t> total) override {
        const auto found = running_.find(index);
        if (found == running_.end()) {
            return;
        }
        Running& file = found->second;
        const TimePoint now = Clock::now();
        if (!file.counted) {
            file.counted = true;
            file.rate = RateWindow{now, received};  // what an earlier run had brought is no speed of this one
        } else if (received > file.received) {
            file.came += received - file.received;
            came_ += received - file.received;
        }
        file.rate.add(now, received);
        file.received = received;
        file.total = total;
    }

    void finished(std::size_t index, const Result<DownloadResult>& result) override {
        const auto found = running_.find(index);
        if (found == running_.end()) {
            return;
        }
        const Running file = std::move(found->second);
        running_.erase(found);
        const ProgressStyle style = style_now();
        if (result) {
            const std::uint64_t fetched = result->outcome == DownloadOutcome::already_there ? 0 : result->fetched;
            done_bytes_ += result->size;
            fetched_ += fetched;
            came_ += fetched - std::min(fetched, file.came);
            ++done_;
            above_.push_back(
                finished_line(done_, count_, file.label, result->size, seconds_between(file.begun, Clock::now()), style.window.columns));
        } else if (result.error().code != Errc::cancelled) {
            ++failed_;
        }
        // On a terminal with the next frame: three hundred small files at once are no three hundred frames.
        if (!style.terminal) {
            put({}, style);
        }
    }

    void tick() override {
        const TimePoint now = Clock::now();
        if (now - drawn_at_ < shortest_frame) {
            return;
        }
        drawn_at_ = now;
        rate_.add(now, came_);
        const ProgressStyle style = style_now();
        if (style.terminal) {
            put(bar_lines(state(now), style.window), style);
        }
    }

private:
    struct Running {
        std::string label;
        std::uint64_t received = 0;
        std::optional<std::uint64_t> total;
        std::uint64_t came = 0;  // in this run, as far as it was told
        bool counted = false;
        TimePoint begun;
        RateWindow rate;
    };

    [[nodiscard]] ProgressStyle style_now() const { return style_of(out_); }

    [[nodiscard]] BarsState state(TimePoint now) const {
        BarsState state{.count = count_, .done = done_, .failed = failed_, .bytes = done_bytes_, .rate = rate_.rate(now)};
        std::uint64_t expected = done_bytes_;
        bool known = done_ + failed_ + running_.size() == count_;
        for (const auto& [index, file] : running_) {
            state.bytes += file.received;
            known = known && file.total.has_value();
            expected += file.total.value_or(0);
            state.running.push_back({.label = file.label, .received = file.received, .total = file.total, .rate = file.rate.rate(now)});
        }
        if (bytes_ > 0 || known) {
            state.total = bytes_ > 0 ? bytes_ : expected;
        }
        return state;
    }

    void put(const std::vector<std::string>& lines, const ProgressStyle& style) {
        std::string text;
        if (style.terminal) {
            text = frame_.redraw(above_, lines, style.window);
        } else {
            for (const std::string& line : above_) {
                text += line + "\n";
            }
        }
        above_.clear();
        std::fwrite(text.data(), 1, text.size(), out_);
        std::fflush(out_);
    }

    std::FILE* out_;
    std::size_t count_;
    std::uint64_t bytes_;
    TimePoint begun_;
    TimePoint drawn_at_;
    std::map<std::size_t, Running> running_;
    std::vector<std::string> above_;  // lines that stay, not yet written
    BarFrame frame_;
    RateWindow rate_;         // of all files together
    std::uint64_t came_ = 0;  // bytes that came in this run
    std::size_t done_ = 0;
    std::size_t failed_ = 0;
    std::uint64_t done_bytes_ = 0;
    std::uint64_t fetched_ = 0;
};

}  // namespace

ProgressStyle style_of(std::FILE* out) {
    const char* term = std::getenv("TERM");
    const int fd = ::fileno(out);
    const bool moves_cursor = term == nullptr || std::string_view{term} != "dumb";
    ProgressStyle style{.terminal = ::isatty(fd) == 1 && moves_cursor, .window = {}};
    winsize size{};
    if (::isatty(fd) == 1 && ::ioctl(fd, TIOCGWINSZ, &size) == 0) {
        if (size.ws_col >= narrowest_window) {
            style.window.columns = size.ws_col;
        }
        if (size.ws_row >= lowest_window) {
            style.window.rows = size.ws_row;
        }
    }
    return style;
}

std::string finished_line(std::size_t number, std::size_t count, std::string_view label, std::uint64_t bytes, double seconds,
                          unsigned columns) {
    const std::string place = count > 1 ? fmt::format("({}/{}): ", number, count) : std::string{};
    return two_sided(fmt::format("{}{}", place, label), fmt::format("| {:>7}  {}", amount(bytes), clock_text(seconds)), columns);
}

std::unique_ptr<ProgressObserver> make_progress(std::FILE* out, std::size_t count, std::uint64_t bytes) {
    return std::make_unique<Progress>(out, count, bytes);
}

}  // namespace lastack::cli
