#include "net/resume_watch.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utility>

namespace lastack::net {

namespace {

namespace asio = boost::asio;
using std::chrono::nanoseconds;

struct Clocks {
    TimePoint boottime;
    nanoseconds monotonic{0};
};

nanoseconds monotonic_now() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return std::chrono::seconds{t.tv_sec} + nanoseconds{t.tv_nsec};
}

// Two clocks cannot be read at once. Where the thread was held up between them, the difference would look like a sleep.
Clocks read_clocks() {
    constexpr auto close_enough = std::chrono::milliseconds{10};
    constexpr int attempts = 5;
    Clocks best;
    auto best_width = nanoseconds::max();
    for (int i = 0; i < attempts && best_width > close_enough; ++i) {
        const auto before = monotonic_now();
        const auto boottime = Clock::now();
        const auto after = monotonic_now();
        if (after - before < best_width) {
            best_width = after - before;
            best = {.boottime = boottime, .monotonic = after};
        }
    }
    return best;
}

}  // namespace

bool SleepDetector::slept(TimePoint boottime, nanoseconds monotonic) {
    const nanoseconds difference = boottime.time_since_epoch() - monotonic;
    const auto before = std::exchange(difference_, difference);
    return before && difference - *before > shortest_sleep;
}

struct ResumeWatch::State : std::enable_shared_from_this<State> {
    State(asio::io_context& context, std::function<void()> callback, Duration every)
        : descriptor{context}, on_resume{std::move(callback)}, interval{every} {}

    void set_timer(Duration every) {
        itimerspec spec{};
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(every);
        spec.it_interval.tv_sec = seconds.count();
        spec.it_interval.tv_nsec = (every - seconds).count();
        spec.it_value = spec.it_interval;
        ::timerfd_settime(descriptor.native_handle(), 0, &spec, nullptr);
    }

    void wait() {
        descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                              [self = shared_from_this()](const boost::system::error_code& code) {
                                  if (code || !self->descriptor.is_open()) {
                                      return;
                                  }
                                  std::uint64_t expirations = 0;
                                  (void)!::read(self->descriptor.native_handle(), &expirations, sizeof expirations);
                                  self->look();
                                  if (self->descriptor.is_open()) {
                                      self->wait();
                                  }
                              });
    }

    void look() {
        if (!armed) {
            return;
        }
        const Clocks now = read_clocks();
        if (detector.slept(now.boottime, now.monotonic)) {
            on_resume();
        }
    }

    asio::posix::stream_descriptor descriptor;
    std::function<void()> on_resume;
    Duration interval;
    SleepDetector detector;
    bool armed = false;
};

ResumeWatch::ResumeWatch(asio::io_context& context, std::function<void()> on_resume, Duration interval)
    : state_{std::make_shared<State>(context, std::move(on_resume), interval)} {
    const int fd = ::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0) {
        return;  // look() still works
    }
    boost::system::error_code code;
    state_->descriptor.assign(fd, code);
    if (code) {
        ::close(fd);
        return;
    }
    state_->wait();
}

ResumeWatch::~ResumeWatch() {
    state_->armed = false;
    boost::system::error_code ignored;
    state_->descriptor.close(ignored);
}

void ResumeWatch::begin() {
    if (std::exchange(state_->armed, true)) {
        return;
    }
    const Clocks now = read_clocks();
    state_->detector.forget();
    (void)state_->detector.slept(now.boottime, now.monotonic);
    if (state_->descriptor.is_open()) {
        state_->set_timer(state_->interval);
    }
}

void ResumeWatch::end() {
    if (std::exchange(state_->armed, false) && state_->descriptor.is_open()) {
        state_->set_timer(Duration{0});
    }
}

void ResumeWatch::look() {
    const auto state = state_;  // `on_resume` may destroy this
    state->look();
}

}  // namespace lastack::net
