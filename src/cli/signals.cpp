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

constexpr std::array stop_signals{SIGINT, SIGTERM, SIGHUP};

constexpr std::uint64_t bit_of(int signal) { return std::uint64_t{1} << static_cast<unsigned>(signal); }

// The way of a process that takes no care of the signal: whoever waits for it sees which one it was.
[[noreturn]] void end_by(int number) {
    constexpr int signal_status = 128;
    std::signal(number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    ::kill(::getpid(), number);
    ::_exit(signal_status + number);
}

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
    for (const int signal : stop_signals) {
        sigaddset(&set, signal);
    }
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
                request_stop(static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL);
            }
        }
    });
}

// When a terminal hangs up, its session's leader is told alone; the group only once the leader has ended.
void Signals::request_stop(int number, bool from_kernel) {
    if (end_at_second_ && source_.stop_requested()) {
        end_by(number);
    }
    const bool told_alone = !from_kernel || (number == SIGHUP && ::getsid(0) == ::getpid());
    if (told_alone) {
        own_.fetch_or(bit_of(number));
    }
    raise_event(stopped_.get());
    source_.request_stop();
}

std::vector<int> Signals::take_own() {
    const auto taken = own_.exchange(0);
    std::vector<int> numbers;
    for (const int signal : stop_signals) {
        if ((taken & bit_of(signal)) != 0) {
            numbers.push_back(signal);
        }
    }
    return numbers;
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
