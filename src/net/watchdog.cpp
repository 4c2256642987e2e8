#include "net/watchdog.hpp"

#include "net/blockage.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <atomic>
#include <cassert>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <pthread.h>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>

namespace lastack::net {

namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr int looks_per_limit = 8;

}  // namespace

struct Watchdog::Heartbeats {
    std::uint64_t posted = 0;  // the watchdog's alone
    steady_clock::time_point posted_at;
    std::atomic<std::uint64_t> answered{0};

    [[nodiscard]] std::uint64_t pending() const { return answered.load() == posted ? 0 : posted; }
};

// What the kernel knows about the watched thread; opened by that thread itself.
class Watchdog::Reactor {
public:
    Reactor() {
        known_ = ::pthread_getcpuclockid(::pthread_self(), &clock_) == 0;
        const std::string path = "/proc/self/task/" + std::to_string(::gettid()) + "/stat";
        stat_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    }
    ~Reactor() {
        if (stat_ >= 0) {
            ::close(stat_);
        }
    }
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    [[nodiscard]] nanoseconds processor_time() const {
        timespec used{};
        if (known_) {
            ::clock_gettime(clock_, &used);
        }
        return std::chrono::seconds{used.tv_sec} + nanoseconds{used.tv_nsec};
    }

    // "1234 (name) S ...": the name may hold anything, so the state is what follows the last parenthesis.
    [[nodiscard]] bool asleep() const {
        std::array<char, 512> buffer;
        const ssize_t n = stat_ < 0 ? -1 : ::pread(stat_, buffer.data(), buffer.size(), 0);
        const std::string_view line{buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
        const auto name_end = line.rfind(") ");
        if (name_end == std::string_view::npos || name_end + 2 >= line.size()) {
            return false;
        }
        return line[name_end + 2] == 'S' || line[name_end + 2] == 'D';
    }

private:
    clockid_t clock_{};
    bool known_ = false;
    int stat_ = -1;
};

std::chrono::milliseconds Watchdog::usual_limit() {
#ifdef __has_feature
    if constexpr (__has_feature(thread_sanitizer)) {
        return std::chrono::milliseconds{1000};
    }
    if constexpr (__has_feature(address_sanitizer)) {
        return std::chrono::milliseconds{400};
    }
#endif
    return std::chrono::milliseconds{200};
}

Watchdog::Watchdog(boost::asio::io_context& context, nanoseconds limit, std::function<void(const Report&)> on_blocked)
    : context_{context},
      limit_{limit},
      on_blocked_{std::move(on_blocked)},
      heartbeats_{std::make_shared<Heartbeats>()},
      reactor_{std::make_unique<Reactor>()} {
    // Signals are the business of whoever embeds us.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { watch(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::pthread_setname_np(thread_.native_handle(), "watchdog");
    turn_of_this_thread = &turn_;
}

Watchdog::~Watchdog() {
    assert(turn_of_this_thread == &turn_ && "the thread that is watched made the watchdog and destroys it");
    turn_of_this_thread = nullptr;
    {
        const std::lock_guard lock{turn_.mutex};
        turn_.ended = true;
    }
    turn_.changed.notify_one();
    thread_.join();
}

void Watchdog::watch() {
    const nanoseconds interval = limit_ / looks_per_limit;
    Blockage blockage{limit_, interval};
    std::uint64_t seen = 0;
    std::unique_lock lock{turn_.mutex};
    while (!turn_.ended) {
        const std::uint64_t number = turn_.number();
        const std::uint64_t pending = heartbeats_->pending();
        const bool under_way = number % 2 != 0;
        if (number == seen && !under_way && pending == 0) {
            turn_.sleep_until_turn_after(seen, lock);
            continue;
        }
        lock.unlock();
        const char* label = turn_.label();
        const auto began = under_way ? turn_.began() : heartbeats_->posted_at;
        ThreadSample sample{.at = steady_clock::now(), .heartbeat = pending, .asleep = reactor_->asleep()};
        sample.processor_time = reactor_->processor_time();
        sample.turn = turn_.number();
        // Of what was read while the turn changed nothing is known to belong to either.
        const bool one_turn = sample.turn == number && heartbeats_->pending() == pending;
        sample.asleep = sample.asleep && one_turn;
        if (blockage.found(sample) && one_turn) {
            on_blocked_({.what = label != nullptr ? label : "a handler without a name",
                         .blocked_for = std::chrono::duration_cast<std::chrono::milliseconds>(sample.at - began)});
        }
        if (pending == 0 && number != seen) {
            heartbeats_->posted_at = steady_clock::now();
            boost::asio::post(context_, [beats = heartbeats_, mine = ++heartbeats_->posted] { beats->answered = mine; });
        }
        seen = number;
        lock.lock();
        turn_.changed.wait_for(lock, interval, [this] { return turn_.ended; });
    }
}

std::function<void(const Watchdog::Report&)> watchdog_action_from_environment() {
    const char* set = std::getenv("LASTACK_WATCHDOG");
    const std::string_view choice = set != nullptr ? set : "";
    if (!labels_are_kept || choice == "off") {
        return nullptr;
    }
    return [aborts = choice == "abort"](const Watchdog::Report& report) {
        const std::string line =
            "lastack: the reactor was blocked for " + std::to_string(report.blocked_for.count()) + " ms by " + report.what + "\n";
        (void)!::write(STDERR_FILENO, line.data(), line.size());
        if (aborts) {
            std::abort();
        }
    };
}

}  // namespace lastack::net
