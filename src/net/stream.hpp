// A connected byte stream, and what an idle one can show. The seam between connections and the operating system: asio_network implements it
// on sockets, the simulated network of the tests on queues. Reactor thread only.
#pragma once

#include "base/time.hpp"
#include "net/task.hpp"

#include "lastack/result.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace lastack::net {

// What a look at a stream that should be silent shows.
enum class Input : unsigned char {
    quiet,   // nothing to read
    bytes,   // bytes that nobody asked for
    end,     // the peer closed (FIN)
    failed,  // RST or another error
};

enum class Close : unsigned char {
    orderly,  // say close_notify where TLS is spoken, drain what has arrived (at most 64 KiB, so that our close is a FIN and not a RST),
              // shutdown, close
    quiet,    // the same without close_notify: the peer has closed, or cannot hear it
    abort,    // RST: the peer must stop sending
};

// What a read that does not wait brought.
struct Taken {
    std::size_t bytes = 0;
    Input then = Input::quiet;  // what shows behind these bytes; `bytes` when the buffer is full
};

struct Written {
    std::size_t bytes = 0;       // taken by the kernel
    std::optional<Error> error;  // set when not all were
};

class Stream {
public:
    virtual ~Stream() = default;

    // At least one byte, or 0 when the peer closed. Bytes queued before a RST are delivered before the error. Errors: Errc::timed_out at
    // the deadline, Errc::cancelled, NetErrc::reset; on TLS also NetErrc::cut_off and NetErrc::tls_failed.
    [[nodiscard]] virtual Task<Result<std::size_t>> read_some(std::span<std::byte> buffer, TimePoint deadline) = 0;

    // Writes all bytes. Errors as read_some.
    [[nodiscard]] virtual Task<Written> write_all(std::span<const std::byte> bytes, TimePoint deadline) = 0;

    // Arms a read until something other than quiet happens; `on_input` is then called once, in that turn of the reactor. No other
    // operation may be pending. Destroying or closing the stream disarms it without a call.
    virtual void watch(std::move_only_function<void(Input)> on_input) = 0;
    virtual void unwatch() = 0;

    // Looks without waiting and without taking anything that a later read needs.
    [[nodiscard]] virtual Input probe() = 0;

    // Reads and writes what is possible at once: for layers over this stream, between operations.
    [[nodiscard]] virtual Taken take(std::span<std::byte> buffer) = 0;
    virtual std::size_t give(std::span<const std::byte> bytes) noexcept = 0;

    // No operation may be pending. Idempotent.
    virtual void close(Close how) noexcept = 0;

    // Closes at once under whatever is pending: the peer sees a FIN, and a pending operation ends with NetErrc::interrupted, as does any
    // later one.
    virtual void interrupt() noexcept = 0;

    // Smoothed round trip time plus four times its variance, as far as it is known.
    [[nodiscard]] virtual Duration round_trip() const { return Duration{0}; }
    [[nodiscard]] virtual std::string local_ip() const { return {}; }

    [[nodiscard]] virtual const std::string& peer() const = 0;  // "ip:port"
};

}  // namespace lastack::net
