// Real threads, real time. Whatever must be reported blocks until it is; whatever must not be ends by itself.
#include "net/watchdog.hpp"

#include "net/named_executor.hpp"
#include "net/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lastack::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto limit = 200ms;
constexpr auto give_up = 60s;

// What was reported, and how a blocked handler learns of it.
class Reports {
public:
    Reports() { EXPECT_EQ(::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK), 0); }
    ~Reports() {
        ::close(pipe_[0]);
        ::close(pipe_[1]);
    }
    Reports(const Reports&) = delete;
    Reports& operator=(const Reports&) = delete;

    void add(const Watchdog::Report& report) {
        const std::lock_guard lock{mutex_};
        reports_.push_back(report);
        ++count_;
        (void)!::write(pipe_[1], "x", 1);
    }
    [[nodiscard]] std::vector<std::string> what() {
        const std::lock_guard lock{mutex_};
        std::vector<std::string> names;
        for (const auto& report : reports_) {
            EXPECT_GE(report.blocked_for, limit * 3 / 4);
            names.push_back(report.what);
        }
        return names;
    }
    // Blocks in a system call until something is reported.
    void sleep_until_reported() {
        pollfd waits{.fd = pipe_[0], .events = POLLIN, .revents = 0};
        EXPECT_EQ(::poll(&waits, 1, std::chrono::milliseconds{give_up}.count()), 1) << "never reported";
        char byte = 0;
        (void)!::read(pipe_[0], &byte, 1);
    }
    void compute_until_reported() {
        const auto until = steady_clock::now() + give_up;
        while (count_ == 0 && steady_clock::now() < until) {
        }
    }

private:
    std::mutex mutex_;
    std::vector<Watchdog::Report> reports_;
    std::atomic<int> count_{0};
    int pipe_[2] = {-1, -1};
};

// A reactor on this thread, watched.
struct Watched {
    Reports reports;
    asio::io_context context{1};
    Watchdog watchdog{context, limit, [this](const Watchdog::Report& report) { reports.add(report); }};
};

void compute(std::chrono::nanoseconds time) {
    const auto until = steady_clock::now() + time;
    while (steady_clock::now() < until) {
    }
}

// Sleeps in a call as a mistake would.
void block(std::chrono::milliseconds time) { ::poll(nullptr, 0, static_cast<int>(time.count())); }

class WatchdogTest : public testing::Test {
protected:
    void SetUp() override {
        if (!labels_are_kept) {
            GTEST_SKIP() << "a release build keeps no labels";
        }
    }
};

TEST_F(WatchdogTest, a_handler_that_sleeps_in_a_call_is_named) {
    Watched watched;
    asio::post(watched.context, [&] {
        const Running running{"reading the disk"};
        watched.reports.sleep_until_reported();
    });
    watched.context.run();
    EXPECT_THAT(watched.reports.what(), testing::ElementsAre("reading the disk"));
}

TEST_F(WatchdogTest, a_handler_that_computes_too_long_is_named) {
    Watched watched;
    asio::post(watched.context, [&] {
        const Running running{"a digest"};
        watched.reports.compute_until_reported();
    });
    watched.context.run();
    EXPECT_THAT(watched.reports.what(), testing::ElementsAre("a digest"));
}

TEST_F(WatchdogTest, the_innermost_label_is_told) {
    Watched watched;
    asio::post(watched.context, [&] {
        const Running outer{"outer"};
        {
            const Running done{"done"};
        }
        const Running inner{"inner"};
        watched.reports.sleep_until_reported();
    });
    watched.context.run();
    EXPECT_THAT(watched.reports.what(), testing::ElementsAre("inner"));
}

TEST_F(WatchdogTest, a_task_that_blocks_after_a_resume_is_named_by_its_executor) {
    Watched watched;
    asio::co_spawn(
        named(watched.context.get_executor(), "the metadata task"),
        [](asio::io_context& on, Reports& reports) -> Task<void> {
            asio::steady_timer timer{on, 1ms};
            co_await timer.async_wait(asio::use_awaitable);
            reports.sleep_until_reported();
        }(watched.context, watched.reports),
        [](std::exception_ptr) {});
    watched.context.run();
    EXPECT_THAT(watched.reports.what(), testing::ElementsAre("the metadata task"));
}

TEST_F(WatchdogTest, a_handler_without_a_label_is_found_by_its_heartbeat) {
    Watched watched;
    asio::post(watched.context, [] { const Running running{"what woke the watchdog"}; });
    asio::post(watched.context, [&] { watched.reports.sleep_until_reported(); });
    watched.context.run();
    EXPECT_THAT(watched.reports.what(), testing::ElementsAre("a handler without a name"));
}

TEST_F(WatchdogTest, each_blockage_is_reported_once_however_long_it_lasts) {
    Watched watched;
    for (int i = 0; i < 2; ++i) {
        asio::post(watched.context, [&] {
            const Running running{"again"};
            watched.reports.sleep_until_reported();
            block(2 * limit);
        });
    }
    watched.context.run();
    EXPECT_THAT(watched.reports.what(), testing::ElementsAre("again", "again"));
}

TEST_F(WatchdogTest, many_short_turns_are_no_blockage) {
    Watched watched;
    for (int i = 0; i < 400; ++i) {
        asio::post(watched.context, [i] {
            const Running running{"a short one"};
            i % 2 == 0 ? compute(2ms) : block(2ms);
        });
    }
    watched.context.run();
    EXPECT_THAT(watched.reports.what(), testing::IsEmpty());
}

