// One observer for downloads that run on several threads: its calls come one at a time, and each file has a number of its own.
#pragma once

#include "lastack/progress.hpp"

#include <cstddef>
#include <memory>
#include <mutex>

namespace lastack::repo {

class SharedProgress {
public:
    explicit SharedProgress(ProgressObserver* observer) : observer_{observer} {}

    // For one call of download() with so many files; empty when nobody watches.
    [[nodiscard]] std::unique_ptr<ProgressObserver> part(std::size_t files);

private:
    class Part;

    ProgressObserver* observer_;
    std::mutex mutex_;
    std::size_t next_ = 0;  // number of the next file
};

}  // namespace lastack::repo
