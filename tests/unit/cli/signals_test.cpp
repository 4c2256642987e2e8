#include "cli/signals.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <poll.h>
#include <unistd.h>

namespace lastack::cli {
namespace {

constexpr int patience_ms = 10'000;

// What the child does with the second signal; it exits by itself only when nothing has ended it.
void stop_twice(bool end_at_second) {
    Signals signals;
    if (end_at_second) {
        signals.end_at_second_stop();
    }
    ::kill(::getpid(), SIGINT);
    pollfd stopped{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
    if (::poll(&stopped, 1, patience_ms) != 1) {
        ::_exit(3);
    }
    while (!signals.stop().stop_requested()) {
        ::poll(nullptr, 0, 1);
    }
    ::kill(::getpid(), SIGTERM);
    ::poll(nullptr, 0, end_at_second ? patience_ms : 50);
    ::_exit(4);
}

TEST(SignalsDeathTest, a_second_stop_signal_ends_the_process_where_that_was_asked_for) {
    EXPECT_EXIT(stop_twice(true), testing::KilledBySignal(SIGTERM), "");
    EXPECT_EXIT(stop_twice(false), testing::ExitedWithCode(4), "");
}

}  // namespace
}  // namespace lastack::cli
