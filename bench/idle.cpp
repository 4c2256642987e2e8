// How does a client treat connections that idle? The server closes a thousand of them, one per millisecond and all at once, and sees how
// long each takes to close from the client's side too; also while the client downloads at full speed. And what does an idle connection cost
// in memory? lastack beside a bare epoll loop as the limit and libcurl's multi handle as the peer; each in a process of its own.
//
//   bench_idle [--connections N] [--rounds N] [--plain | --tls] [--only calm|load|burst|memory] [--load-folder DIR] [--check]
#include "bench/figures.hpp"
#include "bench/holding_server.hpp"
#include "bench/idle_client.hpp"
#include "bench/idle_memory.hpp"
#include "bench/partner.hpp"
#include "bench/stream_server.hpp"
#include "bench/turn.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace {

using namespace lastack::bench;
using namespace std::chrono_literals;

constexpr auto pace = 1ms;
constexpr auto patience = 5s;

struct Options {
    unsigned connections = 1000;
    unsigned rounds = 3;
    bool plain = true;
    bool tls = true;
    bool check = false;
    std::string only;  // "calm", "load", "burst" or "memory"; empty: all
    [[nodiscard]] bool wants(std::string_view scene) const { return only.empty() || only == scene; }
    std::filesystem::path load_folder = "/dev/shm";
};

unsigned number(const char* text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
    if (error != std::errc{} || *end != '\0' || value == 0) {
        std::fprintf(stderr, "bench_idle: '%s' is no number\n", text);
        std::exit(2);
    }
    return value;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const bool has_value = i + 1 < argc;
        if (word == "--connections" && has_value) {
            options.connections = number(argv[++i]);
        } else if (word == "--rounds" && has_value) {
            options.rounds = number(argv[++i]);
        } else if (word == "--load-folder" && has_value) {
            options.load_folder = argv[++i];
        } else if (word == "--plain" || word == "--tls") {
            options.plain = word == "--plain";
            options.tls = word == "--tls";
        } else if (word == "--only" && has_value) {
            options.only = argv[++i];
        } else if (word == "--check") {
            options.check = true;
        } else {
            std::fprintf(
                stderr,
                "usage: bench_idle [--connections N] [--rounds N] [--plain | --tls] [--only calm|load|burst|memory] [--load-folder DIR] "
                "[--check]\n");
            std::exit(2);
        }
    }
    return options;
}

struct Scene {
    Distribution times;
    Distribution processor;  // microseconds of the client's processor time per close, of each round
    Distribution last_gone;  // of each round
    double rate = 0;         // MB/s that the server sent, of the last round
};

// One client's process, and what was seen of it.
struct Subject {
    Subject(const char* title, const std::string& kind, const std::filesystem::path& ca, unsigned connections)
        : name{title}, process{{"--client", kind, std::to_string(connections), ca.string()}} {}

    const char* name;
    Partner process;
    Scene calm;
    Scene loaded;
    Scene burst;
    std::size_t odd = 0;  // closes that were no plain answer to ours
};

class Comparison {
public:
    Comparison(const Options& options, SSL_CTX* context, const std::filesystem::path& ca, const std::filesystem::path& folder)
        : options_{options},
          warm_{context},
          server_{context},
          streams_{context},
          folder_{folder},
          bare_{"bare epoll loop", "bare", ca, options.connections},
          lastack_{"lastack", "lastack", ca, options.connections},
          curl_{"libcurl multi", "curl", ca, options.connections} {}

    void run() {
        for (unsigned round = 0; round < options_.rounds; ++round) {  // in turn, so that all see the same machine
            for (Subject* subject : {&bare_, &lastack_}) {
                if (options_.wants("calm")) {
                    close_all(*subject, subject->calm, pace);
                }
                if (options_.wants("burst")) {
                    close_all(*subject, subject->burst, 0ms);
                }
                if (options_.wants("load")) {
                    close_all(*subject, subject->loaded, pace, Load::yes);
                }
            }
        }
    }

    void print() {
        if (options_.wants("calm")) {
            std::printf("closing one by one, one per millisecond: from the server's FIN to the client's\n");
            print_both(&Subject::calm);
            print_curl();
        }
        if (options_.wants("load")) {
            std::printf("the same while %u downloads run at full speed through the same client\n", load_downloads);
            print_both(&Subject::loaded);
        }
        if (options_.wants("burst")) {
            std::printf("closing all in one burst\n");
            print_both(&Subject::burst);
            for (Subject* subject : {&bare_, &lastack_}) {
                Scene& scene = subject->burst;
                std::printf("  %-16s from the first FIN of the server until the last connection is gone: median %.1f ms, worst %.1f ms\n",
                            subject->name, scene.last_gone.median() / 1000, scene.last_gone.at(1) / 1000);
            }
        }
    }

    void judge_times(Goals& goals) {
        if (options_.wants("calm")) {
            goals.at_most("plain: median, times that of the bare loop", lastack_.calm.times.median() / bare_.calm.times.median(), 2, "x");
            goals.at_most("plain: p99", lastack_.calm.times.at(0.99) / 1000, 1, "ms");
        }
        if (options_.wants("load")) {
            goals.at_most("plain: p99 while downloads run", lastack_.loaded.times.at(0.99) / 1000, 1, "ms");
        }
        if (options_.wants("burst")) {
            goals.at_most("plain: burst until the last is gone, median of rounds", lastack_.burst.last_gone.median() / 1000, 50, "ms");
        }
    }
    void judge_manners(Goals& goals, const std::string& name) {
        goals.at_most(name + ": closes other than FIN for FIN", static_cast<double>(lastack_.odd), 0, "");
    }

private:
    // A fresh client with all its connections idle.
    void hold(Subject& subject) {
        subject.process.order("warm " + std::to_string(warm_.port()));
        warm_.serve_one();
        (void)subject.process.answer();
        subject.process.order("hold " + std::to_string(server_.port()) + " " + std::to_string(options_.connections));
        server_.collect(options_.connections);
        (void)subject.process.answer();
    }