TEST_F(WatchdogTest, many_short_handlers_without_labels_are_no_blockage) {
    Watched watched;
    asio::post(watched.context, [] { const Running running{"what woke the watchdog"}; });
    for (int i = 0; i < 300; ++i) {
        asio::post(watched.context, [] { compute(2ms); });
    }
    watched.context.run();
    EXPECT_THAT(watched.reports.what(), testing::IsEmpty());
}

// Every turn needs a few milliseconds of processor time, and gets it late: eight hogs share what processors there are with it, and the one
// they all run on is the same where that is permitted.
TEST_F(WatchdogTest, a_starved_reactor_is_not_reported) {
    std::atomic<bool> done = false;
    std::vector<std::thread> hogs;
    cpu_set_t all;
    cpu_set_t one;
    ASSERT_EQ(::pthread_getaffinity_np(::pthread_self(), sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
        if (CPU_ISSET(cpu, &all)) {
            CPU_SET(cpu, &one);
        }
    }
    Watched watched;  // its thread stays free to look in time: the harder case
    ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
    for (int i = 0; i < 8; ++i) {
        hogs.emplace_back([&done] {
            while (!done) {
            }
        });
    }
    std::chrono::nanoseconds longest{0};
    for (int i = 0; i < 3; ++i) {
        asio::post(watched.context, [&longest] {
            const Running running{"starved"};
            const auto begun = steady_clock::now();
            timespec from{};
            timespec now{};
            ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
            do {
                ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
            } while (std::chrono::seconds{now.tv_sec - from.tv_sec} + std::chrono::nanoseconds{now.tv_nsec - from.tv_nsec} < 60ms);
            longest = std::max<std::chrono::nanoseconds>(longest, steady_clock::now() - begun);
        });
    }
    watched.context.run();
    done = true;
    for (auto& hog : hogs) {
        hog.join();
    }
    ::pthread_setaffinity_np(::pthread_self(), sizeof all, &all);
    EXPECT_THAT(watched.reports.what(), testing::IsEmpty());
    RecordProperty("longest_turn_ms", static_cast<int>(longest / 1ms));
    EXPECT_GT(longest, limit) << "the turns took longer than the limit, or the test proves nothing";
}

// How often the thread of that name gave up the processor by itself.
long voluntary_switches(const std::string& name) {
    for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::ifstream comm{task.path() / "comm"};
        std::string found;
        std::getline(comm, found);
        std::ifstream status{task.path() / "status"};
        for (std::string line; found == name && std::getline(status, line);) {
            if (line.starts_with("voluntary_ctxt_switches:")) {
                return std::stol(line.substr(line.find(':') + 1));
            }
        }
    }
    return -1;
}

TEST_F(WatchdogTest, an_idle_reactor_is_not_reported_and_nobody_is_woken) {
    Watched watched;
    const auto work = asio::make_work_guard(watched.context);
    asio::post(watched.context, [] { const Running running{"once"}; });
    watched.context.run_for(limit);  // the last looks at it
    // On a busy machine its last looks may come late.
    long woken = -1;
    for (int attempt = 0; attempt < 20 && woken != 0; ++attempt) {
        const long before = voluntary_switches("watchdog");
        ASSERT_GE(before, 0);
        const std::size_t heartbeats = watched.context.run_for(2 * limit);
        woken = voluntary_switches("watchdog") - before + static_cast<long>(heartbeats);
    }
    EXPECT_EQ(woken, 0);
    EXPECT_THAT(watched.reports.what(), testing::IsEmpty());
}

TEST_F(WatchdogTest, it_ends_promptly_asleep_awake_and_before_anything_ran) {
    const auto begun = steady_clock::now();
    for (int i = 0; i < 20; ++i) {
        asio::io_context context{1};
        const Watchdog asleep{context, 1h, [](const Watchdog::Report&) {}};
    }
    for (int i = 0; i < 20; ++i) {
        asio::io_context context{1};
        const Watchdog awake{context, 1h, [](const Watchdog::Report&) {}};
        const Running running{"something"};
    }
    EXPECT_LT(steady_clock::now() - begun, 20s) << "an eighth of an hour is its next look";
}

class WatchdogAction : public WatchdogTest {
protected:
    void TearDown() override { ::unsetenv("LASTACK_WATCHDOG"); }
    const Watchdog::Report report{.what = "a digest", .blocked_for = 250ms};
    static constexpr const char* line = "lastack: the reactor was blocked for 250 ms by a digest\n";
};

TEST_F(WatchdogAction, prints_a_line) {
    ::unsetenv("LASTACK_WATCHDOG");
    testing::internal::CaptureStderr();
    watchdog_action_from_environment()(report);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), line);
}

TEST_F(WatchdogAction, is_none_when_switched_off) {
    ::setenv("LASTACK_WATCHDOG", "off", 1);
    EXPECT_FALSE(watchdog_action_from_environment());
}

TEST_F(WatchdogAction, aborts_when_told_to) {
    ::setenv("LASTACK_WATCHDOG", "abort", 1);
    const auto action = watchdog_action_from_environment();
    EXPECT_DEATH(action(report), "the reactor was blocked for 250 ms by a digest");
}

}  // namespace
}  // namespace lastack::net
