#include "download/callback_thread.hpp"

#include "base/signals_blocked.hpp"

#include <pthread.h>
#include <utility>

namespace lastack::download {

CallbackThread::~CallbackThread() {
    std::thread thread;
    {
        const std::lock_guard lock{queue_->mutex};
        queue_->ending = true;
        queue_->changed.notify_all();
        thread = std::move(queue_->thread);
    }
    if (thread.get_id() == std::this_thread::get_id()) {
        thread.detach();
    } else if (thread.joinable()) {
        thread.join();
    }
}

std::function<void(CallbackThread::Work)> CallbackThread::caller() const {
    return [queue = queue_](Work work) { call(queue, std::move(work)); };
}

void CallbackThread::call(const std::shared_ptr<Queue>& queue, Work work) {
    const std::lock_guard lock{queue->mutex};
    queue->calls.push_back(std::move(work));
    queue->changed.notify_all();
    if (!std::exchange(queue->begun, true)) {
        const SignalsBlocked blocked;
        queue->thread = std::thread{[queue] { run(queue); }};
        pthread_setname_np(queue->thread.native_handle(), "callbacks");
    }
}

// A call that throws ends the program: nobody is left whom it could be told.
void CallbackThread::run(const std::shared_ptr<Queue>& queue) noexcept {
    std::unique_lock lock{queue->mutex};
    while (true) {
        queue->changed.wait(lock, [&] { return queue->ending || !queue->calls.empty(); });
        if (queue->calls.empty()) {
            return;
        }
        auto work = std::move(queue->calls.front());
        queue->calls.pop_front();
        lock.unlock();
        work();
        work = nullptr;  // what it holds may be a client: not under the lock
        lock.lock();
    }
}

}  // namespace lastack::download
