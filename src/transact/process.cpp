#include "transact/process.hpp"

#include "transact/channel/message.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack::transact {

namespace {

constexpr rlim_t usual_descriptors = 1024;
constexpr rlim_t spare_descriptors = 256;  // librpm's database, directories and scriptlet pipes

bool is_pipe(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

void block_signals() {
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGALRM}) {
        sigaddset(&blocked, signal);
    }
    sigprocmask(SIG_SETMASK, &blocked, nullptr);
    // A parent that died in the middle must not take the transaction with it.
    std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

bool has_channel() { return is_pipe(request_fd) && is_pipe(answer_fd); }

void prepare_process() {
    block_signals();
    ::clearenv();
    ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    ::setenv("HOME", "/root", 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    ::umask(022);
    (void)!::chdir("/");
    ::close_range(request_fd, ~0u, CLOSE_RANGE_CLOEXEC);
    // Lua scriptlets print through our own stdio.
    std::setvbuf(stdout, nullptr, _IONBF, 0);
}

void keep_packages_only(std::size_t package_count) {
    const auto end = static_cast<unsigned>(first_package_fd) + static_cast<unsigned>(package_count);
    ::close_range(end, ~0u, 0);
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        // librpm and many programs close every possible descriptor one by one: an enormous limit would cost seconds per scriptlet.
        limit.rlim_cur = std::min(limit.rlim_max, std::max(usual_descriptors, rlim_t{end} + spare_descriptors));
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

}  // namespace lastack::transact
