// The threads where disk work and digests run, so that the reactor never waits for either.
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

namespace lastack::download {

class DiskWorkers {
public:
    // No threads: work runs at once on the caller, for simulations that own the clock.
    explicit DiskWorkers(unsigned threads) {
        if (threads > 0) {
            pool_ = std::make_unique<net::asio::thread_pool>(threads);
        }
    }
    ~DiskWorkers() {
        if (pool_) {
            pool_->join();
        }
    }
    DiskWorkers(const DiskWorkers&) = delete;
    DiskWorkers& operator=(const DiskWorkers&) = delete;

    // Runs `work` on a worker and goes on on the reactor with what it returned. A write that has begun is not cancelled: the caller's
    // frame, and what `work` refers to, stays until it is done.
    template <typename Work>
    [[nodiscard]] net::Task<std::invoke_result_t<Work&>> run(Work work) {
        std::optional<std::invoke_result_t<Work&>> result;
        if (!pool_) {
            result.emplace(work());
            co_return std::move(*result);
        }
        auto start = [this, &result, &work](auto handler) {
            const auto reactor = net::asio::get_associated_executor(handler);
            net::asio::post(*pool_, [&result, &work, reactor, handler = std::move(handler)]() mutable {
                result.emplace(work());
                net::asio::post(reactor, std::move(handler));
            });
        };
        co_await net::asio::async_initiate<const net::asio::use_awaitable_t<>&, void()>(std::move(start), net::asio::use_awaitable);
        co_return std::move(*result);
    }

private:
    std::unique_ptr<net::asio::thread_pool> pool_;
};

}  // namespace lastack::download
