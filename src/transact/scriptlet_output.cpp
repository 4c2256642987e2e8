#include "transact/scriptlet_output.hpp"

#include "transact/channel/pipe.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace lastack::transact {

namespace {

constexpr std::size_t piece_size = 3072;               // fits one frame of max_event_size
constexpr std::size_t max_forwarded = 8u << 20;        // of one transaction; the rest is read and dropped
constexpr std::size_t max_after_the_end = 256u << 10;  // more than a pipe holds: what was written before the end is in it

struct PipeEnds {
    FileDescriptor reader;
    FileDescriptor writer;
};

Result<PipeEnds> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return std::unexpected(system_error(errno, "cannot make a pipe for the output of scriptlets"));
    }
    return PipeEnds{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

class Forwarder {
public:
    // False at the end of the pipe or when nothing is there to read now.
    bool step(int fd) {
        std::array<char, piece_size> buffer{};
        ssize_t count = 0;
        while ((count = ::read(fd, buffer.data(), buffer.size())) < 0 && errno == EINTR) {
        }
        if (count <= 0) {
            return false;
        }
        const auto size = static_cast<std::size_t>(count);
        if (forwarded_ < max_forwarded) {
            forward(std::string(buffer.data(), size));
        }
        const bool limit_reached = forwarded_ < max_forwarded && forwarded_ + size >= max_forwarded;
        forwarded_ += size;
        if (limit_reached) {
            forward("\n[more output of scriptlets is not shown]\n");
        }
        return true;
    }

private:
    // A parent that is gone does not stop the reading: scriptlets must not block.
    void forward(std::string text) { (void)send(answer_fd, ScriptletOutput{.text = std::move(text)}); }

    std::size_t forwarded_ = 0;
};

void forward_until_told(int output, int control) {
    Forwarder forwarder;
    std::array<pollfd, 2> watched = {pollfd{.fd = output, .events = POLLIN, .revents = 0},
                                     pollfd{.fd = control, .events = POLLIN, .revents = 0}};
    while (watched[1].revents == 0) {
        watched[0].revents = 0;
        if (::poll(watched.data(), watched.size(), -1) < 0) {
            if (errno != EINTR) {
                return;
            }
            continue;
        }
        if (watched[0].revents != 0 && !forwarder.step(output)) {
            watched[0].fd = -1;
        }
    }
    ::fcntl(output, F_SETFL, ::fcntl(output, F_GETFL) | O_NONBLOCK);
    for (std::size_t taken = 0; taken < max_after_the_end && forwarder.step(output); taken += piece_size) {
    }
}

// The reader keeps its two ends and the channel; a package or a scriptlet's pipe kept open here would outlive its use.
[[noreturn]] void be_reader(int output, int control) {
    constexpr int first = 10;
    const int high_output = ::fcntl(output, F_DUPFD, first);
    const int high_control = ::fcntl(control, F_DUPFD, first);
    ::dup2(high_output, request_fd);
    ::dup2(high_control, first_package_fd);
    ::close_range(static_cast<unsigned>(first_package_fd) + 1, ~0u, 0);
    forward_until_told(request_fd, first_package_fd);
    ::_exit(0);
}

}  // namespace

ScriptletPipe::ScriptletPipe(FileDescriptor writer, FileDescriptor control, pid_t reader)
    : writer_(std::move(writer)), control_(std::move(control)), reader_(reader) {}

ScriptletPipe::ScriptletPipe(ScriptletPipe&& other) noexcept
    : writer_(std::move(other.writer_)), control_(std::move(other.control_)), reader_(std::exchange(other.reader_, -1)) {}

ScriptletPipe::~ScriptletPipe() { finish(); }

Result<ScriptletPipe> ScriptletPipe::start() {
    auto output = make_pipe();
    auto control = make_pipe();
    if (!output || !control) {
        return std::unexpected(output ? std::move(control.error()) : std::move(output.error()));
    }
    const pid_t reader = ::fork();
    if (reader < 0) {
        return std::unexpected(system_error(errno, "cannot start the reader of scriptlets' output"));
    }
    if (reader == 0) {
        be_reader(output->reader.get(), control->reader.get());
    }
    ::dup2(output->writer.get(), STDOUT_FILENO);
    ::dup2(output->writer.get(), STDERR_FILENO);
    return ScriptletPipe(std::move(output->writer), std::move(control->writer), reader);
}

void ScriptletPipe::finish() {
    if (reader_ < 0) {
        return;
    }
    ::dup2(STDIN_FILENO, STDOUT_FILENO);  // /dev/null
    ::dup2(STDIN_FILENO, STDERR_FILENO);
    writer_ = FileDescriptor();
    // A byte, not only the end: a Lua scriptlet may have forked a copy of this process that keeps the descriptor.
    (void)!::write(control_.get(), "", 1);
    control_ = FileDescriptor();
    while (::waitpid(reader_, nullptr, 0) < 0 && errno == EINTR) {
    }
    reader_ = -1;
}

}  // namespace lastack::transact
