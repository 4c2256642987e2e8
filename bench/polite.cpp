// Servers that take two connections of an address or ten requests a second, and a client with default options: how often is it turned away?
//
//   bench_polite [--files N] [--seed N] [--check]
#include "bench/figures.hpp"
#include "bench/trial.hpp"

#include <csignal>
#include <cstdio>

namespace {

using namespace lastack;
using namespace lastack::bench;

constexpr double most_rejected = 5;
constexpr unsigned failures_told = 2;
constexpr std::uint64_t small_size = 1024;
constexpr std::uint64_t large_size = std::uint64_t{256} << 10;
constexpr std::uint64_t slow_enough = 20'000'000;  // bytes per second, so that downloads overlap

void judge(Goals& goals, const std::string& title, std::uint64_t seed, std::uint64_t files, std::uint64_t size, const MirrorSetup& setup) {
    FaultServer server{seed, {setup}};
    const TrialFolder folder{std::filesystem::temp_directory_path()};
    std::vector<DownloadRequest> requests;
    for (std::uint64_t i = 0; i < files; ++i) {
        requests.push_back(request_for(server, "/f" + std::to_string(i) + "-" + std::to_string(size), {0}, folder.path()));
    }
    Client client;
    const auto begin = std::chrono::steady_clock::now();
    const auto results = client.download(std::move(requests));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    unsigned failed = 0;
    for (const auto& result : results) {
        if (!result && failed++ < failures_told) {
            std::printf("  failed: %s\n", describe(result.error()).c_str());
        }
    }
    const MirrorCounts counts = server.total();
    std::printf("%-52s %6.1f s, %llu requests on %llu connections, %llu rejected, %u failed\n", title.c_str(), seconds,
                static_cast<unsigned long long>(counts.requests), static_cast<unsigned long long>(counts.connections),
                static_cast<unsigned long long>(counts.rejected), failed);
    goals.at_most(title + ": failed", failed, 0, "");
    goals.at_most(title + ": rejected", static_cast<double>(counts.rejected), most_rejected, "");
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Arguments arguments{argc, argv, "usage: bench_polite [--files N] [--seed N] [--check]"};
    print_surroundings("bench_polite");
    const std::uint64_t seed = seed_of(arguments);
    const std::uint64_t files = arguments.number("--files", 60);
    const bool check = arguments.flag("--check");
    arguments.end();
    Goals goals;
    judge(goals, "2 connections, others get 503", seed, files, large_size, {.rate = slow_enough, .most_connections = 2});
    judge(goals, "2 connections, others get 429, Retry-After: 1", seed, files, large_size,
          {.rate = slow_enough, .most_connections = 2, .excess_status = 429, .retry_after = 1});
    judge(goals, "2 connections, others are reset", seed, files, large_size,
          {.rate = slow_enough, .most_connections = 2, .excess_status = 0});
    judge(goals, "10 requests a second, then 429", seed, files, small_size, {.requests_per_second = 10, .excess_status = 429});
    judge(goals, "10 requests a second, then 503, Retry-After: 1", seed, files, small_size,
          {.requests_per_second = 10, .excess_status = 503, .retry_after = 1});
    goals.print();
    return check && !goals.all_met() ? 1 : 0;
}