    static double processor_time(Subject& subject) {
        subject.process.order("processor");
        return std::strtod(subject.process.answer().c_str(), nullptr);
    }

    Closes close_held(Subject& subject, std::chrono::milliseconds every) {
        Closes closes = server_.close_all(every, patience);
        subject.odd += closes.left + closes.resets + closes.closed_by_them;
        if (closes.left + closes.resets + closes.closed_by_them > 0) {
            std::printf("  %s: %zu not closed within 5 s, %zu closed with RST, %zu closed before the server did\n", subject.name,
                        closes.left, closes.resets, closes.closed_by_them);
        }
        return closes;
    }

    enum class Load : std::uint8_t { no, yes };

    void close_all(Subject& subject, Scene& scene, std::chrono::milliseconds every, Load load = Load::no) {
        hold(subject);
        if (load == Load::yes) {
            subject.process.order("load " + std::to_string(streams_.port()) + " " + folder_.string());
            (void)subject.process.answer();
            std::this_thread::sleep_for(200ms);  // until they run at full speed
        }
        const std::uint64_t sent_before = streams_.sent();
        const double processor_before = processor_time(subject);
        const auto begin = std::chrono::steady_clock::now();
        const Closes closes = close_held(subject, every);
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
        scene.rate = static_cast<double>(streams_.sent() - sent_before) / 1e6 / time.count();
        scene.processor.add({(processor_time(subject) - processor_before) * 1e6 / options_.connections});
        scene.times.add(closes.times);
        scene.last_gone.add({closes.last_gone});
        if (load == Load::yes) {
            subject.process.order("unload");
            (void)subject.process.answer();
        }
    }

    void print_curl() {
        hold(curl_);
        const Closes closes = server_.close_all(0ms, patience);
        if (closes.left == 0) {
            curl_.calm.times.add(closes.times);
            row(curl_, curl_.calm, &bare_.calm);
            return;
        }
        curl_.process.order("transfer " + std::to_string(warm_.port()));
        warm_.serve_one();
        (void)curl_.process.answer();
        const std::size_t gone = server_.drop_left(1s);
        std::printf(
            "  %-16s %zu of %u not within 5 s (it looks at idle connections only when a transfer begins); %zu gone after the next\n",
            curl_.name, closes.left, options_.connections, gone);
    }

    void print_both(Scene Subject::* scene) {
        row(bare_, bare_.*scene, nullptr);
        row(lastack_, lastack_.*scene, &(bare_.*scene));
    }

    static void row(Subject& subject, Scene& scene, Scene* limit) {
        std::printf("  %-16s %s   client's processor time %6.1f us each", subject.name, scene.times.text().c_str(),
                    scene.processor.median());
        if (limit != nullptr) {
            std::printf("   median %.2f x bare, p99 %.2f x", scene.times.median() / limit->times.median(),
                        scene.times.at(0.99) / limit->times.at(0.99));
        }
        if (scene.rate > 0) {
            std::printf("   at %.0f MB/s", scene.rate);
        }
        std::printf("\n");
    }

    Options options_;
    HoldingServer warm_;
    HoldingServer server_;
    StreamServer streams_;
    std::filesystem::path folder_;
    Subject bare_;
    Subject lastack_;
    Subject curl_;
};

void compare(const Options& options, Goals& goals, lastack::test::TestCa* ca, const std::filesystem::path& folder) {
    const char* const name = ca == nullptr ? "plain" : "TLS";
    const ContextHandle context = ca == nullptr ? nullptr : server_context(*ca);
    const auto file = ca == nullptr ? std::filesystem::path{} : ca->certificate();
    std::printf("\n== %s, %u connections, %u rounds\n", name, options.connections, options.rounds);
    if (options.wants("memory")) {
        compare_memory(context.get(), file, options.connections, name, ca == nullptr ? 4 : 40, goals);
    }
    if (options.only == "memory") {
        return;
    }
    Comparison comparison{options, context.get(), file, folder};
    comparison.run();
    comparison.print();
    if (ca == nullptr) {
        comparison.judge_times(goals);
    }
    comparison.judge_manners(goals, name);
}

}  // namespace

int main(int argc, char** argv) {
    raise_descriptor_limit();
    std::signal(SIGPIPE, SIG_IGN);
    if (argc == 5 && std::string_view{argv[1]} == "--client") {
        return run_idle_client(argv[2], argv[4], number(argv[3]));
    }
    const Options options = parse(argc, argv);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    print_surroundings("bench_idle");
    std::printf("measured %s\n",
                measure_in_real_time() ? "in real time" : "at ordinary priority: delays of the measuring threads count too");
    std::string folder = (options.load_folder / "bench-idle-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) {
        die("a folder for the downloads");
    }
    Goals goals;
    if (options.plain) {
        compare(options, goals, nullptr, folder);
    }
    if (options.tls) {
        lastack::test::TestCa ca;
        compare(options, goals, &ca, folder);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    goals.print();
    return options.check && !goals.all_met() ? 1 : 0;
}
