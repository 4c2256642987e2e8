#include "sim/sim_network.hpp"

#include "net/error.hpp"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace lastack::sim {

namespace {

Error cancelled(Phase phase) { return Error{.code = Errc::cancelled, .phase = phase, .cause = "cancelled"}; }
Error timed_out(Phase phase) { return Error{.code = Errc::timed_out, .phase = phase, .cause = "timed out"}; }
Error was_reset(Phase phase) { return Error{.code = net::NetErrc::reset, .phase = phase, .cause = "reset"}; }

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

}  // namespace

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
        if (reading || (writing && reset_at_client)) {
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

namespace {

class SimStream final : public net::Stream {
public:
    SimStream(SimNetwork& network, std::shared_ptr<Wire> wire, std::string peer)
        : network_{network}, wire_{std::move(wire)}, peer_{std::move(peer)} {}
    ~SimStream() override { close(net::Close::orderly); }

    Task<Result<std::size_t>> read_some(std::span<std::byte> buffer, TimePoint deadline) override {
        if (co_await net::is_cancelled()) {
            co_return std::unexpected(cancelled(Phase::receiving));
        }
        const auto wire = wire_;
        EXPECT_TRUE(wire->client_open && !wire->reading && !wire->on_input) << "a read beside another operation";
        while (wire->look() == net::Input::quiet) {
            wire->reading = true;
            const net::Wake wake = co_await wire->client_signal.wait_until(deadline);
            wire->reading = false;
            if (wake == net::Wake::cancelled) {
                co_return std::unexpected(cancelled(Phase::receiving));
            }
            if (wake == net::Wake::expired && wire->look() == net::Input::quiet) {
                co_return std::unexpected(timed_out(Phase::receiving));
            }
        }
        if (!wire->to_client.empty()) {
            const std::size_t n = std::min({buffer.size(), wire->to_client.size(), wire->behaviour.segment});
            std::memcpy(buffer.data(), wire->to_client.data(), n);
            wire->to_client.erase(0, n);
            co_return n;
        }
        if (wire->reset_at_client) {
            co_return std::unexpected(was_reset(Phase::receiving));
        }
        co_return std::size_t{0};
    }

    Task<net::Written> write_all(std::span<const std::byte> bytes, TimePoint deadline) override {
        net::Written written;
        if (co_await net::is_cancelled()) {
            written.error = cancelled(Phase::sending);
            co_return written;
        }
        const auto wire = wire_;
        EXPECT_TRUE(wire->client_open && !wire->reading && !wire->on_input) << "a write beside another operation";
        if (wire->reset_at_client) {
            written.error = was_reset(Phase::sending);
            co_return written;
        }
        written.bytes = std::min(bytes.size(), wire->behaviour.window - std::min(wire->behaviour.window, wire->taken));
        wire->taken += written.bytes;
        deliver(std::string{reinterpret_cast<const char*>(bytes.data()), written.bytes});
        if (written.bytes < bytes.size()) {
            wire->writing = true;
            const net::Wake wake = co_await wire->client_signal.wait_until(deadline);
            wire->writing = false;
            written.error = wake == net::Wake::cancelled ? cancelled(Phase::sending)
                            : wake == net::Wake::woken   ? was_reset(Phase::sending)
                                                         : timed_out(Phase::sending);
        }
        co_return written;
    }

    void watch(std::move_only_function<void(net::Input)> on_input) override {
        EXPECT_TRUE(wire_->client_open && !wire_->reading && !wire_->on_input) << "a watch beside another operation";
        wire_->on_input = std::move(on_input);
        wire_->client_changed();
    }
    void unwatch() override { wire_->on_input = nullptr; }
    net::Input probe() override { return wire_->client_open ? wire_->look() : net::Input::failed; }

    void close(net::Close how) noexcept override {
        if (!std::exchange(wire_->client_open, false)) {
            return;
        }
        wire_->on_input = nullptr;
        const bool abort = how == net::Close::abort;
        WireRecord& record = network_.record(wire_->number);
        record.closed = network_.now();
        record.aborted = abort;
        network_.at(network_.now() + wire_->behaviour.latency, [wire = wire_, abort] {
            (abort ? wire->reset_at_server : wire->fin_at_server) = true;
            wire->server_signal.wake();
        });
    }
    const std::string& peer() const override { return peer_; }

private:
    void deliver(std::string bytes) {
        network_.at(network_.now() + wire_->behaviour.latency, [wire = wire_, bytes = std::move(bytes)] {
            if (wire->server_reads) {
                wire->to_server += bytes;
                wire->server_signal.wake();
            } else {
                wire->arrive([](Wire& w) { w.reset_at_client = true; });
            }
        });
    }

    SimNetwork& network_;
    std::shared_ptr<Wire> wire_;
    std::string peer_;
};

}  // namespace

Task<std::optional<std::string>> Peer::read_request() {
    const auto wire = wire_;
    while (true) {
        if (const auto end = wire->to_server.find("\r\n\r\n"); end != std::string::npos) {
            std::string head = wire->to_server.substr(0, end + 4);
            wire->to_server.erase(0, end + 4);
            ++network_->record(wire->number).requests;
            co_return head;
        }
        if (wire->fin_at_server || wire->reset_at_server) {
            co_return std::nullopt;
        }
        if (co_await wire->server_signal.wait_until(TimePoint::max()) == net::Wake::cancelled) {
            co_return std::nullopt;
        }
    }
}

Task<std::string> Peer::read_bytes(std::size_t count) {
    const auto wire = wire_;
    while (wire->to_server.size() < count && !wire->fin_at_server && !wire->reset_at_server) {
        if (co_await wire->server_signal.wait_until(TimePoint::max()) == net::Wake::cancelled) {
            break;
        }
    }
    std::string bytes = wire->to_server.substr(0, count);
    wire->to_server.erase(0, bytes.size());
    co_return bytes;
}

Task<void> Peer::client_gone() {
    const auto wire = wire_;
    while (!wire->fin_at_server && !wire->reset_at_server) {
        if (co_await wire->server_signal.wait_until(TimePoint::max()) == net::Wake::cancelled) {
            break;
        }
    }
}

Task<void> Peer::sleep(Duration duration) {
    SimTimer timer{*network_};
    (void)co_await timer.wait_until(network_->now() + duration);
}

void Peer::send(std::string_view bytes) {
    if (!wire_->server_sends) {
        throw std::logic_error("the server's side already ended this connection");
    }
    wire_->arrive([bytes = std::string{bytes}](Wire& wire) { wire.to_client += bytes; });
}

void Peer::fin() {
    wire_->server_sends = false;
    wire_->arrive([](Wire& wire) { wire.fin_at_client = true; });
}

void Peer::close() {
    wire_->server_reads = false;
    fin();
}

void Peer::reset() {
    wire_->server_reads = wire_->server_sends = false;
    wire_->arrive([](Wire& wire) { wire.reset_at_client = true; });
}

std::uint64_t Peer::number() const { return wire_->number; }

SimNetwork::SimNetwork() = default;

SimNetwork::~SimNetwork() {
    going_ = true;
    events_.clear();
}

void SimNetwork::listen(const std::string& host, std::uint16_t port, HostBehaviour behaviour) {
    if (!addresses_.contains(host)) {
        const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
        addresses_[host] = {numeric ? host : "10.0.0." + std::to_string(addresses_.size() + 1)};
    }
    for (const std::string& ip : addresses_[host]) {
        const net::Address address{ip, port};
        names_[address] = host;
        hosts_[address] = behaviour;
    }
}

std::unique_ptr<net::Timer> SimNetwork::make_timer() { return std::make_unique<SimTimer>(*this); }

Task<Result<std::vector<net::Address>>> SimNetwork::resolve(std::string host, std::uint16_t port, TimePoint deadline) {
    ++lookups_;
    SimTimer timer{*this};
    const TimePoint answer_at = now_ + resolve_delay_;
    if (co_await timer.wait_until(std::min(answer_at, deadline)) == net::Wake::cancelled) {
        co_return std::unexpected(cancelled(Phase::resolving));
    }
    if (now_ < answer_at) {
        co_return std::unexpected(timed_out(Phase::resolving));
    }
    const auto found = addresses_.find(host);
    if (found == addresses_.end()) {
        co_return std::unexpected(Error{.code = net::NetErrc::name_not_found, .phase = Phase::resolving, .cause = "host not found"});
    }
    std::vector<net::Address> out;
    for (const std::string& ip : found->second) {
        out.push_back({ip, port});
    }
    co_return out;
}

Task<Result<std::unique_ptr<net::Stream>>> SimNetwork::connect(net::Address address, TimePoint deadline) {
    const auto fail = [&address](Error error) {
        error.phase = Phase::connecting;
        error.address = address.str();
        return std::unexpected(std::move(error));
    };
    if (!connect_failures_.empty()) {
        const std::error_code code = connect_failures_.front();
        connect_failures_.erase(connect_failures_.begin());
        co_return fail(Error{.code = code, .cause = code.message()});
    }
    const auto found = hosts_.find(address);
    const HostBehaviour behaviour = found == hosts_.end() ? HostBehaviour{.answer = Answer::refuses} : found->second;
    const TimePoint answer_at = behaviour.answer == Answer::is_silent ? TimePoint::max() : now_ + 2 * behaviour.latency;
    SimTimer timer{*this};
    if (co_await timer.wait_until(std::min(answer_at, deadline)) == net::Wake::cancelled) {
        co_return fail(cancelled(Phase::connecting));
    }
    if (now_ < answer_at) {
        co_return fail(timed_out(Phase::connecting));
    }
    if (behaviour.answer == Answer::refuses) {
        co_return fail(Error{.code = net::NetErrc::connect_refused, .cause = "connection refused"});
    }
    const std::uint64_t number = records_.size() + 1;
    records_.push_back({.number = number, .host = names_[address], .opened = now_});
    const auto wire = std::make_shared<Wire>(*this, behaviour, number);  // owners: both ends and what is under way
    wires_.push_back(wire);
    if (behaviour.on_accept) {
        start(wire->behaviour.on_accept(Peer{*this, wire}));
    }
    co_return std::make_unique<SimStream>(*this, wire, address.str());
}

SimNetwork::EventId SimNetwork::at(TimePoint when, std::function<void()> what) {
    const EventId id{std::max(when, now_), ++last_event_};
    if (!going_) {
        events_.emplace(id, std::move(what));
    }
    return id;
}

void SimNetwork::settle() {
    while (true) {
        context_.restart();
        if (context_.poll() > 0) {
            continue;
        }
        const auto next = events_.begin();
        if (next == events_.end() || next->first.first > now_) {
            break;
        }
        const auto what = std::move(next->second);
        events_.erase(next);
        what();
    }
    check_invariants();
}

bool SimNetwork::step() {
    settle();
    if (events_.empty()) {
        return false;
    }
    now_ = std::max(now_, events_.begin()->first.first);
    return true;
}

bool SimNetwork::run_until(const std::function<bool()>& done) {
    settle();
    while (!done()) {
        if (!step()) {
            return false;
        }
        settle();
    }
    return true;
}

void SimNetwork::run_for(Duration duration) {
    const TimePoint end = now_ + duration;
    settle();
    while (!events_.empty() && events_.begin()->first.first <= end) {
        step();
        settle();
    }
    now_ = end;
    settle();
}

void SimNetwork::run(Task<void> task) {
    bool ended = false;
    asio::co_spawn(context_, std::move(task), [&ended](std::exception_ptr failure) {
        ended = true;
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    check_ended(run_until([&ended] { return ended; }));
}

void SimNetwork::start(Task<void> task) {
    asio::co_spawn(context_, std::move(task), [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
}

void SimNetwork::check_ended(bool ended) {
    if (!ended) {
        throw std::logic_error("a task waits for something that never happens");
    }
}

std::size_t SimNetwork::open_connections() const {
    return static_cast<std::size_t>(std::ranges::count_if(wires_, [](const std::weak_ptr<Wire>& weak) {
        const auto wire = weak.lock();
        return wire && wire->client_open;
    }));
}

std::size_t SimNetwork::open_connections(std::string_view host) const {
    return static_cast<std::size_t>(std::ranges::count_if(wires_, [&](const std::weak_ptr<Wire>& weak) {
        const auto wire = weak.lock();
        return wire && wire->client_open && records_[wire->number - 1].host == host;
    }));
}

std::size_t SimNetwork::watched_connections() const {
    return static_cast<std::size_t>(std::ranges::count_if(wires_, [](const std::weak_ptr<Wire>& weak) {
        const auto wire = weak.lock();
        return wire && wire->client_open && wire->on_input;
    }));
}

void SimNetwork::check_invariants() {
    std::erase_if(wires_, [](const std::weak_ptr<Wire>& wire) { return wire.expired(); });
    for (const auto& weak : wires_) {
        const auto wire = weak.lock();
        if (!wire || !wire->client_open || wire->writing || (lent_ && !wire->on_input)) {
            continue;
        }
        if (wire->look() != net::Input::quiet) {
            ADD_FAILURE() << "connection " << wire->number << " has something to read and nobody reads it";
        } else if (!wire->reading && !wire->on_input) {
            ADD_FAILURE() << "connection " << wire->number << " is open, and neither read nor watched";
        }
    }
}

}  // namespace lastack::sim
