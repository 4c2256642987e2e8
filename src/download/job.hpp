// One file from its first attempt to its final name: already there? partial from an earlier run? mirrors in turn, resume, verify, commit.
// The story file of the download layer.
#pragma once

#include "download/attempts.hpp"
#include "download/need.hpp"
#include "net/workers.hpp"

#include "lastack/client.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace lastack::download {

// Written on the reactor, read by whoever shows progress.
struct JobProgress {
    static constexpr std::uint64_t unknown = UINT64_MAX;
    std::atomic<bool> started = false;
    std::atomic<std::uint64_t> received = 0;
    std::atomic<std::uint64_t> total = unknown;
};

// `need` is dropped when the first request goes to the pool.
[[nodiscard]] net::Task<Result<DownloadResult>> run_job(Transport transport, net::Workers& disk, DownloadRequest request,
                                                        std::shared_ptr<JobProgress> progress, std::optional<Need> need);

}  // namespace lastack::download
