// One attempt with a watcher beside it that may end it.
#pragma once

#include "download/attempts.hpp"
#include "http/exchange_watch.hpp"

#include <functional>

namespace lastack::download {

// Asked several times a second while the attempt runs; true ends the attempt, which then returns Errc::cancelled with what came kept.
using Judge = std::function<bool(http::ExchangeWatch&)>;

constexpr Duration judge_interval = std::chrono::milliseconds{250};

// `watch` is filled in meanwhile. A cancellation of the caller reaches the attempt.
[[nodiscard]] net::Task<Result<void>> ask_watched(Transport transport, Attempt& attempt, http::Request request, http::ExchangeWatch& watch,
                                                  Judge judge);

}  // namespace lastack::download
