// SIGINT, SIGTERM and SIGHUP as a stop request, SIGTSTP as a pause, without handlers: they are blocked in every thread and taken by one
// that waits for nothing else. Made before any other thread, so that all inherit the mask. SIGPIPE is ignored: a reader of our output that
// goes away must not leave half a transaction.
#pragma once

#include "base/file.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace lastack::cli {

class Signals {
public:
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    [[nodiscard]] std::stop_token stop() const { return source_.get_token(); }
    // What a pause (Ctrl-Z) does before the process is stopped and after it goes on; called on the thread of the signals. Empty ones:
    // nothing.
    void on_pause(std::function<void()> before, std::function<void()> after);

    // From now on a stop signal that comes after one has already asked for a stop ends the process at once, as if nobody had blocked it.
    void end_at_second_stop() { end_at_second_ = true; }

    // Readable once a stop was requested: for poll(2) beside standard input.
    [[nodiscard]] int descriptor() const { return stopped_.get(); }

    // The stop signals that came since the last call and that this process alone may have got: those of a terminal go to its whole
    // foreground group, and so to our children, and are left out.
    [[nodiscard]] std::vector<int> take_own();

private:
    void pause();
    void request_stop(int number, bool from_kernel);

    std::mutex pause_mutex_;  // held while the functions run: whoever takes them away waits for their end
    std::function<void()> before_pause_;
    std::function<void()> after_pause_;
    std::stop_source source_;
    std::atomic<std::uint64_t> own_{0};  // bit N: signal N
    std::atomic<bool> end_at_second_{false};
    FileDescriptor signals_;
    FileDescriptor stopped_;
    FileDescriptor quit_;
    std::thread waiter_;
};

}  // namespace lastack::cli
