#include "cli/signals.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace lastack::cli {

namespace {

void raise_event(int fd) {
    const std::uint64_t one = 1;
    while (::write(fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

}  // namespace

Signals::Signals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    // Ignored by whoever started us, it will not stop us: then nothing is to be closed for it.
    struct sigaction stop{};
    if (::sigaction(SIGTSTP, nullptr, &stop) == 0 && stop.sa_handler != SIG_IGN) {
        sigaddset(&set, SIGTSTP);
    }
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_ = FileDescriptor{::signalfd(-1, &set, SFD_CLOEXEC)};
    stopped_ = FileDescriptor{::eventfd(0, EFD_CLOEXEC)};
    quit_ = FileDescriptor{::eventfd(0, EFD_CLOEXEC)};
    waiter_ = std::thread([this] {
        std::array<pollfd, 2> wanted{
            {{.fd = signals_.get(), .events = POLLIN, .revents = 0}, {.fd = quit_.get(), .events = POLLIN, .revents = 0}}};
        while (true) {
            if (::poll(wanted.data(), wanted.size(), -1) < 0) {
                continue;
            }
            if (wanted[1].revents != 0) {
                return;
            }
            signalfd_siginfo info{};
            if (::read(signals_.get(), &info, sizeof info) != sizeof info) {
                continue;
            }
            if (info.ssi_signo == SIGTSTP) {
                pause();
            } else {
                raise_event(stopped_.get());
                source_.request_stop();
            }
        }
    });
}

void Signals::on_pause(std::function<void()> before, std::function<void()> after) {
    const std::lock_guard lock{pause_mutex_};
    before_pause_ = std::move(before);
    after_pause_ = std::move(after);
}

// The stop itself comes last: what a stopped process leaves open, nobody closes.
void Signals::pause() {
    const std::lock_guard lock{pause_mutex_};
    if (before_pause_) {
        before_pause_();
    }
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
    ::kill(::getpid(), SIGTSTP);  // stops the whole process in here, until SIGCONT
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    if (after_pause_) {
        after_pause_();
    }
}

Signals::~Signals() {
    raise_event(quit_.get());
    waiter_.join();
}

}  // namespace lastack::cli
