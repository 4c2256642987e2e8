// The clients that bench_reuse measures: many small documents, eight requests at a time, with a pause after each batch in which all
// connections idle. Each runs in a process of its own, so that its processor time is its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace lastack::bench {

struct ReuseTask {
    std::uint16_t port = 0;
    std::filesystem::path ca;  // empty: plain
    unsigned requests = 0;
    unsigned seed = 0;  // of the pauses
};

struct ReuseOutcome {
    std::uint64_t failed = 0;   // no answer, another status than 200, or another document
    std::uint64_t resends = 0;  // as far as the client counts them
    double seconds = 0;
    double processor_seconds = 0;
};

constexpr unsigned reuse_concurrency = 8;

// KIND: "lastack", "curl", or "bare", which opens a connection for every request. The first failures are told on stderr.
[[nodiscard]] ReuseOutcome run_reuse_client(const std::string& kind, const ReuseTask& task);

}  // namespace lastack::bench
