#include "cli/trace_writer.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

#include <cstdio>
#include <utility>

namespace lastack::cli {

namespace {

constexpr std::size_t backlog = 10'000;

}  // namespace

TraceWriter::TraceWriter() : thread_{[this] { write(); }} {}

TraceWriter::~TraceWriter() {
    {
        const std::lock_guard lock{mutex_};
        ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void TraceWriter::line(std::string_view text) {
    const double seconds = std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
    char stamp[40];
    std::snprintf(stamp, sizeof stamp, "[%.6f] ", seconds);
    const std::lock_guard lock{mutex_};
    if (lines_.size() >= backlog) {
        ++dropped_;
        return;
    }
    lines_.push_back(stamp + printable(text) + "\n");
    changed_.notify_one();
}

void TraceWriter::write() {
    std::unique_lock lock{mutex_};
    while (true) {
        changed_.wait(lock, [this] { return ending_ || !lines_.empty(); });
        if (lines_.empty()) {
            return;
        }
        const std::deque<std::string> lines = std::exchange(lines_, {});
        const std::size_t dropped = std::exchange(dropped_, 0);
        lock.unlock();
        for (const std::string& text : lines) {
            std::fputs(text.c_str(), stderr);
        }
        if (dropped > 0) {
            std::fprintf(stderr, "(%zu lines left out)\n", dropped);
        }
        lock.lock();
    }
}

}  // namespace lastack::cli
