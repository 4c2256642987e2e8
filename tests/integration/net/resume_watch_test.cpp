// A sleep cannot be had in a test, but a process that changes its time namespace sees what a sleep leaves behind: CLOCK_BOOTTIME ahead.
#include "net/resume_watch.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace lastack::net {
namespace {

using namespace std::chrono_literals;

TEST(ResumeWatch, a_machine_that_stays_awake_is_not_reported) {
    boost::asio::io_context context{1};
    ResumeWatch watch{context, [] { ADD_FAILURE() << "nothing slept"; }, 5ms};
    watch.begin();
    EXPECT_GE(context.run_for(100ms), 5u) << "it looked";
    watch.look();
}

TEST(ResumeWatch, outside_of_begin_and_end_it_wakes_nobody) {
    boost::asio::io_context context{1};
    ResumeWatch watch{context, [] {}, 1ms};
    EXPECT_EQ(context.run_for(30ms), 0u);
    watch.begin();
    EXPECT_GE(context.run_for(30ms), 1u);
    watch.end();
    context.poll();
    EXPECT_EQ(context.run_for(30ms), 0u);
}

TEST(ResumeWatch, destroyed_it_leaves_nothing_to_run) {
    boost::asio::io_context context{1};
    {
        ResumeWatch watch{context, [] { ADD_FAILURE(); }, 1ms};
        watch.begin();
    }
    context.run_for(20s);
    EXPECT_TRUE(context.stopped());
}

enum Outcome : int { as_expected = 0, unexpected = 1, not_permitted = 77 };

bool write_file(const char* path, std::string_view text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    return written;
}

// From here on this process (it must have one thread) sees CLOCK_BOOTTIME ten minutes later.
bool jump_ten_minutes() {
    if (::unshare(CLONE_NEWTIME) != 0 || !write_file("/proc/self/timens_offsets", "boottime 600 0\n")) {
        return false;
    }
    const int fd = ::open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    const bool jumped = fd >= 0 && ::setns(fd, CLONE_NEWTIME) == 0;
    ::close(fd);
    return jumped;
}

template <typename Body>
void in_child(Body body) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::_exit(body());
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    if (WEXITSTATUS(status) == not_permitted) {
        GTEST_SKIP() << "a time namespace is not permitted here (under thread sanitizer there is always a second thread)";
    }
    EXPECT_EQ(WEXITSTATUS(status), as_expected);
}

TEST(ResumeWatch, a_sleep_of_ten_minutes_is_reported_once) {
    in_child([] {
        boost::asio::io_context context{1};
        int resumed = 0;
        ResumeWatch watch{context, [&] { ++resumed; }, 10ms};
        watch.begin();
        if (!jump_ten_minutes()) {
            return not_permitted;
        }
        const auto until = std::chrono::steady_clock::now() + 20s;
        while (resumed == 0 && std::chrono::steady_clock::now() < until) {
            context.run_one_until(until);
        }
        context.run_for(50ms);
        return resumed == 1 ? as_expected : unexpected;
    });
}

TEST(ResumeWatch, a_look_before_the_timer_sees_the_sleep_and_may_end_the_watch) {
    in_child([] {
        boost::asio::io_context context{1};
        std::unique_ptr<ResumeWatch> watch;
        int resumed = 0;
        watch = std::make_unique<ResumeWatch>(context, [&] {
            ++resumed;
            watch.reset();
        });
        watch->begin();
        if (!jump_ten_minutes()) {
            return not_permitted;
        }
        watch->look();
        return resumed == 1 && !watch ? as_expected : unexpected;
    });
}

TEST(ResumeWatch, a_sleep_before_begin_is_not_of_interest) {
    in_child([] {
        boost::asio::io_context context{1};
        int resumed = 0;
        ResumeWatch watch{context, [&] { ++resumed; }};
        watch.begin();
        watch.end();
        if (!jump_ten_minutes()) {
            return not_permitted;
        }
        watch.look();
        watch.begin();
        watch.look();
        return resumed == 0 ? as_expected : unexpected;
    });
}

}  // namespace
}  // namespace lastack::net
