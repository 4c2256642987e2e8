#include "support/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <regex>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace lastack::test {

namespace {

constexpr char kEndOfTransmission = 4;  // ^D

[[noreturn]] void fail(const std::string& what, int error = errno) { throw std::system_error(error, std::generic_category(), what); }

struct Pipe {
    FileDescriptor read;
    FileDescriptor write;
};

// Only our end never blocks: the flag belongs to the open file, and the program expects plain pipes.
Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        fail("pipe");
    }
    return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

void make_nonblocking(const FileDescriptor& file) { ::fcntl(file.get(), F_SETFL, ::fcntl(file.get(), F_GETFL) | O_NONBLOCK); }

// A program that ends without reading its input must not end the test: SIGPIPE is blocked in this thread, and taken when it came.
class WithoutSigpipe {
public:
    WithoutSigpipe() {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~WithoutSigpipe() {
        const timespec at_once{};
        while (::sigtimedwait(&pipe_, nullptr, &at_once) > 0) {
        }
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    WithoutSigpipe(const WithoutSigpipe&) = delete;
    WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

private:
    sigset_t pipe_{};
    sigset_t before_{};
};

}  // namespace

Process::Process(const ProcessOptions& options) : terminal_(options.stdin_is == ProcessOptions::Input::terminal) {
    using Input = ProcessOptions::Input;
    if (terminal_) {
        out_pipe_ = FileDescriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        std::array<char, 128> name{};
        if (!out_pipe_.valid() || ::grantpt(out_pipe_.get()) != 0 || ::unlockpt(out_pipe_.get()) != 0 ||
            ::ptsname_r(out_pipe_.get(), name.data(), name.size()) != 0) {
            fail("pseudo terminal");
        }
        in_ = FileDescriptor(::fcntl(out_pipe_.get(), F_DUPFD_CLOEXEC, 0));
        spawn(options, -1, -1, -1, name.data());
    } else {
        auto out = make_pipe();
        auto err = make_pipe();
        Pipe in;
        if (options.stdin_is == Input::text || options.stdin_is == Input::pipe) {
            in = make_pipe();
        }
        spawn(options, in.read.get(), out.write.get(), err.write.get(), {});
        in_ = std::move(in.write);
        out_pipe_ = std::move(out.read);
        err_pipe_ = std::move(err.read);
        make_nonblocking(err_pipe_);
    }
    make_nonblocking(out_pipe_);
    if (in_.valid()) {
        make_nonblocking(in_);
        pending_input_ = options.input;
        close_when_written_ = options.stdin_is == Input::text;
        feed();
    }
}

Process::~Process() {
    if (pid_ > 0 && !wait_status_) {
        signal_group(SIGKILL);
        reap(true);
    }
}

bool Process::running() {
    reap(false);
    return !wait_status_;
}

void Process::reap(bool block) {
    int status = 0;
    while (!wait_status_) {
        const auto result = ::waitpid(pid_, &status, block ? 0 : WNOHANG);
        if (result == pid_) {
            wait_status_ = status;
        } else if (result == 0 || errno != EINTR) {
            return;
        }
    }
}

void Process::signal(int number) const {
    if (!wait_status_) {
        ::kill(pid_, number);
    }
}

void Process::signal_group(int number) const {
    if (!wait_status_) {
        ::kill(-pid_, number);
    }
}

void Process::write(std::string_view text) {
    pending_input_ += text;
    feed();
}

void Process::close_input() {
    if (terminal_) {
        write(std::string_view(&kEndOfTransmission, 1));
    } else {
        close_when_written_ = true;
        feed();
    }
}

void Process::feed() {
    const WithoutSigpipe guard;
    while (in_.valid() && !pending_input_.empty()) {
        const auto count = ::write(in_.get(), pending_input_.data(), pending_input_.size());
        if (count > 0) {
            pending_input_.erase(0, static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            pending_input_.clear();
            in_ = FileDescriptor{};
        }
    }
    if (pending_input_.empty() && close_when_written_) {
        in_ = FileDescriptor{};
    }
}

void Process::read_from(FileDescriptor& from, std::string& into) {
    std::array<char, 16384> buffer{};
    while (true) {
        const auto count = ::read(from.get(), buffer.data(), buffer.size());
        if (count > 0) {
            into.append(buffer.data(), static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else {
            // A terminal whose last user is gone says EIO.
            if (count == 0 || errno != EAGAIN) {
                from = FileDescriptor{};
            }
            return;
        }
    }
}

bool Process::pump(TimePoint deadline) {
    const auto left = deadline - Clock::now();
    const bool exited = wait_status_.has_value();
    if (left <= Duration::zero() || (exited && !out_pipe_.valid() && !err_pipe_.valid())) {
        return false;
    }
    std::array<pollfd, 4> polled{{{.fd = out_pipe_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = err_pipe_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = exited ? -1 : pidfd_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = pending_input_.empty() ? -1 : in_.get(), .events = POLLOUT, .revents = 0}}};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    if (::poll(polled.data(), polled.size(), static_cast<int>(std::min<long long>(milliseconds, 1'000'000))) < 0) {
        return errno == EINTR;
    }
    if (polled[0].revents != 0) {
        read_from(out_pipe_, out_);
    }
    if (polled[1].revents != 0) {
        read_from(err_pipe_, err_);
    }
    if (polled[2].revents != 0) {
        reap(false);
        // What it had written is there now; a grandchild that keeps the pipe open does not hold up the test.
        if (out_pipe_.valid()) {
            read_from(out_pipe_, out_);
        }
        if (err_pipe_.valid()) {
            read_from(err_pipe_, err_);
        }
    }
    if (polled[3].revents != 0) {
        feed();
    }
    return true;
}

bool Process::wait_for_output(std::string_view text, std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    while (true) {
        if (const auto found = out_.find(text, searched_); found != std::string::npos) {
            searched_ = found + text.size();
            return true;
        }
        if (!out_pipe_.valid() || !pump(deadline)) {
            return false;
        }
    }
}

bool Process::wait_for_error(std::string_view text, std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    while (err_.find(text) == std::string::npos) {
        if (!pump(deadline)) {
            return false;
        }
    }
    return true;
}

bool Process::wait_for_match(const std::string& pattern, std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    const std::regex expression(pattern);
    while (true) {
        std::smatch match;
        const auto begin = out_.cbegin() + static_cast<std::ptrdiff_t>(searched_);
        if (std::regex_search(begin, out_.cend(), match, expression)) {
            searched_ += static_cast<std::size_t>(match.position() + match.length());
            return true;
        }
        if (!out_pipe_.valid() || !pump(deadline)) {
            return false;
        }
    }
}

bool Process::answer(std::string_view prompt, std::string_view text, std::chrono::milliseconds patience) {
    if (!wait_for_output(prompt, patience)) {
        return false;
    }
    write(text);
    return true;
}

ProcessResult Process::wait(std::chrono::milliseconds patience) {
    ProcessResult result;
    const auto deadline = Clock::now() + patience;
    // Whatever its descendants keep open: output counts until the program itself has ended.
    while (!wait_status_ && pump(deadline)) {
    }
    if (!wait_status_) {
        result.timed_out = true;
        signal_group(SIGKILL);
        reap(true);
    }
    // running() may have seen the end before anybody read.
    if (out_pipe_.valid()) {
        read_from(out_pipe_, out_);
    }
    if (err_pipe_.valid()) {
        read_from(err_pipe_, err_);
    }
    if (WIFEXITED(*wait_status_)) {
        result.status = WEXITSTATUS(*wait_status_);
    } else {
        result.signal = WTERMSIG(*wait_status_);
    }
    result.out = out_;
    result.err = err_;
    return result;
}

ProcessResult run(const ProcessOptions& options, std::chrono::milliseconds patience) { return Process(options).wait(patience); }

ProcessResult run(std::vector<std::string> arguments) { return run(ProcessOptions{.arguments = std::move(arguments)}); }

}  // namespace lastack::test
