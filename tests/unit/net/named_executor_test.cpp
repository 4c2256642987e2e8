#include "net/named_executor.hpp"

#include "net/task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace lastack::net {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::Eq;
using testing::SizeIs;

class NamedExecutorTest : public testing::Test {
protected:
    void SetUp() override {
        if (!labels_are_kept) {
            GTEST_SKIP() << "a release build keeps no labels";
        }
        turn_of_this_thread = &turn;
    }
    void TearDown() override { turn_of_this_thread = nullptr; }

    [[nodiscard]] std::string now_running() const { return turn.label() == nullptr ? "nothing" : turn.label(); }
    void note() { seen.push_back(now_running()); }

    template <typename Token>
    void spawn(Label name, Task<void> task, Token token) {
        asio::co_spawn(named(context.get_executor(), name), std::move(task), token);
    }

    Turn turn;
    asio::io_context context{1};
    std::vector<std::string> seen;
};

TEST_F(NamedExecutorTest, every_resume_of_a_task_carries_its_name) {
    spawn(
        "the task",
        [](asio::io_context& on, auto note) -> Task<void> {
            note();
            co_await asio::post(asio::use_awaitable);
            note();
            asio::steady_timer timer{on, 1ms};  // an object of the context itself, not of the named executor
            co_await timer.async_wait(asio::use_awaitable);
            note();
            co_await [](auto inner_note) -> Task<void> {
                inner_note();
                co_await asio::post(asio::use_awaitable);
                inner_note();
            }(note);
            note();
        }(context, [this] { note(); }),
        [this](std::exception_ptr) { note(); });
    context.run();
    EXPECT_THAT(seen, SizeIs(7));
    EXPECT_THAT(seen, Each(Eq("the task")));
    EXPECT_EQ(now_running(), "nothing");
}

TEST_F(NamedExecutorTest, tasks_that_take_turns_are_told_apart) {
    const auto alternating = [](auto note) -> Task<void> {
        for (int i = 0; i < 3; ++i) {
            note();
            co_await asio::post(asio::use_awaitable);
        }
    };
    std::vector<std::string> first;
    std::vector<std::string> second;
    spawn("first", alternating([&] { first.push_back(now_running()); }), [](std::exception_ptr) {});
    spawn("second", alternating([&] { second.push_back(now_running()); }), [](std::exception_ptr) {});
    context.run();
    EXPECT_THAT(first, testing::AllOf(SizeIs(3), Each(Eq("first"))));
    EXPECT_THAT(second, testing::AllOf(SizeIs(3), Each(Eq("second"))));
}

TEST_F(NamedExecutorTest, a_task_that_is_cancelled_ends_with_its_name) {
    asio::cancellation_signal signal;
    bool cancelled = false;
    spawn(
        "patient",
        [](asio::io_context& on, bool& was_cancelled, auto note) -> Task<void> {
            co_await asio::this_coro::throw_if_cancelled(false);
            asio::steady_timer timer{on, 1h};
            const auto [code] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            was_cancelled = code == asio::error::operation_aborted && co_await is_cancelled();
            note();
        }(context, cancelled, [this] { note(); }),
        asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr) { note(); }));
    asio::post(context, [&] { signal.emit(asio::cancellation_type::terminal); });
    context.run();
    EXPECT_TRUE(cancelled);
    EXPECT_THAT(seen, testing::ElementsAre("patient", "patient"));
}

TEST_F(NamedExecutorTest, both_branches_of_a_race_carry_the_name_and_the_loser_is_cancelled) {
    using namespace asio::experimental::awaitable_operators;
    spawn(
        "race",
        [](asio::io_context& on, auto note) -> Task<void> {
            asio::steady_timer soon{on, 1ms};
            asio::steady_timer never{on, 1h};
            co_await (soon.async_wait(asio::use_awaitable) || never.async_wait(asio::use_awaitable));
            note();
        }(context, [this] { note(); }),
        [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
    context.run();
    EXPECT_THAT(seen, testing::ElementsAre("race"));
}

TEST_F(NamedExecutorTest, handlers_of_objects_made_with_it_carry_the_name) {
    asio::steady_timer timer{named(context.get_executor(), "a timer"), 1ms};
    timer.async_wait([this](const boost::system::error_code&) { note(); });
    context.run();
    EXPECT_THAT(seen, testing::ElementsAre("a timer"));
}

TEST_F(NamedExecutorTest, what_runs_inside_another_names_itself_and_gives_the_name_back) {
    asio::post(context, [this] {
        const Running outer{"outer"};
        note();
        {
            const Running inner{"inner"};
            note();
        }
        note();
    });
    context.run();
    EXPECT_THAT(seen, testing::ElementsAre("outer", "inner", "outer"));
}

TEST_F(NamedExecutorTest, it_is_equal_to_itself_and_to_no_other_name) {
    const asio::any_io_executor plain = context.get_executor();
    const Label name = "a";
    EXPECT_EQ(&named(plain, name).context(), &plain.context());
    EXPECT_TRUE(named(plain, name) == named(plain, name));
    EXPECT_TRUE(named(plain, name) != named(plain, "b"));
    EXPECT_TRUE(named(plain, name) != plain);
    EXPECT_TRUE(named(named(plain, "b"), name) == named(plain, name)) << "a second name takes the place of the first";
}

TEST_F(NamedExecutorTest, a_waiting_task_keeps_the_context_from_running_out_of_work) {
    {
        const auto work = asio::prefer(named(context.get_executor(), "work"), asio::execution::outstanding_work.tracked);
        EXPECT_EQ(context.run_for(1ms), 0u);
        EXPECT_FALSE(context.stopped());
    }
    context.run_for(20s);
    EXPECT_TRUE(context.stopped());
}

TEST_F(NamedExecutorTest, a_turn_is_from_the_outermost_name_to_its_end) {
    const auto before = turn.number();
    {
        const Running outer{"outer"};
        EXPECT_EQ(turn.number(), before + 1);
        const Running inner{"inner"};
        EXPECT_EQ(turn.number(), before + 1);
    }
    EXPECT_EQ(turn.number(), before + 2);
}

}  // namespace
}  // namespace lastack::net
