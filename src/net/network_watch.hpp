// Tells when this machine's addresses, links or default routes change: a socket whose own address is gone stays ESTABLISHED for ever and
// takes what is sent, so only rtnetlink can say it.
#pragma once

#include "net/network_change.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace lastack::net {

// Begins when it is made, ends with its destructor; `on_change` runs on the reactor and may destroy the watch. As long as it lives the
// context does not run out of work. Where netlink is not permitted it stays silent. Reactor thread, or before the context runs.
class NetworkWatch {
public:
    NetworkWatch(boost::asio::io_context& context, std::function<void(const NetworkChange&)> on_change);
    ~NetworkWatch();
    NetworkWatch(const NetworkWatch&) = delete;
    NetworkWatch& operator=(const NetworkWatch&) = delete;

    [[nodiscard]] bool working() const noexcept;

private:
    struct State;
    std::shared_ptr<State> state_;  // owners: this and the handler that Asio still holds when it goes
};

}  // namespace lastack::net
