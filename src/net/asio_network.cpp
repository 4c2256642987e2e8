#include "net/asio_network.hpp"

#include "net/error.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace lastack::net {

namespace {

using asio::ip::tcp;
using BootTimer = asio::basic_waitable_timer<Clock>;
constexpr auto with_code = asio::as_tuple(asio::use_awaitable);

// Far enough for "never", near enough not to overflow Asio's arithmetic.
TimePoint bounded(TimePoint when) { return std::min(when, Clock::now() + std::chrono::hours{24 * 365}); }

Error io_error(const boost::system::error_code& code, Phase phase) {
    Error error{.code = NetErrc::reset, .phase = phase, .cause = code.message()};
    if (code == asio::error::operation_aborted) {
        error.code = Errc::cancelled;
        error.cause = "cancelled";
    } else if (code == asio::error::connection_refused) {
        error.code = NetErrc::connect_refused;
        error.cause = "connection refused";
        error.next_step = "nothing listens there: check host and port, or try later";
    } else if (code == asio::error::network_unreachable || code == asio::error::host_unreachable || code.value() == EADDRNOTAVAIL ||
               code.value() == ENETDOWN || code.value() == EAFNOSUPPORT) {
        error.code = NetErrc::unreachable;
        error.next_step = "check the network connection";
    } else if (code == asio::error::no_descriptors || code.value() == ENFILE) {
        error.code = NetErrc::no_descriptors;
        error.next_step = "raise the limit of open files (ulimit -n)";
    } else if (code == asio::error::timed_out) {
        error.code = Errc::timed_out;  // TCP_USER_TIMEOUT, keepalive probes, or the last SYN
        error.cause = "the peer does not answer any more";
    } else if (code == asio::error::connection_reset || code == asio::error::broken_pipe || code == asio::error::connection_aborted) {
        error.cause = "the peer reset the connection";
    } else if (phase == Phase::connecting) {
        error.code = NetErrc::unreachable;
    }
    return error;
}

Error interrupted_error(Phase phase) {
    return Error{.code = NetErrc::interrupted, .phase = phase, .cause = "the connection was closed on this side"};
}

Error timeout_error(Phase phase, std::string cause) { return Error{.code = Errc::timed_out, .phase = phase, .cause = std::move(cause)}; }

class AsioTimer final : public Timer {
public:
    explicit AsioTimer(asio::io_context& context) : timer_{context} {}

    Task<Wake> wait_until(TimePoint when) override {
        if (co_await is_cancelled()) {
            co_return Wake::cancelled;
        }
        woken_ = false;
        timer_.expires_at(bounded(when));
        const auto [code] = co_await timer_.async_wait(with_code);
        if (woken_) {
            co_return Wake::woken;
        }
        co_return code ? Wake::cancelled : Wake::expired;
    }

    void wake() override {
        woken_ = true;
        timer_.cancel();
    }

private:
    BootTimer timer_;
    bool woken_ = false;
};

// Owned by its AsioStream and by the handlers that Asio still holds when the stream goes.
struct Socket : std::enable_shared_from_this<Socket> {
    Socket(asio::io_context& context, std::shared_ptr<IdleWatch> watch) : socket{context}, timer{context}, idle_watch{std::move(watch)} {}

    tcp::socket socket;
    BootTimer timer;
    std::shared_ptr<IdleWatch> idle_watch;
    TimePoint deadline = TimePoint::max();
    TimePoint timer_at = TimePoint::max();  // what the pending timer waits for; max: none pending
    bool operation_pending = false;
    bool timed_out = false;
    bool interrupted = false;
    bool ended = false;
    boost::system::error_code lost;
    std::move_only_function<void(Input)> on_input;

    // The kernel tells of a reset once, to whichever call comes first; all later reads show an end, which after a reset is none.
    void note(const boost::system::error_code& code) {
        if (code == asio::error::connection_reset || code == asio::error::timed_out) {
            lost = code;
        }
    }

    void disarm() {
        if (on_input) {
            on_input = nullptr;
            idle_watch->remove(socket.native_handle());
        }
    }

    // One timer serves many operations: it is moved only when a deadline lies before it, and looks again when it fires.
    void begin_operation(TimePoint until) {
        deadline = bounded(until);
        timed_out = false;
        operation_pending = true;
        if (deadline < timer_at) {
            arm_timer(deadline);
        }
    }

    void end_operation() { operation_pending = false; }

