// What `lastack get --json` writes: an object per file when it ends, and a summary. Pure; the schema is in docs/guide/get.md.
#pragma once

#include "lastack/request.hpp"
#include "lastack/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace lastack::cli {

struct GetSummary {
    std::size_t files = 0;
    std::size_t done = 0;  // already_there included
    std::size_t already_there = 0;
    std::size_t failed = 0;
    std::size_t cancelled = 0;
    std::uint64_t bytes = 0;    // of the files that are there
    std::uint64_t fetched = 0;  // body bytes that crossed the network for them

    void count(const Result<DownloadResult>& result);
};

// Objects without newline.
[[nodiscard]] std::string result_json(std::size_t index, const DownloadRequest& request, const Result<DownloadResult>& result,
                                      std::chrono::milliseconds took);
[[nodiscard]] std::string summary_json(const GetSummary& summary, std::chrono::milliseconds took, int status, bool interrupted);

}  // namespace lastack::cli
