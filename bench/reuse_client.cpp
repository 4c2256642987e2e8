#include "bench/reuse_client.hpp"

#include "bench/channel.hpp"
#include "bench/curl_multi.hpp"
#include "bench/figures.hpp"

#include "lastack/client.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <random>
#include <thread>
#include <vector>

namespace lastack::bench {

namespace {

constexpr unsigned batch_size = 250;
constexpr unsigned longest_pause_us = 4000;
constexpr std::uint64_t failures_told = 5;

std::string document(unsigned index) { return "document " + std::to_string(index) + "\n"; }

std::string url(const ReuseTask& task, unsigned index) {
    return (task.ca.empty() ? "http" : "https") + std::string{"://127.0.0.1:"} + std::to_string(task.port) + "/" + std::to_string(index);
}

class Failures {
public:
    void add(unsigned index, const std::string& why) {
        if (count_++ < failures_told) {
            std::fprintf(stderr, "  request %u failed: %s\n", index, why.c_str());
        }
    }
    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    std::atomic<std::uint64_t> count_ = 0;
};

// Batch after batch, with silence between.
void in_batches(const ReuseTask& task, const std::function<void(unsigned first, unsigned count)>& run) {
    std::minstd_rand random{task.seed};
    std::uniform_int_distribution<unsigned> pause{0, longest_pause_us};
    for (unsigned first = 0; first < task.requests; first += batch_size) {
        run(first, std::min(batch_size, task.requests - first));
        std::this_thread::sleep_for(std::chrono::microseconds{pause(random)});
    }
}

std::uint64_t run_lastack(const ReuseTask& task, Failures& failures) {
    Client client{{.max_parallel_downloads = reuse_concurrency, .max_connections_per_host = reuse_concurrency}};
    client.expect_more(true);
    RequestOptions options;
    options.connection.tls.ca = task.ca;
    options.connection.proxy.url = "";
    in_batches(task, [&](unsigned first, unsigned count) {
        std::vector<FetchRequest> requests;
        for (unsigned i = 0; i < count; ++i) {
            requests.push_back({.urls = {url(task, first + i)}, .options = options});
        }
        const auto results = client.fetch(std::move(requests));
        for (unsigned i = 0; i < count; ++i) {
            if (!results[i]) {
                failures.add(first + i, describe(results[i].error()));
            } else if (results[i]->body != document(first + i)) {
                failures.add(first + i, "another document: " + results[i]->body);
            }
        }
    });
    return client.connections().resends;
}

void run_curl(const ReuseTask& task, Failures& failures) {
    CurlMulti multi{task.ca, reuse_concurrency};
    in_batches(task, [&](unsigned first, unsigned count) {
        multi.transfer(
            count, [&](unsigned i) { return url(task, first + i); },
            [&](unsigned i, const CurlMulti::Answer& answer) {
                if (answer.result != CURLE_OK) {
                    failures.add(first + i, ::curl_easy_strerror(answer.result));
                } else if (answer.status != 200 || answer.body != document(first + i)) {
                    failures.add(first + i, "status " + std::to_string(answer.status) + " and '" + answer.body + "'");
                }
            });
    });
}

void run_bare(const ReuseTask& task, Failures& failures) {
    const ContextHandle context = task.ca.empty() ? nullptr : client_context(task.ca);
    std::atomic<unsigned> next = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < reuse_concurrency; ++i) {
        threads.emplace_back([&] {
            for (unsigned index = next++; index < task.requests; index = next++) {
                Channel channel = Channel::connect(task.port, context.get());
                std::string answer;
                char buffer[4096];
                if (channel.is_open() &&
                    channel.write("GET /" + std::to_string(index) + " HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")) {
                    for (long n = channel.read(buffer, sizeof buffer); n > 0; n = channel.read(buffer, sizeof buffer)) {
                        answer.append(buffer, static_cast<std::size_t>(n));
                    }
                }
                if (!answer.ends_with("\r\n\r\n" + document(index))) {
                    failures.add(index, "answer '" + answer + "'");
                }
            }
        });
    }
    std::ranges::for_each(threads, &std::thread::join);
}

}  // namespace

ReuseOutcome run_reuse_client(const std::string& kind, const ReuseTask& task) {
    ReuseOutcome outcome;
    Failures failures;
    const auto begin = std::chrono::steady_clock::now();
    const double processor_before = processor_seconds();
    if (kind == "lastack") {
        outcome.resends = run_lastack(task, failures);
    } else if (kind == "curl") {
        run_curl(task, failures);
    } else {
        run_bare(task, failures);
    }
    outcome.processor_seconds = processor_seconds() - processor_before;
    outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    outcome.failed = failures.count();
    return outcome;
}

}  // namespace lastack::bench
