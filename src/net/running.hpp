// What the current thread is doing, for the watchdog. A label must not be held across a co_await: the scope would stay open while others
// run. Tasks are labelled by their executor instead (named_executor.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace lastack::net {

// A string literal: the watchdog reads it at any time, so it must never be freed.
class Label {
public:
    template <std::size_t N>
    consteval Label(const char (&text)[N]) : text_{text} {}  // NOLINT: a literal is a label
    [[nodiscard]] const char* text() const noexcept { return text_; }

private:
    const char* text_;
};

// The turn that a watched thread is in: it begins with the outermost label and ends with it. Written by that thread, read by the watchdog.
class Turn {
public:
    // The label that was there before: null when a turn begins.
    const char* enter(const char* what) noexcept {
        const char* outer = label_.load(std::memory_order_relaxed);
        if (outer == nullptr) {
            began_.store(std::chrono::steady_clock::now().time_since_epoch().count(), std::memory_order_relaxed);
            label_.store(what, std::memory_order_relaxed);
            number_.fetch_add(1);
            if (reader_sleeps_.load()) {
                wake_reader();
            }
        } else {
            label_.store(what, std::memory_order_relaxed);
        }
        return outer;
    }
    void leave(const char* outer) noexcept {
        if (outer == nullptr) {
            number_.fetch_add(1);
        }
        label_.store(outer, std::memory_order_relaxed);
    }

    [[nodiscard]] const char* label() const noexcept { return label_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t number() const noexcept { return number_.load(); }  // odd: a turn is under way
    [[nodiscard]] std::chrono::steady_clock::time_point began() const noexcept {
        return std::chrono::steady_clock::time_point{std::chrono::steady_clock::duration{began_.load(std::memory_order_relaxed)}};
    }

    // The reader's side.
    std::mutex mutex;
    std::condition_variable changed;
    bool ended = false;  // under the mutex
    // Blocks until a turn after number `seen` begins, or `ended`. Costs the watched thread one look at a flag per turn.
    void sleep_until_turn_after(std::uint64_t seen, std::unique_lock<std::mutex>& lock) {
        reader_sleeps_.store(true);
        changed.wait(lock, [&] { return ended || number_.load() != seen; });
        reader_sleeps_.store(false);
    }

private:
    void wake_reader() noexcept {
        const std::lock_guard lock{mutex};
        changed.notify_one();
    }

    std::atomic<const char*> label_{nullptr};
    std::atomic<std::uint64_t> number_{0};
    std::atomic<std::int64_t> began_{0};
    std::atomic<bool> reader_sleeps_{false};
};

// The turn of this thread, null where nobody watches it.
inline constinit thread_local Turn* turn_of_this_thread = nullptr;

#ifdef NDEBUG

inline constexpr bool labels_are_kept = false;

class Running {
public:
    explicit Running(Label) noexcept {}
};

#else

inline constexpr bool labels_are_kept = true;

class Running {
public:
    explicit Running(Label what) noexcept : turn_{turn_of_this_thread}, outer_{turn_ != nullptr ? turn_->enter(what.text()) : nullptr} {}
    ~Running() {
        if (turn_ != nullptr) {
            turn_->leave(outer_);
        }
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

private:
    Turn* turn_;
    const char* outer_;
};

#endif

}  // namespace lastack::net
