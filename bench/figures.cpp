#include "bench/figures.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <sys/time.h>
#include <thread>

namespace lastack::bench {

void Distribution::add(const std::vector<double>& times) {
    times_.insert(times_.end(), times.begin(), times.end());
    sorted_ = false;
}

double Distribution::at(double share) {
    if (times_.empty()) {
        return 0;
    }
    if (!sorted_) {
        std::ranges::sort(times_);
        sorted_ = true;
    }
    return times_[static_cast<std::size_t>(share * static_cast<double>(times_.size() - 1))];
}

std::string Distribution::text() {
    char line[160];
    std::snprintf(line, sizeof line, "%6zu closes   min %6.1f   median %7.1f   p99 %8.1f   max %8.1f us", size(), at(0), median(), at(0.99),
                  at(1));
    return line;
}

void Goals::at_most(std::string name, double value, double limit, std::string unit) {
    goals_.push_back({std::move(name), value, limit, std::move(unit)});
}

void Goals::print() const {
    std::printf("\ngoals\n");
    for (const Goal& goal : goals_) {
        std::printf("  %-7s %-58s %9.2f %s (at most %g)\n", goal.value <= goal.limit ? "met" : "MISSED", goal.name.c_str(), goal.value,
                    goal.unit.c_str(), goal.limit);
    }
}

bool Goals::all_met() const {
    return std::ranges::all_of(goals_, [](const Goal& goal) { return goal.value <= goal.limit; });
}

void print_surroundings(std::string_view name) {
    double load[1] = {0};
    ::getloadavg(load, 1);
    std::printf("%.*s: %u processors, load average %.1f before the run\n", static_cast<int>(name.size()), name.data(),
                std::thread::hardware_concurrency(), load[0]);
}

void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

double processor_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace lastack::bench
