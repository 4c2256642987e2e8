// What the pool may ask of a connection, and who makes one. The pool knows nothing of HTTP: `free_slots()` is the whole protocol by which a
// connection that carries several requests at once would say so.
#pragma once

#include "base/time.hpp"
#include "base/url.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

#include "lastack/result.hpp"

#include <functional>
#include <memory>
#include <string>

namespace lastack::net {

// Everything that makes two connections differ. Requests share a connection only when their keys are equal.
struct PoolKey {
    Origin origin;

    friend auto operator<=>(const PoolKey&, const PoolKey&) = default;
};

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
    [[nodiscard]] virtual const std::string& peer() const = 0;
};

class Connector {
public:
    virtual ~Connector() = default;
    // A connection ready for its first request. The error names the phase, the address and what failed.
    [[nodiscard]] virtual Task<Result<std::unique_ptr<Connection>>> connect(PoolKey key, TimePoint deadline) = 0;
};

}  // namespace lastack::net
