#include "cli/watched_command.hpp"

#include <cerrno>
#include <csignal>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern char** environ;

namespace lastack::cli {

namespace {

constexpr int not_found = 127;
constexpr int not_executable = 126;
constexpr int killed_by = 128;

// What `Signals` did to this process is undone in the command: its signals are let through, and SIGPIPE ends whoever asks for it.
class SpawnAttributes {
public:
    SpawnAttributes() {
        error_ = posix_spawnattr_init(&attributes_);
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP}) {
            sigdelset(&mask, signal);
        }
        sigset_t defaults;
        sigemptyset(&defaults);
        sigaddset(&defaults, SIGPIPE);
        error_ |= posix_spawnattr_setsigmask(&attributes_, &mask);
        error_ |= posix_spawnattr_setsigdefault(&attributes_, &defaults);
        error_ |= posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
    SpawnAttributes(const SpawnAttributes&) = delete;
    SpawnAttributes& operator=(const SpawnAttributes&) = delete;

    [[nodiscard]] int error() const { return error_ == 0 ? 0 : ENOMEM; }
    [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
    int error_ = 0;
};

std::unexpected<Error> cannot_run(int error_number, const std::string& what) {
    const std::error_code code(error_number, std::generic_category());
    return std::unexpected(Error{.code = code, .cause = "cannot run " + what + ": " + code.message()});
}

}  // namespace

Result<WatchedCommand> WatchedCommand::start(std::vector<std::string> words) {
    const SpawnAttributes attributes;
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    if (words.empty() || attributes.error() != 0) {
        return cannot_run(words.empty() ? EINVAL : attributes.error(), words.empty() ? "nothing" : words.front());
    }
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        return cannot_run(errno, words.front());
    }
    WatchedCommand command;
    if (const int error = ::posix_spawnp(&command.pid_, argv.front(), nullptr, attributes.get(), argv.data(), environ); error != 0) {
        return cannot_run(error, words.front());
    }
    // Not pidfd_open(): the header of glibc 2.36 declares it without C linkage. The descriptor is close-on-exec.
    command.pidfd_ = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, command.pid_, 0)));
    return command;
}

std::optional<int> WatchedCommand::ended() {
    while (true) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, WNOHANG);
        if (pid == pid_) {
            wait_status_ = status;
        } else if (pid == 0 || (pid < 0 && errno != EINTR)) {
            return wait_status_;
        }
    }
}

void WatchedCommand::signal(int number) const {
    if (!wait_status_) {
        ::kill(pid_, number);
    }
}

int status_of_failed_start(const Error& error) { return error.code == std::errc::no_such_file_or_directory ? not_found : not_executable; }

int status_of_ended(int wait_status) { return WIFSIGNALED(wait_status) ? killed_by + WTERMSIG(wait_status) : WEXITSTATUS(wait_status); }

}  // namespace lastack::cli
