// The threads where disk work, digests and everything else that may block runs, so that the reactor never waits for any of it.
#pragma once

#include "net/task.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace lastack::net {

class Workers {
public:
    // No threads: work runs at once on the caller, for simulations that own the clock.
    explicit Workers(unsigned threads) {
        if (threads > 0) {
            pool_ = std::make_unique<asio::thread_pool>(threads);
        }
    }
    ~Workers() {
        if (pool_) {
            pool_->join();
        }
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // Runs `work` on a worker and goes on on the reactor with what it returned. A write that has begun is not cancelled: the caller's
    // frame, and what `work` refers to, stays until it is done.
    template <typename Work>
    [[nodiscard]] Task<std::invoke_result_t<Work&>> run(Work work) {
        std::optional<std::invoke_result_t<Work&>> result;
        if (!pool_) {
            result.emplace(work());
            co_return std::move(*result);
        }
        auto start = [this, &result, &work](auto handler) {
            const auto reactor = asio::get_associated_executor(handler);
            asio::post(*pool_, [&result, &work, reactor, handler = std::move(handler)]() mutable {
                result.emplace(work());
                asio::post(reactor, std::move(handler));
            });
        };
        co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(start), asio::use_awaitable);
        co_return std::move(*result);
    }

private:
    std::unique_ptr<asio::thread_pool> pool_;
};

}  // namespace lastack::net