    void arm_timer(TimePoint when) {
        timer_at = when;
        timer.expires_at(when);
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& code) {
            if (code == asio::error::operation_aborted) {
                return;
            }
            self->timer_at = TimePoint::max();
            if (!self->operation_pending) {
                return;
            }
            if (Clock::now() < self->deadline) {
                self->arm_timer(self->deadline);
                return;
            }
            self->timed_out = true;
            boost::system::error_code ignored;
            self->socket.cancel(ignored);
        });
    }
};

class AsioStream final : public Stream {
public:
    AsioStream(std::shared_ptr<Socket> socket, std::string peer) : state_{std::move(socket)}, peer_{std::move(peer)} {}
    ~AsioStream() override { close(Close::orderly); }

    Task<Result<std::size_t>> read_some(std::span<std::byte> buffer, TimePoint deadline) override {
        if (co_await is_cancelled()) {
            co_return std::unexpected(io_error(asio::error::operation_aborted, Phase::receiving));
        }
        const auto state = state_;
        if (state->ended) {
            co_return end_of_input();  // Asio would wait for an event that has been
        }
        state->begin_operation(deadline);
        const auto [code, n] = co_await state->socket.async_read_some(asio::buffer(buffer.data(), buffer.size()), with_code);
        state->end_operation();
        state->idle_watch->look();  // no end of an idle connection waits for a whole round of busy ones
        if (!code) {
            co_return n;
        }
        state->note(code);
        if (code == asio::error::eof) {
            state->ended = true;
            co_return end_of_input();
        }
        if (state->timed_out) {
            co_return std::unexpected(timeout_error(Phase::receiving, "nothing was received in time"));
        }
        if (state->interrupted) {
            co_return std::unexpected(interrupted_error(Phase::receiving));
        }
        co_return std::unexpected(io_error(code, Phase::receiving));
    }

    Task<Written> write_all(std::span<const std::byte> bytes, TimePoint deadline) override {
        Written written;
        if (co_await is_cancelled()) {
            written.error = io_error(asio::error::operation_aborted, Phase::sending);
            co_return written;
        }
        const auto state = state_;
        while (written.bytes < bytes.size()) {
            const auto rest = bytes.subspan(written.bytes);
            state->begin_operation(deadline);
            const auto [code, n] = co_await state->socket.async_write_some(asio::buffer(rest.data(), rest.size()), with_code);
            state->end_operation();
            written.bytes += n;
            if (code) {
                state->note(code);
                written.error = state->timed_out     ? timeout_error(Phase::sending, "the peer took no bytes in time")
                                : state->interrupted ? interrupted_error(Phase::sending)
                                                     : io_error(code, Phase::sending);
                break;
            }
        }
        co_return written;
    }

    void watch(std::move_only_function<void(Input)> on_input) override {
        set_probes(false);  // an idle connection is not worth a packet: its limit is short
        state_->on_input = std::move(on_input);
        const auto listener = [state = state_.get()](Input input) {
            if (input == Input::failed) {
                state->note(asio::error::connection_reset);
            }
            std::exchange(state->on_input, nullptr)(input);
        };
        if (!state_->idle_watch->add(state_->socket.native_handle(), listener)) {
            // One that cannot be watched is not worth keeping.
            asio::post(state_->socket.get_executor(), [state = state_] {
                if (state->on_input) {
                    std::exchange(state->on_input, nullptr)(Input::failed);
                }
            });
        }
    }

    void unwatch() override {
        state_->disarm();
        set_probes(true);
    }

    Input probe() override {
        if (!state_->socket.is_open()) {
            return Input::failed;
        }
        const Input input = peek(state_->socket.native_handle());
        if (input == Input::failed) {
            state_->note(last_error());
        }
        return input == Input::end && state_->lost ? Input::failed : input;
    }

    Taken take(std::span<std::byte> buffer) override {
        Taken taken;
        while (taken.bytes < buffer.size()) {
            const auto rest = buffer.subspan(taken.bytes);
            const ssize_t n = state_->socket.is_open() ? ::recv(state_->socket.native_handle(), rest.data(), rest.size(), MSG_DONTWAIT) : 0;
            if (n > 0) {
                taken.bytes += static_cast<std::size_t>(n);
                continue;
            }
            if (n < 0) {
                taken.then = nothing_yet() ? Input::quiet : Input::failed;
                state_->note(last_error());
            } else {
                taken.then = state_->lost ? Input::failed : Input::end;
            }
            return taken;
        }
        taken.then = Input::bytes;
        return taken;
    }

    std::size_t give(std::span<const std::byte> bytes) noexcept override {
        if (!state_->socket.is_open()) {
            return 0;
        }
        const ssize_t n = ::send(state_->socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) {
            state_->note(last_error());
        }
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }

