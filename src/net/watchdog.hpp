// Reports a reactor that something blocks. For debug builds, where turns are labelled (running.hpp).
//
// A thread of its own looks at the reactor every eighth of the limit while turns begin, and sleeps without a timeout while none does; the
// next labelled turn wakes it. So neither thread wakes an idle process. As long as it is awake it also posts heartbeats to the context:
// they find the handlers that nobody labelled.
#pragma once

#include "net/running.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace lastack::net {

class Watchdog {
public:
    struct Report {
        std::string what;  // the innermost label at that moment
        std::chrono::milliseconds blocked_for{0};
    };

    // 200 ms; more under sanitizers, which make everything slower.
    [[nodiscard]] static std::chrono::milliseconds usual_limit();

    // Watches the thread that makes it, which runs `context` and destroys it when the run is over. `on_blocked` is called once per
    // blockage, while it lasts, on the watchdog's thread.
    Watchdog(boost::asio::io_context& context, std::chrono::nanoseconds limit, std::function<void(const Report&)> on_blocked);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    struct Heartbeats;
    class Reactor;

    void watch();

    boost::asio::io_context& context_;
    std::chrono::nanoseconds limit_;
    std::function<void(const Report&)> on_blocked_;
    Turn turn_;
    std::shared_ptr<Heartbeats> heartbeats_;  // owners: this and the heartbeats that wait in the context
    std::unique_ptr<Reactor> reactor_;
    std::thread thread_;
};

// A line on standard error. LASTACK_WATCHDOG=abort: then abort(); LASTACK_WATCHDOG=off, or a release build: none, so no watchdog is needed.
[[nodiscard]] std::function<void(const Watchdog::Report&)> watchdog_action_from_environment();

}  // namespace lastack::net
