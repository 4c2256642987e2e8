// How a program watches its downloads.
#pragma once

#include "lastack/request.hpp"
#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lastack {

// One file at one moment.
struct FileProgress {
    std::size_t index = 0;  // the request's place in the vector given to download()
    std::string_view label;
    std::uint64_t received = 0;
    std::optional<std::uint64_t> total;                // unset: unknown
    const Result<DownloadResult>* finished = nullptr;  // set once, in the last word on it
};

// What a progress observer sees. Calls come on the thread that called download(), never concurrently.
class ProgressObserver {
public:
    virtual ~ProgressObserver() = default;
    // `index` is the request's place in the vector given to download(). `total` is unset while the size is unknown.
    virtual void started(std::size_t index, std::string_view label, std::optional<std::uint64_t> total) = 0;
    // At most some ten times a second per file; `received` counts resumed bytes too and may go down when a file starts over.
    virtual void advanced(std::size_t index, std::uint64_t received, std::optional<std::uint64_t> total) = 0;
    virtual void finished(std::size_t index, const Result<DownloadResult>& result) = 0;
    // About ten times a second while anything runs, for redrawing.
    virtual void tick() = 0;
};

}  // namespace lastack