    void interrupt() noexcept override {
        state_->interrupted = true;
        if (state_->socket.is_open()) {
            // The FIN first: closing over bytes that still arrive would show the peer a RST alone.
            ::shutdown(state_->socket.native_handle(), SHUT_WR);
            close(Close::quiet);
        }
    }

    Duration round_trip() const override {
        tcp_info info{};
        socklen_t size = sizeof info;
        if (!state_->socket.is_open() || ::getsockopt(state_->socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
            return Duration{0};
        }
        return std::chrono::microseconds{std::uint64_t{info.tcpi_rtt} + 4 * std::uint64_t{info.tcpi_rttvar}};
    }

    std::string local_ip() const override {
        boost::system::error_code code;
        const auto local = state_->socket.local_endpoint(code);
        std::string ip = code ? std::string{} : local.address().to_string();
        return ip.substr(0, ip.find('%'));  // without a scope
    }

    void close(Close how) noexcept override {
        if (!state_->socket.is_open()) {
            return;
        }
        const int fd = state_->socket.native_handle();
        state_->disarm();
        if (how == Close::abort) {
            const linger reset{.l_onoff = 1, .l_linger = 0};
            ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        } else {
            drain(fd);
            // Reaches the peer even while some child process still holds the descriptor.
            ::shutdown(fd, SHUT_RDWR);
        }
        boost::system::error_code ignored;
        state_->timer.cancel();
        state_->socket.close(ignored);
    }

    const std::string& peer() const override { return peer_; }

private:
    [[nodiscard]] Result<std::size_t> end_of_input() const {
        if (state_->lost) {
            return std::unexpected(io_error(state_->lost, Phase::receiving));
        }
        return std::size_t{0};
    }

    static boost::system::error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

    static bool nothing_yet() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

    void set_probes(bool on) noexcept {
        if (state_->socket.is_open()) {
            const int value = on ? 1 : 0;
            ::setsockopt(state_->socket.native_handle(), SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value);
        }
    }

    // Closing over unread bytes makes the kernel send a RST in place of a FIN.
    static void drain(int fd) noexcept {
        constexpr std::size_t most = std::size_t{64} << 10;
        std::array<std::byte, 16384> buffer;
        for (std::size_t drained = 0; drained < most;) {
            const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (n <= 0) {
                return;
            }
            drained += static_cast<std::size_t>(n);
        }
    }

    std::shared_ptr<Socket> state_;
    std::string peer_;
};

// Asio opens sockets without CLOEXEC; a scriptlet must never inherit one.
boost::system::error_code open_socket(tcp::socket& socket, const tcp& protocol) {
    const int fd = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0) {
        return {errno, boost::system::system_category()};
    }
    const auto set = [fd](int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); };
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    // A peer that is gone is noticed while we wait for it, and a request into a void fails long before the kernel's quarter of an hour.
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, 10'000);
    boost::system::error_code code;
    socket.assign(protocol, fd, code);
    if (code) {
        ::close(fd);
    }
    return code;
}

}  // namespace

std::unique_ptr<Timer> AsioNetwork::make_timer() { return std::make_unique<AsioTimer>(context_); }

Task<Result<std::vector<Address>>> AsioNetwork::resolve(std::string host, std::uint16_t port, TimePoint deadline) {
    co_return co_await resolver_.resolve(std::move(host), port, deadline);
}

Task<Result<std::unique_ptr<Stream>>> AsioNetwork::connect(Address address, TimePoint deadline) {
    const std::string peer = address.str();
    const auto fail = [&peer](Error error) {
        error.address = peer;
        return std::unexpected(std::move(error));
    };
    if (co_await is_cancelled()) {
        co_return fail(io_error(asio::error::operation_aborted, Phase::connecting));
    }
    boost::system::error_code code;
    const auto ip = asio::ip::make_address(address.ip, code);
    if (code) {
        co_return fail(io_error(code, Phase::connecting));
    }
    const auto state = std::make_shared<Socket>(context_, idle_watch_);
    const tcp::endpoint endpoint{ip, address.port};
    if (code = open_socket(state->socket, endpoint.protocol()); code) {
        co_return fail(io_error(code, Phase::connecting));
    }
    state->begin_operation(deadline);
    std::tie(code) = co_await state->socket.async_connect(endpoint, with_code);
    state->end_operation();
    if (code) {
        const bool timed_out = state->timed_out;
        state->timer.cancel();
        boost::system::error_code ignored;
        state->socket.close(ignored);
        co_return fail(timed_out ? timeout_error(Phase::connecting, "no answer to the connection attempt in time")
                                 : io_error(code, Phase::connecting));
    }
    co_return std::make_unique<AsioStream>(state, peer);
}

}  // namespace lastack::net
