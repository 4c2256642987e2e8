#include "download/watched_attempt.hpp"

#include "net/named_executor.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace lastack::download {

namespace {

namespace asio = boost::asio;

struct Watched {
    bool ended = false;
    asio::cancellation_signal cancel;
};

net::Task<Result<void>> ask(Attempt& attempt, http::Request request) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_return co_await attempt.ask(std::move(request));
}

// Outlives the attempt for a turn at most: after `ended` it touches nothing of it.
net::Task<void> watch_over(net::Network& network, std::shared_ptr<Watched> watched, http::ExchangeWatch& watch, Judge judge) {
    const auto timer = network.make_timer();
    while (!watched->ended) {
        if (co_await timer->wait_until(network.now() + judge_interval) != net::Wake::expired) {
            co_return;
        }
        if (!watched->ended && judge(watch)) {
            watched->cancel.emit(asio::cancellation_type::terminal);
            co_return;
        }
    }
}

}  // namespace

net::Task<Result<void>> ask_watched(Transport transport, Attempt& attempt, http::Request request, http::ExchangeWatch& watch, Judge judge) {
    request.watch = &watch;
    if (co_await net::is_cancelled()) {
        co_return std::unexpected(Error{.code = Errc::cancelled, .url = request.url.str(), .cause = "cancelled"});
    }
    const auto watched = std::make_shared<Watched>();
    const auto watcher = transport.tasks.spawn(watch_over(transport.network, watched, watch, std::move(judge)), "a watcher");
    // While this coroutine waits for the other one, its own slot is free to pass a cancellation on.
    auto state = co_await asio::this_coro::cancellation_state;
    state.slot().assign([watched](asio::cancellation_type type) { watched->cancel.emit(type); });
    auto done = co_await asio::co_spawn(net::named(transport.network.executor(), "an attempt"), ask(attempt, std::move(request)),
                                        asio::bind_cancellation_slot(watched->cancel.slot(), asio::use_awaitable));
    state.slot().clear();
    watched->ended = true;
    transport.tasks.cancel(watcher);
    co_return done;
}

}  // namespace lastack::download
