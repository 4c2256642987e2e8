// Signals while `lastack sockets -- COMMAND` runs: each reaches COMMAND once, whether it came to lastack alone or to the whole group.
#include "support/process.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <poll.h>
#include <string>

namespace lastack::cli::test {
namespace {

using namespace std::chrono_literals;
using lastack::test::Process;
using lastack::test::ProcessOptions;
using lastack::test::ProcessResult;
using lastack::test::TempDirectory;

// Tells each signal that asks it to end, and ends when its file is there (or its time is over).
constexpr const char* obedient = R"(
import os, signal, sys, time
def tell(number, _):
    print("got", signal.Signals(number).name, flush=True)
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, tell)
print("ready", os.getpid(), flush=True)
until = time.monotonic() + 20
while not os.path.exists(sys.argv[1]) and time.monotonic() < until:
    time.sleep(0.01)
sys.exit(9)
)";

class SignalsOfACommand : public testing::Test {
protected:
    [[nodiscard]] static ProcessOptions watched(std::vector<std::string> command) {
        const std::vector<std::string> watcher{LASTACK_BUILD_DIR "/lastack", "sockets", "--fail-after", "100", "--"};
        command.insert(command.begin(), watcher.begin(), watcher.end());
        return {.arguments = std::move(command), .environment = {{"LC_ALL", "C.UTF-8"}}, .unset = {"LASTACK_DEBUG"}};
    }
    [[nodiscard]] ProcessOptions command() const { return watched({"python3", "-c", obedient, (here / "end").string()}); }
    [[nodiscard]] ProcessOptions at_terminal() const {
        auto options = command();
        options.stdin_is = ProcessOptions::Input::terminal;
        return options;
    }
    // It decides itself how it ends.
    ProcessResult end(Process& process) const {
        here.write("end", "");
        auto run = process.wait();
        EXPECT_EQ(run.status, 9) << run.out << run.err;
        return run;
    }
    static std::size_t count_of(const std::string& text, const std::string& word) {
        std::size_t count = 0;
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
            ++count;
        }
        return count;
    }

    TempDirectory here;
};

TEST_F(SignalsOfACommand, that_came_to_lastack_alone_are_passed_on_as_they_are) {
    Process process(command());
    ASSERT_TRUE(process.wait_for_output("ready")) << process.err();
    for (const auto& [number, name] : {std::pair{SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}, {SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}}) {
        process.signal(number);
        EXPECT_TRUE(process.wait_for_output(std::string("got ") + name)) << process.out();
    }
    EXPECT_EQ(count_of(end(process).out, "got "), 4U);
}

TEST_F(SignalsOfACommand, that_came_to_lastack_alone_are_passed_on_in_the_foreground_of_a_terminal_too) {
    Process process(at_terminal());
    ASSERT_TRUE(process.wait_for_output("ready")) << process.out();
    process.signal(SIGHUP);
    EXPECT_TRUE(process.wait_for_output("got SIGHUP")) << process.out();
    EXPECT_EQ(count_of(end(process).out, "got "), 1U);
}

TEST_F(SignalsOfACommand, that_a_terminal_sends_reach_it_once) {
    Process process(at_terminal());
    ASSERT_TRUE(process.wait_for_output("ready")) << process.out();
    process.write("\x03");
    EXPECT_TRUE(process.wait_for_output("got SIGINT")) << process.out();
    EXPECT_FALSE(process.wait_for_output("got ", 300ms)) << process.out();
    end(process);
}

// 'T' while it is stopped.
bool wait_for_state(pid_t pid, char wanted) {
    const auto until = Clock::now() + 10s;
    while (Clock::now() < until) {
        std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
        std::string text;
        std::getline(in, text);
        if (const auto name_end = text.rfind(") "); name_end != std::string::npos && text[name_end + 2] == wanted) {
            return true;
        }
        ::poll(nullptr, 0, 1);
    }
    return false;
}

TEST_F(SignalsOfACommand, that_stop_the_group_stop_both_and_fail_nothing) {
    Process process(command());
    ASSERT_TRUE(process.wait_for_match("ready [0-9]+\n")) << process.err();
    const pid_t child = std::stoi(process.out().substr(std::string("ready ").size()));
    process.signal_group(SIGTSTP);
    EXPECT_TRUE(wait_for_state(process.pid(), 'T'));
    EXPECT_TRUE(wait_for_state(child, 'T'));
    process.signal_group(SIGCONT);
    EXPECT_EQ(end(process).err, "");
}

TEST_F(SignalsOfACommand, of_a_terminal_that_hangs_up_reach_it_although_only_the_leader_of_the_session_gets_them) {
    // Leaves the terminal of `lastack`, its session's leader, once the command is ready; the command writes what it got to a file.
    constexpr const char* hang_up = R"(
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"ready" not in said:
    said += os.read(terminal, 100)
os.close(terminal)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
)";
    constexpr const char* told_by_file =
        R"(trap 'echo hangup >"$0"; exit 9' HUP; echo ready; i=0; while [ $i -lt 1000 ]; do sleep 0.01; i=$((i+1)); done)";
    std::vector<std::string> arguments{"python3", "-c", hang_up};
    const auto program = watched({"sh", "-c", told_by_file, (here / "told").string()});
    arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
    const auto run = lastack::test::run(arguments);
    EXPECT_EQ(run.status, 9) << run.out << run.err;
    EXPECT_EQ(here.read("told"), "hangup\n");
}

}  // namespace
}  // namespace lastack::cli::test
