// The thread on which callers are told: theirs to hold up, unlike the reactor.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace lastack::download {

// Calls in the order they came. The thread begins with the first call. Any thread.
class CallbackThread {
public:
    using Work = std::function<void()>;

    CallbackThread() = default;
    // Makes the calls that are left, then ends; from inside a call it returns at once, and they are made later.
    ~CallbackThread();
    CallbackThread(const CallbackThread&) = delete;
    CallbackThread& operator=(const CallbackThread&) = delete;

    // Has its argument called. It may outlive this: a call that is being made may still add others.
    [[nodiscard]] std::function<void(Work)> caller() const;

private:
    struct Queue {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<Work> calls;
        std::thread thread;
        bool begun = false;
        bool ending = false;
    };
    static void call(const std::shared_ptr<Queue>& queue, Work work);
    static void run(const std::shared_ptr<Queue>& queue) noexcept;

    std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();  // owners: this, its thread, and who may call
};

}  // namespace lastack::download
