// What a Transfer and the engine share. Of no use by itself.
#pragma once

#include "lastack/result.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace lastack {

// How far a transfer has come.
struct TransferProgress {
    bool started = false;                // false: it waits for its turn
    std::uint64_t received = 0;          // resumed bytes count; goes down when a file starts over
    std::optional<std::uint64_t> total;  // unset: unknown
};

namespace detail {

[[nodiscard]] inline Error no_result() {
    Error error;
    error.code = Errc::invalid_argument;
    error.cause = "there is no result to take";
    return error;
}

template <typename T>
class TransferState {
public:
    using Work = std::function<void()>;

    // How to reach the engine, while the transfer is unfinished: `cancel` may be called at any time, under a lock that `finish` takes.
    struct Hooks {
        Work cancel;
        std::function<TransferProgress()> progress;
        std::function<void(Work)> run_callback;
        std::function<void(const Result<T>&)> done;
    };

    explicit TransferState(Hooks hooks) : hooks_{std::move(hooks)} {}

    // Once, from the engine; `self` keeps this alive until Done has run.
    static void finish(const std::shared_ptr<TransferState>& self, Result<T> result) {
        auto done = self->end_of_work();
        if (!done) {
            self->publish(std::move(result));
            return;
        }
        const auto shared = std::make_shared<Result<T>>(std::move(result));  // std::function wants copies; there is one
        self->run_callback_([self, shared, done = std::move(done)] {
            done(*shared);
            self->publish(std::move(*shared));
        });
    }

    void cancel() {
        const std::lock_guard lock{mutex_};
        if (hooks_.cancel) {
            hooks_.cancel();
        }
    }
    // Nobody waits any more.
    void abandon() {
        const std::lock_guard lock{mutex_};
        waiting_ = nullptr;
        if (hooks_.cancel) {
            hooks_.cancel();
        }
    }

    [[nodiscard]] bool ready() const {
        const std::lock_guard lock{mutex_};
        return result_.has_value();
    }
    void wait() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return result_.has_value(); });
    }
    [[nodiscard]] bool wait_for(std::chrono::nanoseconds time) {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, time, [this] { return result_.has_value(); });
    }
    [[nodiscard]] Result<T> take() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return result_.has_value(); });
        return std::exchange(taken_, true) ? Result<T>{Failure{no_result()}} : std::move(*result_);
    }
    // False: it is ready by now, and `waiting` will not be called.
    [[nodiscard]] bool resume_when_ready(Work waiting) {
        const std::lock_guard lock{mutex_};
        if (result_) {
            return false;
        }
        waiting_ = std::move(waiting);
        return true;
    }
    [[nodiscard]] TransferProgress progress() const { return hooks_.progress ? hooks_.progress() : TransferProgress{}; }

private:
    std::function<void(const Result<T>&)> end_of_work() {
        const std::lock_guard lock{mutex_};
        hooks_.cancel = nullptr;
        run_callback_ = std::move(hooks_.run_callback);
        return std::exchange(hooks_.done, nullptr);
    }

    void publish(Result<T> result) {
        std::unique_lock lock{mutex_};
        result_.emplace(std::move(result));
        changed_.notify_all();
        if (auto waiting = std::exchange(waiting_, nullptr)) {
            lock.unlock();
            run_callback_(std::move(waiting));
        }
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Hooks hooks_;
    std::function<void(Work)> run_callback_;  // as in hooks_, once the engine is done
    Work waiting_;                            // a coroutine
    std::optional<Result<T>> result_;
    bool taken_ = false;
};

}  // namespace detail
}  // namespace lastack
