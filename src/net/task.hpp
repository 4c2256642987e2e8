// The coroutine type of all acting code, and how a coroutine asks whether it was cancelled.
//
// Tasks run on the reactor thread only. Cancellation arrives as an Asio terminal cancellation of the whole task; `spawn` in task_group.hpp
// switches exceptions for it off, so that a cancelled operation returns Errc::cancelled like any other error.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

namespace lastack::net {

namespace asio = boost::asio;

template <typename T>
using Task = asio::awaitable<T>;

// True once the running task was cancelled; stays true. Operations check it first, because a cancellation that came while nothing was
// pending is not delivered to the next operation.
[[nodiscard]] inline Task<bool> is_cancelled() {
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace lastack::net
