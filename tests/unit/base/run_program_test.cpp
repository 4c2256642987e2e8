#include "base/run_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace lastack {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

ProgramCall shell(const std::string& script) { return {.program = "/bin/sh", .arguments = {"-c", script}}; }

TEST(RunProgram, gives_the_inputs_as_files_and_brings_the_output_and_the_status_back) {
    auto call = shell("cat " + input_path(1) + " " + input_path(0) + "; exit 3");
    call.inputs = {"second", "first "};
    const auto end = run_program(call);
    ASSERT_TRUE(end) << end.error().cause;
    EXPECT_EQ(end->output, "first second");
    EXPECT_EQ(end->exit_status, 3);
}

TEST(RunProgram, gives_nothing_else_of_ours) {
    ::setenv("LASTACK_SECRET", "canary", 1);
    const auto end = run_program(shell("export -p; ls /proc/self/fd"));
    ASSERT_TRUE(end) << end.error().cause;
    EXPECT_THAT(end->output, testing::Not(HasSubstr("canary")));
    EXPECT_THAT(end->output, HasSubstr("LC_ALL"));
    EXPECT_THAT(end->output, testing::EndsWith("\n0\n1\n2\n3\n")) << "3 is the directory that ls reads";
}

TEST(RunProgram, kills_a_program_that_takes_too_long) {
    auto call = shell("exec sleep 600");
    call.time_limit = milliseconds{50};
    const auto end = run_program(call);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, Errc::timed_out);
}

TEST(RunProgram, kills_a_program_that_closed_its_output_and_stays) {
    auto call = shell("exec >&-; exec sleep 600");
    call.time_limit = milliseconds{100};
    const auto end = run_program(call);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, Errc::timed_out);
}

TEST(RunProgram, kills_a_program_that_prints_without_end) {
    auto call = shell("exec yes");
    call.output_limit = 10'000;
    const auto end = run_program(call);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, Errc::io_failed);
    EXPECT_THAT(end.error().cause, HasSubstr("without end"));
}

TEST(RunProgram, ends_at_once_when_it_is_to_stop) {
    std::stop_source source;
    std::jthread stopper([&source] { source.request_stop(); });
    const auto begin = std::chrono::steady_clock::now();
    const auto end = run_program(shell("exec sleep 600"), source.get_token());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, Errc::cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{20});
}

TEST(RunProgram, says_that_there_is_no_such_program) {
    const auto end = run_program({.program = "/nonexistent/gpgv"});
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, Errc::not_found);
    EXPECT_THAT(end.error().cause, HasSubstr("/nonexistent/gpgv"));
}

TEST(RunProgram, tells_the_signal_that_ended_it) {
    const auto end = run_program(shell("kill -9 $$"));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->exit_status, -9);
}

}  // namespace
}  // namespace lastack
