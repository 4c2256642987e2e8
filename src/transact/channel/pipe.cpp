#include "transact/channel/pipe.hpp"

#include "base/file.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <pthread.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace lastack::transact {

namespace {

// write(2) to a pipe knows no MSG_NOSIGNAL, and the process may be a program that links us and has its own idea of SIGPIPE: the signal is
// held back in this thread and the one our own write raised is taken out again.
class SigpipeHeldBack {
public:
    SigpipeHeldBack() {
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
    }
    ~SigpipeHeldBack() {
        if (!was_pending_) {
            const timespec at_once{};
            while (sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    SigpipeHeldBack(const SigpipeHeldBack&) = delete;
    SigpipeHeldBack& operator=(const SigpipeHeldBack&) = delete;

private:
    sigset_t sigpipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

Error in_transaction(Error error) {
    error.phase = Phase::transaction;
    return error;
}

// Bytes read: fewer than asked for only at the end.
Result<std::size_t> read_fully(int fd, std::span<std::byte> buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        const auto count = ::read(fd, buffer.data() + filled, buffer.size() - filled);
        if (count > 0) {
            filled += static_cast<std::size_t>(count);
        } else if (count == 0) {
            break;
        } else if (errno != EINTR) {
            return std::unexpected(in_transaction(system_error(errno, "cannot read from the transaction's channel")));
        }
    }
    return filled;
}

std::unexpected<Error> cut_off() {
    return std::unexpected(
        Error{.code = Errc::io_failed, .phase = Phase::transaction, .cause = "the transaction's channel ended in a message"});
}

}  // namespace

Result<void> send(int fd, const Message& message) {
    const auto frame = encode(message);
    if (frame.size() > frame_prefix_size + max_frame_size) {
        return std::unexpected(Error{.code = Errc::io_failed,
                                     .phase = Phase::transaction,
                                     .cause = "a message of " + std::to_string(frame.size()) + " bytes is too large for the channel"});
    }
    const SigpipeHeldBack guard;
    std::size_t sent = 0;
    while (sent < frame.size()) {
        const auto count = ::write(fd, frame.data() + sent, frame.size() - sent);
        if (count >= 0) {
            sent += static_cast<std::size_t>(count);
        } else if (errno != EINTR) {
            return std::unexpected(in_transaction(system_error(errno, "cannot write to the transaction's channel")));
        }
    }
    return {};
}

Result<std::optional<Message>> receive(int fd) {
    std::array<std::byte, frame_prefix_size> prefix{};
    const auto got = read_fully(fd, prefix);
    if (!got) {
        return std::unexpected(got.error());
    }
    if (*got == 0) {
        return std::optional<Message>{};
    }
    if (*got < prefix.size()) {
        return cut_off();
    }
    const auto size = frame_size(prefix);
    if (!size) {
        return std::unexpected(size.error());
    }
    std::vector<std::byte> frame(*size);
    const auto body = read_fully(fd, frame);
    if (!body) {
        return std::unexpected(body.error());
    }
    if (*body < frame.size()) {
        return cut_off();
    }
    auto message = decode(frame);
    if (!message) {
        return std::unexpected(std::move(message.error()));
    }
    return std::optional<Message>(std::move(*message));
}

}  // namespace lastack::transact
