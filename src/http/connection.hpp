// An HTTP/1.1 connection as the pool holds it: the byte stream between exchanges. One exchange at a time borrows the stream.
#pragma once

#include "net/connection.hpp"

#include <memory>
#include <utility>

namespace lastack::http {

class Connection final : public net::Connection {
public:
    enum class Secure : std::uint8_t { no, yes };

    Connection(std::unique_ptr<net::Stream> stream, Secure secure) : stream_{std::move(stream)}, secure_{secure == Secure::yes} {}

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
    void interrupt() noexcept override { stream_->interrupt(); }
    [[nodiscard]] const std::string& peer() const override { return stream_->peer(); }
    [[nodiscard]] Duration round_trip() const override { return stream_->round_trip(); }
    [[nodiscard]] std::string local_ip() const override { return stream_->local_ip(); }
    [[nodiscard]] bool is_secure() const override { return secure_; }

    [[nodiscard]] net::Stream& stream() { return *stream_; }

private:
    std::unique_ptr<net::Stream> stream_;
    bool idle_ = false;
    bool secure_;
};

}  // namespace lastack::http
