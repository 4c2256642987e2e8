// SIGINT, SIGTERM and SIGHUP as a stop request, SIGTSTP as a pause, without handlers: they are blocked in every thread and taken by one
// that waits for nothing else. Made before any other thread, so that all inherit the mask. SIGPIPE is ignored: a reader of our output that
// goes away must not leave half a transaction.
#pragma once

#include "base/file.hpp"

#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

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

    // Readable once a stop was requested: for poll(2) beside standard input.
    [[nodiscard]] int descriptor() const { return stopped_.get(); }

private:
    void pause();

    std::mutex pause_mutex_;  // held while the functions run: whoever takes them away waits for their end
    std::function<void()> before_pause_;
    std::function<void()> after_pause_;
    std::stop_source source_;
    FileDescriptor signals_;
    FileDescriptor stopped_;
    FileDescriptor quit_;
    std::thread waiter_;
};

}  // namespace lastack::cli
