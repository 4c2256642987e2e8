// What becomes of 100 000 requests for small documents when the server closes connections at random moments? lastack beside libcurl's multi
// handle as the peer and, as the limit of handshakes, a bare client that opens a connection for each request.
//
//   bench_reuse [REQUESTS] [--seed N] [--mixture keep=80,fin=4,...] [--longest-idle-us N] [--plain | --tls] [--check]
#include "bench/close_server.hpp"
#include "bench/figures.hpp"
#include "bench/partner.hpp"
#include "bench/reuse_client.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sstream>

namespace {

using namespace lastack::bench;

constexpr unsigned bare_share = 10;  // one in so many: each costs a handshake

struct Options {
    unsigned requests = 100'000;
    unsigned seed = std::random_device{}();
    unsigned longest_idle_us = 3000;
    Mixture mixture;
    bool plain = true;
    bool tls = true;
    bool check = false;
};

[[noreturn]] void usage() {
    std::fprintf(stderr,
                 "usage: bench_reuse [REQUESTS] [--seed N] [--mixture NAME=WEIGHT,...] [--longest-idle-us N] [--plain | --tls] [--check]\n"
                 "  names: %s\n",
                 Mixture{}.text().c_str());
    std::exit(2);
}

unsigned number(const char* text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
    if (error != std::errc{} || *end != '\0') {
        usage();
    }
    return value;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const bool has_value = i + 1 < argc;
        if (word == "--seed" && has_value) {
            options.seed = number(argv[++i]);
        } else if (word == "--longest-idle-us" && has_value) {
            options.longest_idle_us = number(argv[++i]);
        } else if (word == "--mixture" && has_value) {
            if (!options.mixture.parse(argv[++i])) {
                usage();
            }
        } else if (word == "--plain" || word == "--tls") {
            options.plain = word == "--plain";
            options.tls = word == "--tls";
        } else if (word == "--check") {
            options.check = true;
        } else {
            options.requests = number(argv[i]);
        }
    }
    return options;
}

int run_client(char** argv) {
    const ReuseTask task{
        .port = static_cast<std::uint16_t>(number(argv[3])), .ca = argv[6], .requests = number(argv[4]), .seed = number(argv[5])};
    const ReuseOutcome outcome = run_reuse_client(argv[2], task);
    std::ostringstream line;
    line << outcome.failed << ' ' << outcome.resends << ' ' << outcome.seconds << ' ' << outcome.processor_seconds;
    give_answer(line.str());
    return 0;
}

ReuseOutcome measure(const Options& options, const char* title, const char* kind, unsigned requests, SSL_CTX* context,
                     const std::filesystem::path& ca) {
    CloseServer server{context, options.mixture, options.seed, std::chrono::microseconds{options.longest_idle_us}, requests};
    ReuseOutcome outcome;
    {
        Partner client{
            {"--client", kind, std::to_string(server.port()), std::to_string(requests), std::to_string(options.seed), ca.string()}};
        std::istringstream{client.answer()} >> outcome.failed >> outcome.resends >> outcome.seconds >> outcome.processor_seconds;
    }
    const CloseCounts counts = server.counts();
    const double n = requests;
    std::printf(
        "  %-22s %6llu failed of %u   %6llu handshakes   reuse %5.1f %%   read twice %5llu, answered twice %4llu   "
        "processor %6.1f us per request   %6.2f s\n",
        title, static_cast<unsigned long long>(outcome.failed), requests, static_cast<unsigned long long>(counts.connections),
        100 * (1 - static_cast<double>(counts.connections) / n), static_cast<unsigned long long>(counts.read_again),
        static_cast<unsigned long long>(counts.answered_again), outcome.processor_seconds / n * 1e6, outcome.seconds);
    if (outcome.resends > 0) {
        std::printf("  %-22s %6llu resends by its own count\n", "", static_cast<unsigned long long>(outcome.resends));
    }
    std::printf("  %-22s ended by the server:", "");
    for (std::size_t i = 1; i < fates; ++i) {
        std::printf(" %s %llu", std::string{fate_name(static_cast<Fate>(i))}.c_str(), static_cast<unsigned long long>(counts.ends[i]));
    }
    std::printf("\n");
    return outcome;
}

void compare(const Options& options, Goals& goals, lastack::test::TestCa* ca) {
    const char* const name = ca == nullptr ? "plain" : "TLS";
    const ContextHandle context = ca == nullptr ? nullptr : server_context(*ca);
    const auto file = ca == nullptr ? std::filesystem::path{} : ca->certificate();
    std::printf("\n== %s, %u at a time\n", name, reuse_concurrency);
    measure(options, "bare, always new", "bare", std::max(1u, options.requests / bare_share), context.get(), file);
    measure(options, "libcurl multi", "curl", options.requests, context.get(), file);
    const auto ours = measure(options, "lastack", "lastack", options.requests, context.get(), file);
    goals.at_most(std::string{name} + ": failed requests", static_cast<double>(ours.failed), 0, "");
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    if (argc == 7 && std::string_view{argv[1]} == "--client") {
        return run_client(argv);
    }
    const Options options = parse(argc, argv);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    print_surroundings("bench_reuse");
    std::printf("seed %u, a connection may end up to %u us after an answer, mixture %s\n", options.seed, options.longest_idle_us,
                options.mixture.text().c_str());
    Goals goals;
    if (options.plain) {
        compare(options, goals, nullptr);
    }
    if (options.tls) {
        lastack::test::TestCa ca;
        compare(options, goals, &ca);
    }
    goals.print();
    return options.check && !goals.all_met() ? 1 : 0;
}
