// What the pool may ask of a connection, and who makes one. The pool knows nothing of HTTP: `free_slots()` is the whole protocol by which a
// connection that carries several requests at once would say so.
#pragma once

#include "base/time.hpp"
#include "net/pool_key.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

#include "lastack/result.hpp"

#include <functional>
#include <memory>
#include <string>

namespace lastack::net {

class Connection {
public:
    virtual ~Connection() = default;

    // Requests it can take besides those it carries: for HTTP/1.1 one when idle, else none.
    [[nodiscard]] virtual unsigned free_slots() const = 0;

    // As in Stream: the connection must be idle.
    virtual void watch(std::move_only_function<void(Input)> on_input) = 0;
    virtual void unwatch() = 0;
    [[nodiscard]] virtual Input probe() = 0;
    virtual void close(Close how) noexcept = 0;
    // As in Stream: at any time.
    virtual void interrupt() noexcept = 0;
    [[nodiscard]] virtual const std::string& peer() const = 0;
    [[nodiscard]] virtual Duration round_trip() const = 0;
    [[nodiscard]] virtual std::string local_ip() const = 0;
    [[nodiscard]] virtual bool is_secure() const = 0;
};

// What a dial tells while it runs.
class DialObserver {
public:
    virtual ~DialObserver() = default;
    virtual void connected(const std::string& address) = 0;  // TCP stands; tunnel and TLS come next
};

class Connector {
public:
    virtual ~Connector() = default;
    // A connection ready for its first request. The error names the phase, the address and what failed. `observer` outlives the task.
    [[nodiscard]] virtual Task<Result<std::unique_ptr<Connection>>> connect(PoolKey key, TimePoint deadline, DialObserver& observer) = 0;
};

}  // namespace lastack::net
