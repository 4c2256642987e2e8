// How much memory do 10 000 files of 1 KiB and one of 4 GiB take that are downloaded in one call?
//
//   bench_many [--files N] [--large BYTES] [--parallel N] [--folder DIR] [--seed N] [--check]
#include "bench/channel.hpp"
#include "bench/figures.hpp"
#include "bench/partner.hpp"
#include "bench/trial.hpp"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace {

using namespace lastack;
using namespace lastack::bench;
using namespace std::chrono_literals;

constexpr double most_memory = 64;  // MiB
constexpr std::uint64_t small_size = 1024;
constexpr std::uint64_t spare_space = std::uint64_t{512} << 20;
constexpr auto look_every = 10ms;

// A line of /proc/self/status, in KiB.
std::uint64_t status(const char* name) {
    std::ifstream file{"/proc/self/status"};
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with(name)) {
            return std::strtoull(line.c_str() + std::strlen(name) + 1, nullptr, 10);
        }
    }
    return 0;
}

std::string small_path(std::uint64_t i) { return "/small" + std::to_string(i) + "-" + std::to_string(small_size); }

// --client SEED FILES LARGE LARGE_DIGEST PARALLEL FOLDER BASE_URL
int run_client(char** argv) {
    const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10);
    const std::uint64_t files = std::strtoull(argv[3], nullptr, 10);
    const std::filesystem::path folder = argv[7];
    const std::string base = argv[8];
    std::vector<DownloadRequest> requests(files + 1);
    const auto fill = [&](DownloadRequest& request, const std::string& path, std::string digest) {
        request.urls = {base + path};
        request.path = folder / path.substr(1);
        request.size = size_in(path);
        request.digests = {{.algorithm = DigestAlgorithm::sha256, .hex = std::move(digest)}};
        request.options.connection.proxy.url = "";
    };
    fill(requests[0], std::string{"/large-"} + argv[4], argv[5]);
    for (std::uint64_t i = 0; i < files; ++i) {
        const std::string path = small_path(i);
        fill(requests[i + 1], path, content_of(seed, path).sha256());
    }
    const std::uint64_t before = status("VmRSS:");
    std::atomic<std::uint64_t> most_anonymous = 0;
    std::vector<Result<DownloadResult>> results;
    {
        const std::jthread watch{[&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                most_anonymous = std::max(most_anonymous.load(), status("RssAnon:"));
                std::this_thread::sleep_for(look_every);
            }
        }};
        ClientOptions options;
        if (const auto parallel = static_cast<unsigned>(std::strtoul(argv[6], nullptr, 10)); parallel != 0) {
            options.max_parallel_downloads = parallel;
            options.max_connections_per_host = parallel;
        }
        Client client{options};
        results = client.download(std::move(requests));
    }
    unsigned failed = 0;
    for (const auto& result : results) {
        if (!result && failed++ == 0) {
            std::fprintf(stderr, "  failed: %s\n", describe(result.error()).c_str());
        }
    }
    std::ostringstream line;
    line << failed << ' ' << before << ' ' << status("VmHWM:") << ' ' << most_anonymous;
    give_answer(line.str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    if (argc == 9 && std::strcmp(argv[1], "--client") == 0) {
        return run_client(argv);
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Arguments arguments{argc, argv, "usage: bench_many [--files N] [--large BYTES] [--parallel N] [--folder DIR] [--seed N] [--check]"};
    print_surroundings("bench_many");
    const std::uint64_t seed = seed_of(arguments);
    const std::uint64_t files = arguments.number("--files", 10'000);
    const std::uint64_t large = arguments.number("--large", std::uint64_t{4} << 30);
    const std::uint64_t parallel = arguments.number("--parallel", 0);
    const std::filesystem::path parent = arguments.text("--folder", std::filesystem::temp_directory_path().string());
    const bool check = arguments.flag("--check");
    arguments.end();
    std::error_code error;
    if (const auto space = std::filesystem::space(parent, error); error || space.available < large + spare_space) {
        std::fprintf(stderr, "bench_many: %s has not enough room for %llu bytes\n", parent.c_str(),
                     static_cast<unsigned long long>(large + spare_space));
        return 2;
    }
    FaultServer server{seed, {MirrorSetup{}}};
    const TrialFolder folder{parent};
    const std::string large_path = "/large-" + std::to_string(large);
    const std::string digest = server.content(large_path).sha256();
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t failed = 0;
    std::uint64_t before = 0;
    std::uint64_t peak = 0;
    std::uint64_t anonymous = 0;
    {
        Partner client{{"--client", std::to_string(seed), std::to_string(files), std::to_string(large), digest, std::to_string(parallel),
                        folder.path().string(), server.url(0, "")}};
        std::istringstream{client.answer()} >> failed >> before >> peak >> anonymous;
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    unsigned wrong = std::filesystem::file_size(folder.path() / large_path.substr(1), error) == large ? 0 : 1;
    for (std::uint64_t i = 0; i < files; ++i) {
        const std::string path = small_path(i);
        wrong += holds(folder.path() / path.substr(1), server.content(path)) ? 0 : 1;
    }
    constexpr double mib = 1024;
    const MirrorCounts counts = server.total();
    std::printf("%llu files and %llu MiB in %.1f s, %llu requests on %llu connections, %llu failed, %u wrong\n",
                static_cast<unsigned long long>(files), static_cast<unsigned long long>(large >> 20), seconds,
                static_cast<unsigned long long>(counts.requests), static_cast<unsigned long long>(counts.connections),
                static_cast<unsigned long long>(failed), wrong);
    std::printf("resident: %.1f MiB with the list of requests made, peak %.1f MiB (VmHWM), anonymous peak %.1f MiB\n",
                static_cast<double>(before) / mib, static_cast<double>(peak) / mib, static_cast<double>(anonymous) / mib);
    Goals goals;
    goals.at_most("files that failed", static_cast<double>(failed), 0, "");
    goals.at_most("wrong files", wrong, 0, "");
    goals.at_most("peak resident memory", static_cast<double>(peak) / mib, most_memory, "MiB");
    goals.print();
    return check && !goals.all_met() ? 1 : 0;
}
