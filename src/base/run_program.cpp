#include "base/run_program.hpp"

#include "base/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <span>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace lastack {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int first_input_fd = 3;

std::unexpected<Error> failed_call(std::string what) {
    auto error = system_error(errno, std::move(what));
    error.phase = Phase::verifying;
    return std::unexpected(std::move(error));
}

std::unexpected<Error> ended(Errc code, const ProgramCall& call, std::string_view why) {
    return std::unexpected(Error{.code = code, .phase = Phase::verifying, .cause = call.program.string() + " " + std::string{why}});
}

// Above the numbers that the inputs have in the child: a dup2 there never hits a descriptor that is still to be given.
Result<FileDescriptor> above(FileDescriptor fd, std::size_t inputs) {
    FileDescriptor moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, first_input_fd + static_cast<int>(inputs)));
    if (!moved.valid()) {
        return failed_call("cannot prepare a descriptor");
    }
    return moved;
}

Result<FileDescriptor> in_memory(std::string_view bytes, std::size_t inputs) {
    FileDescriptor fd(::memfd_create("input", MFD_CLOEXEC));
    if (!fd.valid()) {
        return failed_call("cannot make a file in memory");
    }
    if (auto written = write_at(fd.get(), std::as_bytes(std::span{bytes}), 0); !written) {
        return std::unexpected(std::move(written.error()));
    }
    return above(std::move(fd), inputs);
}

class Spawning {
public:
    Spawning() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        sigset_t signals;
        sigfillset(&signals);
        posix_spawnattr_setsigdefault(&attributes_, &signals);
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
        null_device(STDIN_FILENO);
        null_device(STDERR_FILENO);
    }
    ~Spawning() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    Spawning(const Spawning&) = delete;
    Spawning& operator=(const Spawning&) = delete;

    void give(int fd, int target) { error_ |= posix_spawn_file_actions_adddup2(&actions_, fd, target); }
    void close_from(int first) { error_ |= posix_spawn_file_actions_addclosefrom_np(&actions_, first); }

    // An errno value, 0 when it runs.
    int start(pid_t& pid, const ProgramCall& call) {
        if (error_ != 0) {
            return ENOMEM;
        }
        std::vector<std::string> words{call.program.filename().string()};
        words.insert(words.end(), call.arguments.begin(), call.arguments.end());
        std::vector<char*> argv;
        for (std::string& word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        std::string locale = "LC_ALL=C";
        std::array<char*, 2> environment{locale.data(), nullptr};
        return ::posix_spawn(&pid, call.program.c_str(), &actions_, &attributes_, argv.data(), environment.data());
    }

private:
    void null_device(int target) { error_ |= posix_spawn_file_actions_addopen(&actions_, target, "/dev/null", O_RDWR, 0); }

    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
    int error_ = 0;
};

// The running program: killed when this ends before it does.
class Child {
public:
    Child(pid_t pid, FileDescriptor output) : pid_{pid}, output_{std::move(output)} {}
    ~Child() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            (void)wait();
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Negative: the signal that ended it.
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] int output() const { return output_.get(); }

private:
    pid_t pid_;
    FileDescriptor output_;
};

int milliseconds_until(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

// Reads until the program has closed its output and ended.
Result<ProgramEnd> follow(Child& child, const ProgramCall& call, const std::stop_token& stop) {
    const FileDescriptor stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const FileDescriptor end(static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0)));
    if (!stopped.valid() || !end.valid()) {
        return failed_call("cannot watch " + call.program.string());
    }
    const std::stop_callback on_stop(stop, [&stopped] { (void)::eventfd_write(stopped.get(), 1); });
    const auto deadline = Clock::now() + call.time_limit;
    ProgramEnd result;
    std::array<char, 4096> buffer{};
    bool open = true;
    for (;;) {
        std::array<pollfd, 2> waiting{pollfd{.fd = open ? child.output() : end.get(), .events = POLLIN, .revents = 0},
                                      pollfd{.fd = stopped.get(), .events = POLLIN, .revents = 0}};
        const int ready = ::poll(waiting.data(), waiting.size(), milliseconds_until(deadline));
        if (ready < 0 && errno != EINTR) {
            return failed_call("cannot watch " + call.program.string());
        }
        if (stop.stop_requested()) {
            return std::unexpected(Error{.code = Errc::cancelled, .cause = "cancelled"});
        }
        if (ready == 0 && Clock::now() >= deadline) {
            return ended(Errc::timed_out, call, "took too long");
        }
        if (ready <= 0 || waiting[0].revents == 0) {
            continue;
        }
        if (!open) {
            result.exit_status = child.wait();
            return result;
        }
        const auto count = ::read(child.output(), buffer.data(), buffer.size());
        if (count < 0 && errno != EINTR) {
            return failed_call("cannot read what " + call.program.string() + " prints");
        }
        open = count != 0;
        if (count > 0) {
            result.output.append(buffer.data(), static_cast<std::size_t>(count));
        }
        if (result.output.size() > call.output_limit) {
            return ended(Errc::io_failed, call, "prints without end");
        }
    }
}

}  // namespace

std::string input_path(std::size_t index) { return "/proc/self/fd/" + std::to_string(first_input_fd + static_cast<int>(index)); }

Result<ProgramEnd> run_program(const ProgramCall& call, std::stop_token stop) {
    const std::size_t count = call.inputs.size();
    std::vector<FileDescriptor> inputs;
    for (const std::string_view bytes : call.inputs) {
        auto input = in_memory(bytes, count);
        if (!input) {
            return std::unexpected(std::move(input.error()));
        }
        inputs.push_back(std::move(*input));
    }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return failed_call("cannot make a pipe");
    }
    FileDescriptor reader(ends[0]);
    auto writer = above(FileDescriptor(ends[1]), count);
    if (!writer) {
        return std::unexpected(std::move(writer.error()));
    }
    Spawning spawning;
    spawning.give(writer->get(), STDOUT_FILENO);
    for (std::size_t i = 0; i < count; ++i) {
        spawning.give(inputs[i].get(), first_input_fd + static_cast<int>(i));
    }
    spawning.close_from(first_input_fd + static_cast<int>(count));
    pid_t pid = -1;
    if (const int error = spawning.start(pid, call); error != 0) {
        errno = error;
        return failed_call("cannot start " + call.program.string());
    }
    writer = FileDescriptor();
    Child child(pid, std::move(reader));
    return follow(child, call, stop);
}

}  // namespace lastack
