// SIGINT, SIGTERM and SIGHUP as a stop request, without handlers: they are blocked in every thread and taken by one that waits for nothing
// else. Made before any other thread, so that all inherit the mask. SIGPIPE is ignored: a reader of our output that goes away must not
// leave half a transaction.
#pragma once

#include "base/file.hpp"

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
    // Readable once a stop was requested: for poll(2) beside standard input.
    [[nodiscard]] int descriptor() const { return stopped_.get(); }

private:
    std::stop_source source_;
    FileDescriptor signals_;
    FileDescriptor stopped_;
    FileDescriptor quit_;
    std::thread waiter_;
};

}  // namespace lastack::cli
