// Lines about connections (-v, LASTACK_DEBUG) on standard error, from a thread of its own: a terminal that takes no output must not hold up
// the reactor that tells them.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace lastack::cli {

class TraceWriter {
public:
    TraceWriter();
    ~TraceWriter();  // writes what is left
    TraceWriter(const TraceWriter&) = delete;
    TraceWriter& operator=(const TraceWriter&) = delete;

    // From any thread; never blocks on output. Lines beyond a backlog are dropped and counted.
    void line(std::string_view text);

private:
    void write();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> lines_;
    std::size_t dropped_ = 0;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace lastack::cli
