// The seam to the world: names, connections, time. Everything above it runs alike on the real network and on the simulated one of the
// tests, where time moves only when nothing else can. Reactor thread only.
#pragma once

#include "base/time.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lastack::net {

struct Address {
    std::string ip;  // numeric, without brackets
    std::uint16_t port = 0;

    friend auto operator<=>(const Address&, const Address&) = default;
    [[nodiscard]] std::string str() const {
        return ip.find(':') == std::string::npos ? ip + ":" + std::to_string(port) : "[" + ip + "]:" + std::to_string(port);
    }
};

enum class Wake : unsigned char { expired, woken, cancelled };

// One waiter at a time.
class Timer {
public:
    virtual ~Timer() = default;
    [[nodiscard]] virtual Task<Wake> wait_until(TimePoint when) = 0;
    virtual void wake() = 0;  // ends the wait under way with Wake::woken; without one it does nothing
};

class Network {
public:
    virtual ~Network() = default;

    [[nodiscard]] virtual asio::any_io_executor executor() = 0;
    [[nodiscard]] virtual TimePoint now() = 0;
    [[nodiscard]] virtual std::unique_ptr<Timer> make_timer() = 0;

    // Addresses of a host in the order to try. A numeric host resolves to itself. Errors: NetErrc::name_not_found, NetErrc::name_failed,
    // Errc::timed_out, Errc::cancelled.
    [[nodiscard]] virtual Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port, TimePoint deadline) = 0;

    // Errors: NetErrc::connect_refused, unreachable, no_descriptors; Errc::timed_out, Errc::cancelled.
    [[nodiscard]] virtual Task<Result<std::unique_ptr<Stream>>> connect(Address address, TimePoint deadline) = 0;
};

}  // namespace lastack::net
