// Five mirrors of different worth, and no word about which is good: how much longer than with only the best one does it take?
//
//   bench_mirrors [--files N] [--size BYTES] [--rate BYTES] [--seed N] [--limit SECONDS] [--no-ratio] [--best-first] [--check]
#include "bench/figures.hpp"
#include "bench/trial.hpp"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <random>
#include <thread>

namespace {

using namespace lastack;
using namespace lastack::bench;
using namespace std::chrono_literals;

constexpr double most_times_best = 1.25;
constexpr auto lookup_time = 300ms;
constexpr unsigned failures_told = 3;

enum Kind : std::size_t { fast, slow, flaky, stale, dead, kinds };

struct Course {
    std::uint64_t files = 100;
    std::uint64_t size = std::uint64_t{2} << 20;
    std::uint64_t rate = 20'000'000;
    std::uint64_t seed = 0;
    std::chrono::seconds limit{180};
};

// Each has an address of its own, so that nothing learned about one is mistaken for another.
std::vector<MirrorSetup> mirrors(const Course& setting) {
    std::vector<MirrorSetup> all(kinds);
    for (std::size_t i = 0; i < kinds; ++i) {
        all[i].address = "127.0.0." + std::to_string(i + 2);
        all[i].rate = setting.rate;
    }
    all[fast].first_answer_delay = lookup_time;
    all[slow].rate = setting.rate / 100;
    all[flaky].rate = setting.rate / 4;
    all[flaky].fault_share = 0.3;
    all[flaky].faults = {Fault::reset, Fault::cut, Fault::stall, Fault::server_error, Fault::busy, Fault::refused};
    all[stale].version = 1;
    all[dead].dead = true;
    return all;
}

// Cancels a run that is beyond hope.
class Limit {
public:
    explicit Limit(std::chrono::seconds time)
        : thread_{[this, time] {
              std::unique_lock lock{mutex_};
              if (!over_.wait_for(lock, time, [this] { return done_; })) {
                  stop_.request_stop();
              }
          }} {}
    ~Limit() {
        {
            const std::lock_guard lock{mutex_};
            done_ = true;
        }
        over_.notify_one();
        thread_.join();
    }
    Limit(const Limit&) = delete;
    Limit& operator=(const Limit&) = delete;
    [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

private:
    std::mutex mutex_;
    std::condition_variable over_;
    bool done_ = false;
    std::stop_source stop_;
    std::thread thread_;
};

struct Outcome {
    double seconds = 0;
    unsigned failed = 0;
    unsigned wrong = 0;
};

Outcome run(const Course& setting, const char* title, const std::vector<std::size_t>& order) {
    FaultServer server{setting.seed, mirrors(setting)};
    const TrialFolder folder{std::filesystem::temp_directory_path()};
    std::vector<DownloadRequest> requests;
    std::vector<Content> contents;
    for (std::uint64_t i = 0; i < setting.files; ++i) {
        const std::string path = "/f" + std::to_string(i) + "-" + std::to_string(setting.size);
        requests.push_back(request_for(server, path, order, folder.path()));
        contents.push_back(server.content(path));
    }
    const auto asked = requests;
    Client client;
    const Limit limit{setting.limit};
    const auto begin = std::chrono::steady_clock::now();
    const auto results = client.download(std::move(requests), nullptr, limit.token());
    Outcome outcome{.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (!results[i]) {
            if (outcome.failed++ < failures_told) {
                std::printf("  failed: %s\n", describe(results[i].error()).c_str());
            }
        } else {
            outcome.wrong += holds(asked[i].path, contents[i]) ? 0 : 1;
        }
    }
    constexpr const char* names[] = {"fast", "slow", "flaky", "stale", "dead"};
    std::printf("%-28s %7.2f s, %u failed, %u wrong; MB from", title, outcome.seconds, outcome.failed, outcome.wrong);
    for (const std::size_t mirror : order) {
        const auto counts = server.counts(mirror);
        std::printf(" %s %.1f (%llu requests)", names[mirror], static_cast<double>(counts.body_bytes) / 1e6,
                    static_cast<unsigned long long>(counts.requests));
    }
    std::printf("\n");
    return outcome;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Arguments arguments{
        argc, argv,
        "usage: bench_mirrors [--files N] [--size BYTES] [--rate BYTES] [--seed N] [--limit SECONDS] [--no-ratio] [--best-first] "
        "[--check]"};
    print_surroundings("bench_mirrors");
    Course setting;
    setting.seed = seed_of(arguments);
    setting.files = arguments.number("--files", setting.files);
    setting.size = arguments.number("--size", setting.size);
    setting.rate = arguments.number("--rate", setting.rate);
    setting.limit = std::chrono::seconds{arguments.number("--limit", 180)};
    const bool no_ratio = arguments.flag("--no-ratio");      // a small run says nothing about time
    const bool best_first = arguments.flag("--best-first");  // no other order
    const bool check = arguments.flag("--check");
    arguments.end();

    const Outcome best = run(setting, "only the best", {fast});
    std::vector<std::size_t> any{fast, slow, flaky, stale, dead};
    std::shuffle(any.begin(), any.end(), std::minstd_rand{static_cast<unsigned>(setting.seed)});
    Goals goals;
    const auto judge = [&](const char* title, const std::vector<std::size_t>& order) {
        const Outcome outcome = run(setting, title, order);
        const std::string name = title;
        goals.at_most(name + ": failed files", outcome.failed, 0, "");
        goals.at_most(name + ": wrong files", outcome.wrong, 0, "");
        if (!no_ratio) {
            goals.at_most(name + ": times the time of the best alone", outcome.seconds / best.seconds, most_times_best, "");
        }
    };
    judge("five, the best first", {fast, slow, flaky, stale, dead});
    if (!best_first) {
        judge("five, in a random order", any);
        judge("five, the worst order", {dead, slow, stale, flaky, fast});
    }
    goals.print();
    return check && !goals.all_met() ? 1 : 0;
}
