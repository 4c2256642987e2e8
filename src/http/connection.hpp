// An HTTP/1.1 connection as the pool holds it: the byte stream between exchanges. One exchange at a time borrows the stream.
#pragma once

#include "net/connection.hpp"
#include "net/network.hpp"

#include <memory>
#include <utility>

namespace lastack::http {

class Connection final : public net::Connection {
public:
    explicit Connection(std::unique_ptr<net::Stream> stream) : stream_{std::move(stream)} {}

    [[nodiscard]] unsigned free_slots() const override { return idle_ ? 1 : 0; }
    void watch(std::move_only_function<void(net::Input)> on_input) override {
        idle_ = true;
        stream_->watch(std::move(on_input));
    }
    void unwatch() override {
        idle_ = false;
        stream_->unwatch();
    }
    [[nodiscard]] net::Input probe() override { return stream_->probe(); }
    void close(net::Close how) noexcept override { stream_->close(how); }
    [[nodiscard]] const std::string& peer() const override { return stream_->peer(); }

    [[nodiscard]] net::Stream& stream() { return *stream_; }

private:
    std::unique_ptr<net::Stream> stream_;
    bool idle_ = false;
};

// Dials for the pool: name, then each address in turn until one answers.
class Connector final : public net::Connector {
public:
    explicit Connector(net::Network& network) : network_{network} {}
    [[nodiscard]] net::Task<Result<std::unique_ptr<net::Connection>>> connect(net::PoolKey key, TimePoint deadline) override;

private:
    net::Network& network_;
};

}  // namespace lastack::http
