#include "download/client_impl.hpp"

#include "base/signals_blocked.hpp"
#include "net/watchdog.hpp"

#include <boost/asio/co_spawn.hpp>

#include <pthread.h>
#include <random>

namespace lastack {

namespace {

constexpr unsigned worker_threads = 2;

// Used on the reactor alone.
std::function<double()> chance() {
    return [random = std::mt19937_64{std::random_device{}()}]() mutable { return std::uniform_real_distribution<double>{}(random); };
}

}  // namespace

Client::Impl::Impl(const ClientOptions& options)
    : run_callback{options.callback_executor ? options.callback_executor : callbacks.caller()},
      network{context},
      work{asio::make_work_guard(context)} {
    const SignalsBlocked blocked;
    resume_watch.emplace(context, [this] { engine->resumed(); });
    network_watch.emplace(context, [this](const net::NetworkChange& change) { network_changed(change); });
    engine = std::make_unique<download::Engine>(network, options,
                                                download::Engine::Setting{.worker_threads = worker_threads,
                                                                          .environment = http::read_proxy_environment(),
                                                                          .on_any_open = [this](bool any) { any_open(any); },
                                                                          .chance = chance()});
    reactor = std::thread([this] { run_reactor(); });
    pthread_setname_np(reactor.native_handle(), "reactor");
}

Client::Impl::~Impl() {
    // The last task of the reactor: everything ends, then nothing is left to run.
    asio::co_spawn(context, engine->shut_down(), [this](std::exception_ptr failure) {
        if (failure) {
            std::terminate();
        }
        network_watch.reset();
        resume_watch.reset();
        work.reset();
    });
    reactor.join();
    // What was asked for in the very last moment is refused.
    context.restart();
    context.poll();
}

void Client::Impl::run_reactor() {
    std::optional<net::Watchdog> watchdog;
    if (auto action = net::watchdog_action_from_environment()) {
        watchdog.emplace(context, net::Watchdog::usual_limit(), std::move(action));
    }
    context.run();
}

void Client::Impl::network_changed(const net::NetworkChange& change) {
    using enum net::NetworkChange::Kind;
    switch (change.kind) {
        case address_gone:
            engine->network_changed(change.ip);
            break;
        case link_down:
            engine->link_down(change.addresses);
            break;
        case address_added:
        case default_route_changed:
        case unknown:
            engine->network_changed("");
            break;
        case link_up:
            break;
    }
}

// While nothing is open, nothing can be lost by a sleep, and the machine is not woken to look.
void Client::Impl::any_open(bool any) {
    if (any) {
        resume_watch->begin();
    } else if (resume_watch) {
        resume_watch->end();
    }
}

}  // namespace lastack
