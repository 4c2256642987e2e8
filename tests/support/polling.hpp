// Waiting for what tells nobody when it happens: the kernel's tables, a file that grows. Whatever can be waited for is not polled.
#pragma once

#include "base/time.hpp"

#include <chrono>
#include <thread>

namespace lastack::test {

// Asks again and again until `condition` holds, true, or the time is over, false.
template <typename Condition>
[[nodiscard]] bool becomes_true(Condition condition, Duration patience = std::chrono::seconds{10}) {
    constexpr std::chrono::microseconds pause{500};
    const auto deadline = Clock::now() + patience;
    while (!condition()) {
        if (Clock::now() >= deadline) {
            return false;
        }
        std::this_thread::sleep_for(pause);
    }
    return true;
}

}  // namespace lastack::test
