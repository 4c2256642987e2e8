// Notices that the machine slept: meanwhile the peers may have gone, and nobody told this machine.
#pragma once

#include "base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace lastack::net {

// CLOCK_BOOTTIME goes on during a sleep, CLOCK_MONOTONIC does not: what their difference grows by is time slept.
class SleepDetector {
public:
    static constexpr std::chrono::milliseconds shortest_sleep{500};

    // True when the machine slept since the last call; the first call only remembers.
    [[nodiscard]] bool slept(TimePoint boottime, std::chrono::nanoseconds monotonic);
    void forget() { difference_.reset(); }

private:
    std::optional<std::chrono::nanoseconds> difference_;
};

// Looks every few seconds between begin() and end(), and soon after a resume; costs no wakeup outside. As long as it lives the context does
// not run out of work. `on_resume` runs on the reactor and may destroy the watch. Reactor thread, or before the context runs.
class ResumeWatch {
public:
    static constexpr std::chrono::seconds usual_interval{5};

    ResumeWatch(boost::asio::io_context& context, std::function<void()> on_resume, Duration interval = usual_interval);
    ~ResumeWatch();
    ResumeWatch(const ResumeWatch&) = delete;
    ResumeWatch& operator=(const ResumeWatch&) = delete;

    void begin();  // a sleep before it is not of interest
    void end();
    // Looks at once and calls `on_resume` when the machine slept: for the moment before an idle connection is used again. Costs a few
    // reads of a clock, no system call. Does nothing outside of begin() and end().
    void look();

private:
    struct State;
    std::shared_ptr<State> state_;  // owners: this and the handler that Asio still holds when it goes
};

}  // namespace lastack::net
