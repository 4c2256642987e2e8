// The real network: the one file that opens sockets or arms timers.
#pragma once

#include "net/idle_watch.hpp"
#include "net/network.hpp"
#include "net/resolver.hpp"

#include <boost/asio/io_context.hpp>

namespace lastack::net {

class AsioNetwork final : public Network {
public:
    explicit AsioNetwork(asio::io_context& context)
        : context_{context}, resolver_{*this}, idle_watch_{std::make_shared<IdleWatch>(context)} {}

    [[nodiscard]] asio::any_io_executor executor() override { return context_.get_executor(); }
    [[nodiscard]] TimePoint now() override { return Clock::now(); }
    [[nodiscard]] std::unique_ptr<Timer> make_timer() override;
    [[nodiscard]] Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port, TimePoint deadline) override;
    [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(Address address, TimePoint deadline) override;

private:
    asio::io_context& context_;
    Resolver resolver_;
    std::shared_ptr<IdleWatch> idle_watch_;  // the sockets that it watches own it too
};

}  // namespace lastack::net
