#include "cli/solve_watch.hpp"

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <pthread.h>
#include <unistd.h>
#include <utility>

namespace lastack::cli {

namespace {

constexpr std::chrono::milliseconds look_every{200};

std::uint64_t resident_memory() {
    std::FILE* const file = std::fopen("/proc/self/statm", "re");
    if (file == nullptr) {
        return 0;
    }
    unsigned long long all = 0;
    unsigned long long resident = 0;
    const int count = std::fscanf(file, "%llu %llu", &all, &resident);
    std::fclose(file);
    return count == 2 ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

SolveVerdict judge_solve(const SolveCost& cost, const SolveLimits& limits, bool stop_requested) {
    if (stop_requested) {
        return SolveVerdict::stopped;
    }
    if (limits.processor.count() > 0 && cost.processor > limits.processor) {
        return SolveVerdict::too_long;
    }
    return cost.memory > limits.memory ? SolveVerdict::too_large : SolveVerdict::go_on;
}

SolveWatch::SolveWatch(SolveLimits limits, std::stop_token stop, std::function<int(SolveVerdict)> leave)
    : limits_{limits}, stop_{std::move(stop)}, leave_{std::move(leave)} {
    ::pthread_getcpuclockid(::pthread_self(), &clock_);
    begin_ = cost();
    thread_ = std::jthread{[this](const std::stop_token& done) { watch(done); }};
}

SolveCost SolveWatch::cost() const {
    timespec used{};
    ::clock_gettime(clock_, &used);
    const auto time = std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
    return {.processor = std::chrono::duration_cast<std::chrono::milliseconds>(time), .memory = resident_memory()};
}

SolveCost SolveWatch::since_begin() const {
    SolveCost now = cost();
    now.processor -= begin_.processor;
    now.memory = now.memory > begin_.memory ? now.memory - begin_.memory : 0;
    return now;
}

void SolveWatch::watch(const std::stop_token& done) const {
    std::mutex mutex;
    std::condition_variable_any wake;
    const std::stop_callback stopped{stop_, [&] {
                                         const std::lock_guard lock{mutex};
                                         wake.notify_all();
                                     }};
    std::unique_lock lock{mutex};
    while (true) {
        wake.wait_for(lock, done, look_every, [&] { return stop_.stop_requested(); });
        if (done.stop_requested()) {
            return;
        }
        if (const auto verdict = judge_solve(since_begin(), limits_, stop_.stop_requested()); verdict != SolveVerdict::go_on) {
            // Destructors would wait for the solver. What they would release the kernel releases.
            ::_exit(leave_(verdict));
        }
    }
}

}  // namespace lastack::cli
