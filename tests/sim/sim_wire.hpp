// One simulated TCP connection and the timer that everything here waits with. For the pieces of the simulated network alone.
#pragma once

#include "net/error.hpp"
#include "sim/sim_network.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lastack::sim {

inline Error cancelled(Phase phase) { return Error{.code = Errc::cancelled, .phase = phase, .cause = "cancelled"}; }
inline Error timed_out(Phase phase) { return Error{.code = Errc::timed_out, .phase = phase, .cause = "timed out"}; }
inline Error interrupted(Phase phase) { return Error{.code = net::NetErrc::interrupted, .phase = phase, .cause = "interrupted"}; }
inline Error was_reset(Phase phase) { return Error{.code = net::NetErrc::reset, .phase = phase, .cause = "reset"}; }

// Wakes one waiting coroutine. The timer never fires: it is only what Asio's cancellation knows how to end.
class Signal {
public:
    explicit Signal(asio::io_context& context) : timer_{context} {}

    Task<void> wait() {
        timer_.expires_at(asio::steady_timer::time_point::max());
        (void)co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    void notify() { timer_.cancel(); }

private:
    asio::steady_timer timer_;
};

class SimTimer final : public net::Timer {
public:
    explicit SimTimer(SimNetwork& network) : network_{network}, signal_{network.context()} {}
    ~SimTimer() override { stop(); }

    Task<net::Wake> wait_until(TimePoint when) override {
        if (co_await net::is_cancelled()) {
            co_return net::Wake::cancelled;
        }
        woken_ = expired_ = false;
        if (when != TimePoint::max()) {
            event_ = network_.at(when, [this] {
                event_.reset();
                expired_ = true;
                signal_.notify();
            });
        }
        co_await signal_.wait();
        stop();
        if (woken_) {
            co_return net::Wake::woken;
        }
        co_return expired_ ? net::Wake::expired : net::Wake::cancelled;
    }

    void wake() override {
        woken_ = true;
        signal_.notify();
    }

private:
    void stop() {
        if (event_) {
            network_.forget(*std::exchange(event_, std::nullopt));
        }
    }

    SimNetwork& network_;
    Signal signal_;
    std::optional<SimNetwork::EventId> event_;
    bool woken_ = false;
    bool expired_ = false;
};

struct Wire : std::enable_shared_from_this<Wire> {
    Wire(SimNetwork& sim, HostBehaviour host, std::uint64_t connection_number)
        : network{sim}, behaviour{std::move(host)}, number{connection_number}, client_signal{sim}, server_signal{sim} {}

    SimNetwork& network;
    HostBehaviour behaviour;
    std::uint64_t number;

    // The client's end: what has arrived there, and who waits for it.
    std::string to_client;
    bool fin_at_client = false;
    bool reset_at_client = false;
    bool client_open = true;
    bool interrupted = false;
    bool reading = false;
    bool writing = false;
    SimTimer client_signal;
    std::move_only_function<void(net::Input)> on_input;

    // The server's end.
    std::string to_server;
    bool fin_at_server = false;
    bool reset_at_server = false;
    bool server_sends = true;
    bool server_reads = true;
    std::size_t taken = 0;
    SimTimer server_signal;

    [[nodiscard]] net::Input look() const {
        if (!to_client.empty()) {
            return net::Input::bytes;
        }
        if (reset_at_client) {
            return net::Input::failed;
        }
        return fin_at_client ? net::Input::end : net::Input::quiet;
    }

    // As with a real reactor the watcher hears of it in a later turn, and a look in between already shows it.
    void client_changed() {
        asio::post(network.context(), [self = shared_from_this()] {
            if (self->on_input && self->look() != net::Input::quiet) {
                std::exchange(self->on_input, nullptr)(self->look());
            }
        });
        if (reading || (writing && (reset_at_client || interrupted))) {
            client_signal.wake();
        }
    }

    // What the server did reaches the client.
    void arrive(std::function<void(Wire&)> what) {
        if (behaviour.latency == Duration{0}) {
            what(*this);
            client_changed();
            return;
        }
        network.at(network.now() + behaviour.latency, [self = shared_from_this(), what = std::move(what)] {
            what(*self);
            self->client_changed();
        });
    }
};

// The client's end.
[[nodiscard]] std::unique_ptr<net::Stream> make_stream(SimNetwork& network, std::shared_ptr<Wire> wire, std::string peer);

}  // namespace lastack::sim
