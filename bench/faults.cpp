// Do all files arrive when one answer in twenty is spoilt in one of twelve ways, and at what cost? And what is each fault called when every
// mirror has it?
//
//   bench_faults [--files N] [--share PERCENT] [--seed N] [--timeout-ms N] [--parallel N] [--check]
#include "bench/channel.hpp"
#include "bench/figures.hpp"
#include "bench/trial.hpp"

#include <csignal>
#include <cstdio>
#include <map>
#include <set>

namespace {

using namespace lastack;
using namespace lastack::bench;

constexpr std::uint64_t largest = 8192;
constexpr double most_requests = 1.15;
constexpr unsigned failures_told = 5;

struct Matrix {
    unsigned files = 10'000;
    double share = 0.05;
    std::uint64_t seed = 0;
    std::chrono::milliseconds timeout{30'000};
    unsigned parallel = 32;
};

std::vector<Fault> all_faults() {
    std::vector<Fault> faults;
    for (std::size_t i = 0; i < fault_kinds; ++i) {
        faults.push_back(static_cast<Fault>(i));
    }
    return faults;
}

void run_matrix(const Matrix& setting, SSL_CTX* context, const std::filesystem::path& ca, Goals& goals) {
    const MirrorSetup plain{.fault_share = setting.share, .faults = all_faults()};
    MirrorSetup tls = plain;
    tls.tls = context;
    FaultServer server{setting.seed, {plain, plain, tls, tls}};
    const TrialFolder folder{std::filesystem::temp_directory_path()};
    Client client{{.max_parallel_downloads = setting.parallel, .max_connections_per_host = setting.parallel}};
    std::vector<DownloadRequest> requests;
    std::vector<Content> contents;
    for (unsigned i = 0; i < setting.files; ++i) {
        const std::string path = "/f" + std::to_string(i) + "-" + std::to_string(1 + mixed(setting.seed, i) % largest);
        const std::size_t first = i % 2 == 0 ? 0 : 2;  // plain or TLS
        const bool swap = i / 2 % 2 == 1;
        requests.push_back(request_for(server, path, {first + (swap ? 1 : 0), first + (swap ? 0 : 1)}, folder.path()));
        requests.back().options.connection.tls.ca = ca;
        requests.back().options.timeout = setting.timeout;
        contents.push_back(server.content(path));
    }
    std::vector<std::filesystem::path> paths;
    for (const DownloadRequest& request : requests) {
        paths.push_back(request.path);
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto results = client.download(std::move(requests));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    unsigned missing = 0;
    unsigned wrong = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (!results[i]) {
            if (missing++ < failures_told) {
                std::printf("  failed: %s\n", describe(results[i].error()).c_str());
            }
        } else if (!holds(paths[i], contents[i])) {
            ++wrong;
        }
    }
    const MirrorCounts counts = server.total();
    const double ratio = static_cast<double>(counts.requests) / setting.files;
    std::printf("\n%u files in %.1f s: %llu requests (%.3f per file) on %llu connections, %u failed, %u wrong\n  faults:", setting.files,
                seconds, static_cast<unsigned long long>(counts.requests), ratio, static_cast<unsigned long long>(counts.connections),
                missing, wrong);
    std::uint64_t faults = 0;
    for (std::size_t i = 0; i < fault_kinds; ++i) {
        std::printf(" %s %llu", std::string{fault_name(static_cast<Fault>(i))}.c_str(), static_cast<unsigned long long>(counts.faults[i]));
        faults += counts.faults[i];
    }
    std::printf(", together %llu\n", static_cast<unsigned long long>(faults));
    goals.at_most("files that failed", missing, 0, "");
    goals.at_most("files with other content", wrong, 0, "");
    goals.at_most("requests per file", ratio, most_requests, "");
}

// Both mirrors have it in every answer, asked for in either order.
std::set<std::string> codes_of(Fault fault, const Matrix& setting, SSL_CTX* context, const std::filesystem::path& ca) {
    MirrorSetup mirror{.fault_share = 1, .faults = {fault}};
    mirror.tls = fault == Fault::tls ? context : nullptr;
    mirror.breaks_handshakes = fault == Fault::tls;
    mirror.refuses = fault == Fault::refused;
    FaultServer server{setting.seed, {mirror, mirror}};
    const TrialFolder folder{std::filesystem::temp_directory_path()};
    Client client;
    std::vector<DownloadRequest> requests;
    for (unsigned i = 0; i < 4; ++i) {
        const std::string path = "/f" + std::to_string(i) + "-2000";
        requests.push_back(request_for(server, path, {i % 2, 1 - i % 2}, folder.path()));
        requests.back().options.connection.tls.ca = ca;
        requests.back().options.timeout = std::chrono::seconds{1};  // as yum's users set it: silence is told early
        requests.back().options.retries = 3;
    }
    std::set<std::string> codes;
    for (const auto& result : client.download(std::move(requests))) {
        codes.insert(result ? "arrived" : code_text(result.error().code));
    }
    return codes;
}

void name_all(const Matrix& setting, SSL_CTX* context, const std::filesystem::path& ca, Goals& goals) {
    std::printf("\nwhat each fault is called when every mirror has it\n");
    unsigned unstable = 0;
    std::map<std::string, unsigned> uses;
    for (const Fault fault : all_faults()) {
        const auto codes = codes_of(fault, setting, context, ca);
        std::string text;
        for (const std::string& code : codes) {
            text += (text.empty() ? "" : " | ") + code;
        }
        std::printf("  %-14s %s\n", std::string{fault_name(fault)}.c_str(), text.c_str());
        unstable += codes.size() == 1 && !codes.contains("arrived") ? 0 : 1;
        ++uses[text];
    }
    goals.at_most("faults without a code that is always the same", unstable, 0, "");
    goals.at_most("faults that share a code with another", static_cast<double>(fault_kinds - uses.size()), 0, "");
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Arguments arguments{argc, argv,
                        "usage: bench_faults [--files N] [--share PERCENT] [--seed N] [--timeout-ms N] [--parallel N] [--check]"};
    print_surroundings("bench_faults");
    Matrix setting;
    setting.seed = seed_of(arguments);
    setting.files = static_cast<unsigned>(arguments.number("--files", setting.files));
    setting.share = static_cast<double>(arguments.number("--share", 5)) / 100;
    setting.timeout = std::chrono::milliseconds{arguments.number("--timeout-ms", 30'000)};
    setting.parallel = static_cast<unsigned>(arguments.number("--parallel", setting.parallel));
    const bool check = arguments.flag("--check");
    arguments.end();
    raise_descriptor_limit();
    lastack::test::TestCa ca;
    const ContextHandle context = server_context(ca);
    Goals goals;
    run_matrix(setting, context.get(), ca.certificate(), goals);
    name_all(setting, context.get(), ca.certificate(), goals);
    goals.print();
    return check && !goals.all_met() ? 1 : 0;
}
