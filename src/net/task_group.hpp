// Tasks that run beside their owner. The owner cancels and joins them; none outlives it unseen.
#pragma once

#include "net/event.hpp"
#include "net/named_executor.hpp"
#include "net/task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cassert>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>

namespace lastack::net {

class TaskGroup {
public:
    using Id = std::uint64_t;

    explicit TaskGroup(Network& network) : network_{network}, empty_{network} {}
    ~TaskGroup() { assert(tasks_.empty() && "the owner joins its tasks before it goes"); }
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // Runs `task` on the reactor, beginning in a later turn; `name` is what the watchdog calls it. An exception out of a task is a bug and
    // ends the program.
    Id spawn(Task<void> task, Label name = "a task") {
        const Id id = ++last_id_;
        auto signal = std::make_unique<asio::cancellation_signal>();
        auto slot = signal->slot();
        tasks_.emplace(id, std::move(signal));
        asio::co_spawn(named(network_.executor(), name), run(std::move(task)),
                       asio::bind_cancellation_slot(slot, [this, id](std::exception_ptr failure) {
                           if (failure) {
                               std::terminate();
                           }
                           tasks_.erase(id);
                           if (tasks_.empty()) {
                               empty_.set();
                           }
                       }));
        return id;
    }

    void cancel(Id id) {
        if (const auto found = tasks_.find(id); found != tasks_.end()) {
            found->second->emit(asio::cancellation_type::terminal);
        }
    }

    void cancel_all() {
        // A task may end inside emit and take its entry with it.
        std::vector<Id> ids;
        for (const auto& [id, signal] : tasks_) {
            ids.push_back(id);
        }
        for (const Id id : ids) {
            cancel(id);
        }
    }

    [[nodiscard]] bool empty() const noexcept { return tasks_.empty(); }

    // Waits until every task has ended.
    [[nodiscard]] Task<void> join() {
        while (!tasks_.empty()) {
            empty_.reset();
            co_await empty_.wait(TimePoint::max());
        }
    }

private:
    // co_spawn on the reactor's own thread would begin at once, inside `spawn`, before its caller knows the id.
    static Task<void> run(Task<void> task) {
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await asio::post(asio::use_awaitable);
        co_await std::move(task);
    }

    Network& network_;
    Event empty_;
    Id last_id_ = 0;
    std::map<Id, std::unique_ptr<asio::cancellation_signal>> tasks_;
};

}  // namespace lastack::net
