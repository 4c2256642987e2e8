#include "cli/progress.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sys/ioctl.h>
#include <unistd.h>

namespace lastack::cli {

namespace {

std::string minutes(double seconds) {
    const auto whole = static_cast<unsigned long>(std::max(0.0, seconds));
    return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                         : fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

std::string amount(std::uint64_t bytes) { return format_number(bytes) + "B"; }

// Left part cut or padded so that both fill the width but for the last column, where some terminals wrap.
std::string two_sided(std::string left, const std::string& right, unsigned width) {
    const std::size_t room = width > right.size() + 2 ? width - right.size() - 2 : 0;
    if (left.size() > room) {
        left.resize(room);
    }
    return fmt::format("{:<{}} {}", left, room, right);
}

double seconds_between(TimePoint from, TimePoint to) { return std::chrono::duration<double>(to - from).count(); }

class Progress final : public ProgressObserver {
public:
    Progress(std::FILE* out, std::size_t count, std::uint64_t bytes) : out_{out}, count_{count}, bytes_{bytes}, begun_{Clock::now()} {}

    // The total stays on the terminal when the last file is done.
    ~Progress() override {
        erase_drawn();
        if (finished_ > 1 && style_of(out_).terminal) {
            const double seconds = std::max(0.001, seconds_between(begun_, Clock::now()));
            const std::string rate = amount(static_cast<std::uint64_t>(static_cast<double>(fetched_) / seconds)) + "/s ";
            const unsigned columns = width();
            std::fputs((std::string(columns - 1, '-') + "\n").c_str(), out_);
            std::fputs(
                (two_sided("Total", fmt::format("{}| {:>7}  {}", rate, amount(done_bytes_), minutes(seconds)), columns) + "\n").c_str(),
                out_);
        }
        std::fflush(out_);
    }

    void started(std::size_t index, std::string_view label, std::optional<std::uint64_t> total) override {
        running_[index] = {.label = printable(label), .received = 0, .total = total.value_or(0), .begun = Clock::now()};
    }

    void advanced(std::size_t index, std::uint64_t received, std::optional<std::uint64_t> total) override {
        Running& file = running_[index];
        if (!file.counted) {
            file.counted = true;
            file.before = received;  // what an earlier run had brought is no speed of this one
        }
        file.received = received;
        file.total = total.value_or(0);
    }

    void finished(std::size_t index, const Result<DownloadResult>& result) override {
        const Running file = running_[index];
        running_.erase(index);
        erase_drawn();
        if (result) {
            done_bytes_ += result->size;
            const bool cached = result->outcome == DownloadOutcome::already_there;
            if (!cached) {
                fetched_ += result->fetched;
            }
            ++finished_;
            const std::string line =
                finished_line(finished_, count_, file.label, result->size, seconds_between(file.begun, Clock::now()), width());
            std::fputs((line + "\n").c_str(), out_);
        }
        std::fflush(out_);
    }

    void tick() override {
        const ProgressStyle style = style_of(out_);
        if (!style.terminal || running_.empty()) {
            return;
        }
        erase_drawn();
        std::string text;
        std::uint64_t received = done_bytes_;
        constexpr std::size_t most_lines = 8;
        for (const auto& [index, file] : running_) {
            received += file.received;
            if (drawn_ < most_lines) {
                const double seconds = seconds_between(file.begun, Clock::now());
                const double rate = seconds > 0 ? static_cast<double>(file.received - std::min(file.before, file.received)) / seconds : 0;
                text += running_line(file.label, file.received, file.total, rate, style.width) + "\n";
                ++drawn_;
            }
        }
        if (count_ > 1) {
            const double seconds = seconds_between(begun_, Clock::now());
            const double rate = seconds > 0 ? static_cast<double>(received) / seconds : 0;
            text += running_line(fmt::format("Total ({}/{})", finished_, count_), received, bytes_, rate, style.width) + "\n";
            ++drawn_;
        }
        std::fputs(text.c_str(), out_);
        std::fflush(out_);
    }

private:
    struct Running {
        std::string label;
        std::uint64_t received = 0;
        std::uint64_t total = 0;
        std::uint64_t before = 0;
        bool counted = false;
        TimePoint begun;
    };

    [[nodiscard]] unsigned width() const { return style_of(out_).width; }

    void erase_drawn() {
        if (drawn_ > 0) {
            std::fputs(fmt::format("\x1b[{}A\x1b[J", drawn_).c_str(), out_);
            drawn_ = 0;
        }
    }

    std::FILE* out_;
    std::size_t count_;
    std::uint64_t bytes_;
    TimePoint begun_;
    std::map<std::size_t, Running> running_;
    std::size_t finished_ = 0;
    std::uint64_t done_bytes_ = 0;
    std::uint64_t fetched_ = 0;
    std::size_t drawn_ = 0;
};

}  // namespace

ProgressStyle style_of(std::FILE* out) {
    const int fd = ::fileno(out);
    ProgressStyle style{.terminal = ::isatty(fd) == 1};
    winsize size{};
    if (style.terminal && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) {
        style.width = size.ws_col;
    }
    return style;
}

std::string finished_line(std::size_t number, std::size_t count, std::string_view label, std::uint64_t bytes, double seconds,
                          unsigned width) {
    const std::string place = count > 1 ? fmt::format("({}/{}): ", number, count) : std::string{};
    return two_sided(fmt::format("{}{}", place, label), fmt::format("| {:>7}  {}", amount(bytes), minutes(seconds)), width);
}

std::string running_line(std::string_view label, std::uint64_t received, std::uint64_t total, double rate, unsigned width) {
    const auto per_second = static_cast<std::uint64_t>(std::max(0.0, rate));
    std::string right = total > 0 ? fmt::format("{:3}% ", std::min<std::uint64_t>(100, received * 100 / total)) : std::string{};
    const double left = total > received && rate > 0 ? static_cast<double>(total - received) / rate : 0;
    right += fmt::format("| {:>7} {:>7}/s {}", amount(received), amount(per_second), total > 0 ? minutes(left) + " ETA" : minutes(0));
    return two_sided(std::string{label}, right, width);
}

std::unique_ptr<ProgressObserver> make_progress(std::FILE* out, std::size_t count, std::uint64_t bytes) {
    return std::make_unique<Progress>(out, count, bytes);
}

}  // namespace lastack::cli
