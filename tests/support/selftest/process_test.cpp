#include "support/process.hpp"

#include "support/listening_socket.hpp"
#include "support/tcp_states.hpp"
#include "support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <system_error>
#include <thread>

namespace lastack::test {
namespace {

using namespace std::chrono_literals;
using Input = ProcessOptions::Input;

ProcessOptions shell(std::string script, Input input = Input::null, std::string text = {}) {
    return {.arguments = {"/bin/sh", "-c", std::move(script)}, .stdin_is = input, .input = std::move(text)};
}

TEST(Process, captures_output_error_and_status_apart) {
    const auto result = run(shell("echo out; echo err >&2; exit 3"));
    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
    EXPECT_EQ(result.status, 3);
}

TEST(Process, keeps_the_last_words_of_a_program_whose_end_was_seen_by_running) {
    Process process(shell("echo out; echo err >&2; exit 3"));
    while (process.running()) {
        std::this_thread::yield();
    }
    const auto result = process.wait();
    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
}

TEST(Process, feeds_text_that_is_larger_than_a_pipe) {
    const std::string text(300'000, 'a');
    EXPECT_EQ(run(shell("cat", Input::text, text)).out, text);
}

TEST(Process, survives_a_program_that_reads_nothing) { EXPECT_EQ(run(shell("exit 0", Input::text, std::string(300'000, 'a'))).status, 0); }

TEST(Process, can_leave_standard_input_closed) {
    const auto open = run(shell("test -e /proc/self/fd/0 && echo open || echo closed", Input::null));
    EXPECT_EQ(open.out, "open\n");
    EXPECT_NE(run(shell("/bin/cat", Input::closed)).status, 0);
}

TEST(Process, sets_and_unsets_the_environment) {
    auto options = shell("echo $GIVEN-$HOME");
    options.environment = {{"GIVEN", "yes"}};
    options.unset = {"HOME"};
    EXPECT_EQ(run(options).out, "yes-\n");
}

TEST(Process, is_killed_at_its_deadline) {
    const auto result = run(shell("exec sleep 1000"), 50ms);
    EXPECT_TRUE(result.timed_out);
    EXPECT_EQ(result.signal, SIGKILL);
}

TEST(Process, tells_the_signal_that_ended_it) {
    Process process(shell("echo ready; exec sleep 1000"));
    ASSERT_TRUE(process.wait_for_output("ready"));
    EXPECT_TRUE(process.running());
    process.signal(SIGTERM);
    const auto result = process.wait();
    EXPECT_EQ(result.signal, SIGTERM);
    EXPECT_FALSE(result.timed_out);
}

TEST(Process, answers_a_prompt_at_a_terminal) {
    Process process(shell("test -t 0 && test -t 1 && test -t 2 || exit 9; printf 'Is this ok [y/N]: '; read answer; echo got:$answer",
                          Input::terminal));
    ASSERT_TRUE(process.answer("[y/N]: ", "y\n"));
    EXPECT_TRUE(process.wait_for_match("got:y\\s"));
    EXPECT_EQ(process.wait().status, 0);
}

TEST(Process, its_terminal_delivers_interrupts) {
    Process process(shell("trap 'echo interrupted; exit 4' INT; echo ready; while :; do read line; done", Input::terminal));
    ASSERT_TRUE(process.wait_for_output("ready"));
    process.write("\x03");
    EXPECT_EQ(process.wait().status, 4);
    EXPECT_NE(process.out().find("interrupted"), std::string::npos);
}

TEST(Process, waits_for_output_only_as_long_as_told) {
    Process process(shell("exec sleep 1000"));
    EXPECT_FALSE(process.wait_for_output("never", 20ms));
    Process ended(shell("echo other"));
    EXPECT_FALSE(ended.wait_for_output("never"));
}

TEST(Process, inherits_only_what_it_is_told_to_keep) {
    const auto listener = listen_on("127.0.0.1");
    const auto other = listen_on("127.0.0.1");
    auto options = shell("echo ready; read line", Input::pipe);
    options.keep = {listener.get()};
    Process process(options);
    ASSERT_TRUE(process.wait_for_output("ready"));
    const auto sockets = tcp_sockets(process.pid());
    ASSERT_EQ(sockets.size(), 1u) << describe(sockets);
    EXPECT_EQ(sockets[0].state, TcpState::listen);
    EXPECT_EQ(sockets[0].local_port, local_port(listener.get()));
    process.close_input();
    EXPECT_TRUE(process.wait().status);
}

TEST(Process, that_does_not_exist_is_an_exception) { EXPECT_THROW((void)run({"/nonexistent/program"}), std::system_error); }

TEST(TempDirectory, is_removed_with_all_it_holds) {
    std::filesystem::path path;
    {
        const TempDirectory directory;
        path = directory.path();
        directory.write("a/b/c", "text");
        EXPECT_EQ(directory.read("a/b/c"), "text");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace lastack::test
