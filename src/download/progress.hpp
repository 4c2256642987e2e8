// How far a download is.
#pragma once

#include <atomic>
#include <cstdint>

namespace lastack::download {

// Written on the reactor, read by whoever shows progress.
struct JobProgress {
    static constexpr std::uint64_t unknown = UINT64_MAX;
    std::atomic<bool> started = false;
    std::atomic<std::uint64_t> received = 0;
    std::atomic<std::uint64_t> total = unknown;
};

}  // namespace lastack::download
