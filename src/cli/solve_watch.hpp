// libsolv cannot be interrupted, and a repository can pose it puzzles that no time is enough for. Nothing has changed while it works, so
// that the way out is to leave: a thread looks on, and ends the process with a message when the user wants to stop, or when solving takes
// more of the processor or of memory than any honest request did.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <functional>
#include <stop_token>
#include <thread>

namespace lastack::cli {

struct SolveLimits {
    std::chrono::milliseconds processor{};          // of the solving thread; 0: no limit
    std::uint64_t memory = std::uint64_t{1} << 30;  // bytes that the process may grow by meanwhile
};

struct SolveCost {
    std::chrono::milliseconds processor{};
    std::uint64_t memory = 0;
};

enum class SolveVerdict : std::uint8_t { go_on, stopped, too_long, too_large };

// Pure.
[[nodiscard]] SolveVerdict judge_solve(const SolveCost& cost, const SolveLimits& limits, bool stop_requested);

class SolveWatch {
public:
    // Watches the calling thread until it is destroyed. `leave` is called on another thread, at most once: it says why and returns the
    // status that the process then ends with.
    SolveWatch(SolveLimits limits, std::stop_token stop, std::function<int(SolveVerdict)> leave);

private:
    void watch(const std::stop_token& done) const;
    [[nodiscard]] SolveCost cost() const;  // since the thread and the process began
    [[nodiscard]] SolveCost since_begin() const;

    SolveLimits limits_;
    std::stop_token stop_;
    std::function<int(SolveVerdict)> leave_;
    clockid_t clock_{};
    SolveCost begin_;
    std::jthread thread_;
};

}  // namespace lastack::cli
