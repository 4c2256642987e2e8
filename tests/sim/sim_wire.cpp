#include "sim/sim_wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace lastack::sim {

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
        if (wire->interrupted) {
            co_return std::unexpected(interrupted(Phase::receiving));
        }
        EXPECT_TRUE(wire->client_open && !wire->reading && !wire->on_input) << "a read beside another operation";
        while (wire->look() == net::Input::quiet) {
            wire->reading = true;
            const net::Wake wake = co_await wire->client_signal.wait_until(deadline);
            wire->reading = false;
            if (wire->interrupted) {
                co_return std::unexpected(interrupted(Phase::receiving));
            }
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
        if (wire->interrupted) {
            written.error = interrupted(Phase::sending);
            co_return written;
        }
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
            written.error = wire->interrupted              ? interrupted(Phase::sending)
                            : wake == net::Wake::cancelled ? cancelled(Phase::sending)
                            : wake == net::Wake::woken     ? was_reset(Phase::sending)
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

    net::Taken take(std::span<std::byte> buffer) override {
        if (!wire_->client_open) {
            return {.then = net::Input::failed};
        }
        net::Taken taken{.bytes = std::min(buffer.size(), wire_->to_client.size())};
        std::memcpy(buffer.data(), wire_->to_client.data(), taken.bytes);
        wire_->to_client.erase(0, taken.bytes);
        taken.then = taken.bytes == buffer.size() ? net::Input::bytes : wire_->look();
        return taken;
    }
    std::size_t give(std::span<const std::byte> bytes) noexcept override {
        if (!wire_->client_open) {
            return 0;
        }
        deliver(std::string{reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        return bytes.size();
    }
    void interrupt() noexcept override {
        wire_->interrupted = true;
        close(net::Close::quiet);
        if (wire_->reading || wire_->writing) {
            wire_->client_signal.wake();
        }
    }
    Duration round_trip() const override { return 2 * wire_->behaviour.latency; }
    std::string local_ip() const override { return network_.local_ip(); }

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

std::unique_ptr<net::Stream> make_stream(SimNetwork& network, std::shared_ptr<Wire> wire, std::string peer) {
    return std::make_unique<SimStream>(network, std::move(wire), std::move(peer));
}

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

}  // namespace lastack::sim
