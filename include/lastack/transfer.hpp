// Something under way: a handle to wait for, to ask, to cancel, or to `co_await`.
//
// Any thread. What is told to the caller (Done, a resumed coroutine) runs on the client's callback thread, a thread of its own that
// begins with the first one, or wherever ClientOptions::callback_executor puts it: never on the reactor, so it may take its time; but
// then later ones wait. It must not wait for another Transfer's Done, and an exception out of it ends the program.
#pragma once

#include "lastack/result.hpp"
#include "lastack/transfer_state.hpp"

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>

namespace lastack {

// Dropping the handle of what is unfinished cancels it; so does the end of the client. A cancelled transfer ends with Errc::cancelled
// within a turn of the reactor, and a partial file stays for a later resume. Movable; one thread at a time may use one handle, except
// for cancel(), ready() and progress().
template <typename T>
class [[nodiscard]] Transfer {
public:
    using Done = std::function<void(const Result<T>& result)>;

    Transfer() = default;  // of nothing
    explicit Transfer(std::shared_ptr<detail::TransferState<T>> state) : state_{std::move(state)} {}
    ~Transfer() { drop(); }
    Transfer(Transfer&& other) noexcept = default;
    Transfer& operator=(Transfer&& other) noexcept {
        if (this != &other) {
            drop();
            state_ = std::move(other.state_);
        }
        return *this;
    }

    // Whether there is a result to come or to take.
    [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }
    // Whether get() would not wait. A Done given has returned by then.
    [[nodiscard]] bool ready() const { return state_ && state_->ready(); }
    void wait() const {
        if (state_) {
            state_->wait();
        }
    }
    // False: not ready yet.
    [[nodiscard]] bool wait_for(std::chrono::nanoseconds time) const { return !state_ || state_->wait_for(time); }

    // Waits and takes the result. Errors: what the transfer ended with; Errc::invalid_argument when there is none or it was taken before.
    [[nodiscard]] Result<T> get() { return state_ ? state_->take() : Result<T>{Failure{detail::no_result()}}; }
    // As get(), and cancels when `stop` is requested.
    [[nodiscard]] Result<T> get(std::stop_token stop) {
        const std::stop_callback cancelling{std::move(stop), [this] { cancel(); }};
        return get();
    }

    void cancel() const {
        if (state_) {
            state_->cancel();
        }
    }
    // Lets it go on without a handle: only Done tells how it ends.
    void detach() noexcept { state_.reset(); }

    // Files only; a document to memory reports nothing before its end.
    [[nodiscard]] TransferProgress progress() const { return state_ ? state_->progress() : TransferProgress{}; }

    // `Result<T> result = co_await std::move(transfer);` The handle lives in the coroutine's frame or outlives its wait. A coroutine must
    // not be destroyed while it waits, unless the transfer cannot end meanwhile.
    auto operator co_await() noexcept { return Awaiter{this}; }

private:
    struct Awaiter {
        Transfer* transfer;
        [[nodiscard]] bool await_ready() const { return !transfer->state_ || transfer->state_->ready(); }
        [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) const {
            const auto state = transfer->state_;  // the coroutine may go on, and end, before this returns
            return state->resume_when_ready([waiting] { waiting.resume(); });
        }
        [[nodiscard]] Result<T> await_resume() const { return transfer->get(); }
    };

    void drop() noexcept {
        if (const auto state = std::exchange(state_, nullptr)) {
            state->abandon();
        }
    }

    std::shared_ptr<detail::TransferState<T>> state_;
};

}  // namespace lastack
