// A download that is interrupted at a random offset, in five ways and five situations: does the right file arrive, and how much is fetched
// twice?
//
//   bench_kill [--offsets N] [--size BYTES] [--seed N] [--parallel N] [--timeout-ms N] [--check]
#include "bench/figures.hpp"
#include "bench/kill_run.hpp"
#include "bench/trial.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>

namespace {

using namespace lastack::bench;

constexpr std::uint64_t most_refetched = std::uint64_t{1} << 20;

struct Cell {
    unsigned runs = 0;
    unsigned failed = 0;
    unsigned wrong = 0;
    unsigned not_reached = 0;
    std::uint64_t worst = 0;
    std::uint64_t sum = 0;
};

using Table = std::array<std::array<Cell, situation_kinds>, interruption_kinds>;

void add(Cell& cell, const KillOutcome& outcome) {
    ++cell.runs;
    cell.failed += outcome.failed ? 1 : 0;
    cell.wrong += outcome.wrong ? 1 : 0;
    cell.not_reached += outcome.reached ? 0 : 1;
    cell.worst = std::max(cell.worst, outcome.refetched);
    cell.sum += outcome.refetched;
}

void print(const Table& table) {
    std::printf("\nKiB fetched again, mean / worst (failed, wrong)\n%-10s", "");
    for (std::size_t s = 0; s < situation_kinds; ++s) {
        std::printf(" %24s", situation_name(static_cast<Situation>(s)));
    }
    for (std::size_t i = 0; i < interruption_kinds; ++i) {
        std::printf("\n%-10s", interruption_name(static_cast<Interruption>(i)));
        for (const Cell& cell : table[i]) {
            std::array<char, 64> text{};
            std::snprintf(text.data(), text.size(), "%.0f / %llu (%u, %u)",
                          static_cast<double>(cell.sum) / std::max(1U, cell.runs) / 1024.0,
                          static_cast<unsigned long long>(cell.worst >> 10), cell.failed, cell.wrong);
            std::printf(" %24s", text.data());
        }
    }
    std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && std::strcmp(argv[1], "--client") == 0) {
        return run_kill_client(argc, argv);
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Arguments arguments{argc, argv, "usage: bench_kill [--offsets N] [--size BYTES] [--seed N] [--parallel N] [--timeout-ms N] [--check]"};
    print_surroundings("bench_kill");
    const std::uint64_t seed = seed_of(arguments);
    const std::uint64_t offsets = arguments.number("--offsets", 100);
    const std::uint64_t size = arguments.number("--size", std::uint64_t{24} << 20);
    const std::uint64_t parallel = arguments.number("--parallel", 4);
    const std::chrono::milliseconds timeout{arguments.number("--timeout-ms", 1000)};
    const bool check = arguments.flag("--check");
    arguments.end();

    const TrialFolder folder{std::filesystem::temp_directory_path()};
    Table table{};
    std::mutex mutex;
    std::atomic<std::uint64_t> next = 0;
    const std::uint64_t runs = offsets * interruption_kinds * situation_kinds;
    std::vector<std::thread> threads;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t t = 0; t < parallel; ++t) {
        threads.emplace_back([&] {
            for (std::uint64_t run = next++; run < runs; run = next++) {
                const std::uint64_t i = run % interruption_kinds;
                const std::uint64_t s = run / interruption_kinds % situation_kinds;
                const std::uint64_t own_seed = mixed(seed, run);
                const KillOutcome outcome = run_kill({.interruption = static_cast<Interruption>(i),
                                                      .situation = static_cast<Situation>(s),
                                                      .size = size,
                                                      .offset = mixed(own_seed, 1) % size,
                                                      .seed = own_seed,
                                                      .timeout = timeout,
                                                      .folder = folder.path()});
                const std::lock_guard lock{mutex};
                add(table[i][s], outcome);
                if (!outcome.told.empty()) {
                    std::printf("  %s, %s, run %llu: %s\n", interruption_name(static_cast<Interruption>(i)),
                                situation_name(static_cast<Situation>(s)), static_cast<unsigned long long>(run), outcome.told.c_str());
                }
            }
        });
    }
    std::ranges::for_each(threads, &std::thread::join);
    print(table);
    std::printf("%llu runs of %llu KiB in %.0f s\n", static_cast<unsigned long long>(runs), static_cast<unsigned long long>(size >> 10),
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    Cell all;
    for (const auto& row : table) {
        for (const Cell& cell : row) {
            all.failed += cell.failed;
            all.wrong += cell.wrong;
            all.not_reached += cell.not_reached;
            all.worst = std::max(all.worst, cell.worst);
        }
    }
    Goals goals;
    goals.at_most("runs that did not end with the file", all.failed, 0, "");
    goals.at_most("wrong files under the final name, at any time", all.wrong, 0, "");
    goals.at_most("runs whose interruption never came", all.not_reached, 0, "");
    goals.at_most("most KiB fetched again after one interruption", static_cast<double>(all.worst) / 1024.0,
                  static_cast<double>(most_refetched) / 1024.0, "KiB");
    goals.print();
    return check && !goals.all_met() ? 1 : 0;
}
