#include "scratch_root.hpp"
#include "support/run_command.hpp"
#include "support/scripted_origin.hpp"
#include "support/tcp_states.hpp"
#include "support/test_ca.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace lastack::cli::test {
namespace {

using namespace std::chrono_literals;
using lastack::test::NginxTls;
using lastack::test::ScriptedOrigin;
using lastack::test::TcpState;
using lastack::test::TestCa;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Connects to itself, has the far side close, says so, and keeps its own side until standard input ends; exits with 7.
constexpr const char* leaver = R"(
import socket, sys
listening = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listening.getsockname())
listening.accept()[0].close()
print("half closed", flush=True)
sys.stdin.read()
sys.exit(7)
)";

// The same, but it notices the end and closes.
constexpr const char* closer = R"(
import socket, sys
listening = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listening.getsockname())
listening.accept()[0].close()
client.recv(1)
client.close()
print("closed", flush=True)
sys.stdin.read()
sys.exit(7)
)";

ProcessOptions lastack_command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), LASTACK_BUILD_DIR "/lastack");
    return {.arguments = std::move(arguments), .environment = {{"LC_ALL", "C.UTF-8"}}, .unset = {"LASTACK_DEBUG"}};
}

ProcessOptions with_open_input(ProcessOptions options) {
    options.stdin_is = ProcessOptions::Input::pipe;
    return options;
}

// Runs it until it has printed `word`, lets it be for longer than the limits below, and ends its input.
ProcessResult let_idle(const ProcessOptions& options, const std::string& word) {
    Process process(with_open_input(options));
    EXPECT_TRUE(process.wait_for_output(word)) << process.err();
    EXPECT_FALSE(process.wait_for_output("never printed", 600ms));
    process.close_input();
    return process.wait();
}

ProcessResult sockets(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "sockets");
    return lastack::test::run(lastack_command(std::move(arguments)));
}

// Fails when a line is no JSON object; the values of `key` in all that have it.
std::string json_values(const std::string& lines, const std::string& key) {
    constexpr const char* reader =
        "import json, sys\n"
        "for line in sys.argv[1].splitlines():\n"
        "    told = json.loads(line)\n"
        "    if sys.argv[2] in told: print(told[sys.argv[2]])\n";
    return lastack::test::must_run({"python3", "-c", reader, lines, key});
}

TEST(SocketsOfACommand, one_left_in_close_wait_fails_it_and_is_named) {
    const auto run = let_idle(lastack_command({"sockets", "--fail-after", "100", "--", "python3", "-c", leaver}), "half closed");
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, ContainsRegex("Error: python3\\[[0-9]+\\] 127.0.0.1:[0-9]+ -> 127.0.0.1:[0-9]+ was in CLOSE_WAIT for at least "
                                       "[0-9]{3,} ms, allowed are 100 ms"));
    EXPECT_EQ(run.out, "half closed\n");
}

TEST(SocketsOfACommand, one_that_is_closed_at_once_leaves_it_its_own_exit_status_and_says_nothing) {
    const auto run = let_idle(lastack_command({"sockets", "--fail-after", "300", "--", "python3", "-c", closer}), "closed");
    EXPECT_EQ(run.status, 7) << told(run);
    EXPECT_EQ(run.out, "closed\n");
    EXPECT_EQ(run.err, "");
}

TEST(SocketsOfACommand, a_limit_that_is_long_enough_passes) {
    const auto run = let_idle(lastack_command({"sockets", "--fail-after", "60000", "--", "python3", "-c", leaver}), "half closed");
    EXPECT_EQ(run.status, 7) << told(run);
    EXPECT_EQ(run.err, "");
}

TEST(SocketsOfACommand, a_libcurl_program_that_idles_is_found_and_lastack_is_not) {
    ScriptedOrigin origin;
    origin.serve_file("/file", "content");
    Process curl(with_open_input(
        lastack_command({"sockets", "--fail-after", "100", "--", LASTACK_BUILD_DIR "/tests/idle_curl", origin.url("/file")})));
    ASSERT_TRUE(curl.wait_for_output("got 200")) << curl.err();
    ASSERT_EQ(origin.close_idle(), 1);
    EXPECT_FALSE(curl.wait_for_output("never printed", 600ms));
    curl.close_input();
    const auto guilty = curl.wait();
    EXPECT_EQ(guilty.status, 1) << told(guilty);
    EXPECT_THAT(guilty.err,
                ContainsRegex("Error: idle_curl\\[[0-9]+\\] .* -> 127.0.0.1:" + std::to_string(origin.port()) + " was in CLOSE_WAIT"));

    const TempDirectory here;
    const auto lastack =
        sockets({"--fail-after", "100", "--", LASTACK_BUILD_DIR "/lastack", "-q", "get", "-d", here.path().string(), origin.url("/file")});
    EXPECT_EQ(lastack.status, 0) << told(lastack);
    EXPECT_EQ(lastack.err, "");
    EXPECT_EQ(here.read("file"), "content");
}

TEST(SocketsOfACommand, a_libcurl_program_that_idles_is_found_over_https_too) {
    TestCa ca;
    const auto files = ca.server();
    const NginxServer nginx(
        {.keepalive_timeout = "1s", .tls = NginxTls{.certificate = files.certificate, .key = files.key, .client_ca = {}}});
    nginx.publish("file", "content");
    Process curl(with_open_input(lastack_command(
        {"sockets", "--fail-after", "100", "--", LASTACK_BUILD_DIR "/tests/idle_curl", nginx.url("/file"), ca.certificate().string()})));
    ASSERT_TRUE(curl.wait_for_output("got 200")) << curl.err();
    EXPECT_FALSE(curl.wait_for_output("never printed", 2s));
    curl.close_input();
    const auto guilty = curl.wait();
    EXPECT_EQ(guilty.status, 1) << told(guilty);
    EXPECT_THAT(guilty.err,
                ContainsRegex("Error: idle_curl\\[[0-9]+\\] .* -> 127.0.0.1:" + std::to_string(nginx.port()) + " was in CLOSE_WAIT"));
}

TEST(SocketsOfACommand, its_descendants_are_watched_even_when_their_parent_has_ended) {
    // The grandchild's parent ends at once; the command itself has no socket.
    const std::vector<std::string> command{"sh", "-c", "(python3 -c \"$0\" <&3 & ) 3<&0; cat >/dev/null; exit 5", leaver};
    std::vector<std::string> arguments{"sockets", "--fail-after", "100", "--"};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto run = let_idle(lastack_command(arguments), "half closed");
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("Error: python3["));
}

TEST(SocketsOfACommand, a_descriptor_that_a_child_inherited_counts_when_its_parent_has_closed_it) {
    constexpr const char* forker = R"(
import os, socket, sys
listening = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listening.getsockname())
child = os.fork()
if child == 0:
    sys.stdin.read()
    os._exit(0)
client.close()
listening.accept()[0].close()
print("half closed by", child, flush=True)
os.waitpid(child, 0)
)";
    const auto run = let_idle(lastack_command({"sockets", "--fail-after", "100", "--", "python3", "-c", forker}), "half closed by");
    EXPECT_EQ(run.status, 1) << told(run);
    const auto child = run.out.substr(std::string("half closed by ").size(), run.out.find('\n') - std::string("half closed by ").size());
    EXPECT_THAT(run.err, HasSubstr("python3[" + child + "]"));
}

TEST(SocketsOfACommand, in_a_network_namespace_of_its_own_is_watched_too) {
    if (lastack::test::run_command({"unshare", "--net", "true"}).status != 0) {
        GTEST_SKIP() << "network namespaces are not permitted here";
    }
    const std::string with_loopback = std::string(R"(
import fcntl, socket, struct
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
)") + leaver;
    const auto run = let_idle(lastack_command({"sockets", "--fail-after", "100", "--", "unshare", "--net", "python3", "-c", with_loopback}),
                              "half closed");
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("Error: python3["));
}

TEST(SocketsOfACommand, without_a_limit_a_summary_is_told_and_nothing_fails) {
    const auto run = let_idle(lastack_command({"sockets", "--", "python3", "-c", leaver}), "half closed");
    EXPECT_EQ(run.status, 7) << told(run);
    EXPECT_THAT(run.err, HasSubstr("TCP sockets seen: "));
    EXPECT_THAT(run.err, ContainsRegex("In CLOSE_WAIT: 1, the longest for at least [0-9]+ ms: python3\\["));
    EXPECT_EQ(let_idle(lastack_command({"-q", "sockets", "--", "python3", "-c", leaver}), "half closed").err, "");
}

TEST(SocketsOfACommand, are_told_as_json_on_standard_error) {
    const auto run = let_idle(lastack_command({"sockets", "--json", "--fail-after", "100", "--", "python3", "-c", leaver}), "half closed");
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_EQ(json_values(run.err, "event"), "overdue\nsummary\n");
    EXPECT_EQ(json_values(run.err, "status"), "1\n");
    EXPECT_EQ(json_values(run.err, "program"), "python3\n");
    EXPECT_EQ(run.out, "half closed\n");
}

TEST(SocketsOfACommand, its_exit_status_is_what_a_shell_would_give) {
    const TempDirectory here;
    const std::vector<std::pair<std::vector<std::string>, int>> table{
        {{"true"}, 0},
        {{"sh", "-c", "exit 3"}, 3},
        {{"sh", "-c", "kill -KILL $$"}, 128 + SIGKILL},
        {{"sh", "-c", "kill -PIPE $$; exit 0"}, 128 + SIGPIPE},  // not ignored
        {{"no-such-program-anywhere"}, 127},
        {{here.write("not-executable", "#!/bin/sh\n").string()}, 126},
    };
    for (const auto& [command, status] : table) {
        std::vector<std::string> arguments{"--fail-after", "100", "--"};
        arguments.insert(arguments.end(), command.begin(), command.end());
        const auto run = sockets(arguments);
        EXPECT_EQ(run.status, status) << testing::PrintToString(command) << told(run);
        if (status == 126 || status == 127) {
            EXPECT_THAT(run.err, HasSubstr("cannot run " + command.front()));
        }
    }
}

TEST(SocketsOfACommand, it_runs_with_the_signal_mask_and_the_descriptors_of_one_called_directly) {
    const std::vector<std::string> look{"sh", "-c", "grep -E '^Sig(Blk|Ign):' /proc/self/status; ls /proc/self/fd"};
    auto arguments = std::vector<std::string>{"-q", "sockets", "--"};
    arguments.insert(arguments.end(), look.begin(), look.end());
    const auto watched = lastack::test::run(lastack_command(arguments));
    EXPECT_EQ(watched.status, 0) << told(watched);
    EXPECT_THAT(watched.out, HasSubstr("SigBlk:\t0000000000000000\n"));
    EXPECT_EQ(watched.out, lastack::test::run(ProcessOptions{.arguments = look}).out);
}

// A python that stands half closed until the test ends.
struct StandingLeaver {
    StandingLeaver() { EXPECT_TRUE(process.wait_for_output("half closed")) << process.err(); }
    [[nodiscard]] std::string pid() const { return std::to_string(process.pid()); }

    Process process{with_open_input({.arguments = {"python3", "-c", leaver}})};
};

TEST(SocketsOfProcesses, are_shown_and_what_is_half_closed_is_marked) {
    const StandingLeaver standing;
    const auto run = sockets({"--pid", standing.pid()});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, ContainsRegex("CLOSE_WAIT +1 +0 +127.0.0.1:[0-9]+ +127.0.0.1:[0-9]+ .* python3\\[" + standing.pid() +
                                       "\\]\n  half closed: the peer has closed, this side has not\n"));
    EXPECT_THAT(run.out, HasSubstr("LISTEN"));
    EXPECT_EQ(sockets({"--name", "python3"}).status, 0);
    EXPECT_THAT(sockets({"--name", "python3"}).out, HasSubstr("python3[" + standing.pid() + "]"));
    EXPECT_THAT(sockets({"--all"}).out, HasSubstr("python3[" + standing.pid() + "]"));
    EXPECT_THAT(sockets({}).out, Not(HasSubstr("python3[" + standing.pid() + "]")));
}

TEST(SocketsOfProcesses, are_told_as_json) {
    const StandingLeaver standing;
    const auto run = sockets({"--json", "--pid", standing.pid()});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(json_values(run.out, "pid"), standing.pid() + "\n" + standing.pid() + "\n");
    EXPECT_THAT(json_values(run.out, "half_closed"), HasSubstr("peer\n"));
    EXPECT_THAT(json_values(sockets({"--json", "--all"}).out, "inode"), Not(IsEmpty()));
}

TEST(SocketsOfProcesses, that_stay_in_close_wait_fail_the_check) {
    const StandingLeaver standing;
    const auto guilty = sockets({"--pid", standing.pid(), "--fail-after", "50"});
    EXPECT_EQ(guilty.status, 1) << told(guilty);
    EXPECT_THAT(guilty.err, HasSubstr("python3[" + standing.pid() + "]"));
    const auto watched = sockets({"--pid", standing.pid(), "--watch", "--fail-after", "50"});
    EXPECT_EQ(watched.status, 1) << told(watched);

    const ScriptedOrigin clean;
    EXPECT_EQ(sockets({"--pid", std::to_string(::getpid()), "--fail-after", "50"}).status, 0);
}

TEST(SocketsOfProcesses, are_watched_until_interrupted) {
    StandingLeaver standing;
    Process watch(lastack_command({"sockets", "--watch", "--pid", standing.pid()}));
    EXPECT_TRUE(watch.wait_for_match("\\[0\\.[0-9]{3}\\] seen CLOSE_WAIT python3\\[" + standing.pid() + "\\]")) << watch.out();
    watch.signal(SIGINT);
    const auto run = watch.wait();
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(run.err, "");
}

TEST(SocketsOfProcesses, watching_ends_with_the_processes_that_were_named) {
    StandingLeaver standing;
    Process watch(lastack_command({"sockets", "--watch", "--json", "--pid", standing.pid()}));
    ASSERT_TRUE(watch.wait_for_output("CLOSE_WAIT")) << watch.out();
    standing.process.close_input();
    EXPECT_EQ(standing.process.wait().status, 7);
    const auto run = watch.wait();
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(json_values(run.out, "event"), HasSubstr("gone\n"));
}

TEST(SocketsOfProcesses, are_redrawn_on_a_terminal) {
    const StandingLeaver standing;
    auto options = lastack_command({"sockets", "--watch", "--pid", standing.pid()});
    options.stdin_is = ProcessOptions::Input::terminal;
    Process watch(options);
    EXPECT_TRUE(watch.wait_for_output("half closed: the peer has closed")) << watch.out();
    EXPECT_TRUE(watch.wait_for_output("\x1b[")) << watch.out();
    EXPECT_TRUE(watch.wait_for_match("CLOSE_WAIT .* >[0-9]+(ms|\\.[0-9]s)")) << watch.out();
    watch.write("\x03");
    EXPECT_EQ(watch.wait().status, 0);
}

TEST(SocketsOfProcesses, that_are_not_there_are_told_in_a_sentence) {
    const auto unnamed = sockets({"--name", "no-such-program"});
    EXPECT_EQ(unnamed.status, 0);
    EXPECT_EQ(unnamed.out, "No process named no-such-program is running.\n");
    const auto unnumbered = sockets({"--pid", "2147483647"});
    EXPECT_EQ(unnumbered.status, 1);
    EXPECT_EQ(unnumbered.err, "Error: there is no process 2147483647\n");
    Process quiet(with_open_input({.arguments = {"cat"}}));
    EXPECT_EQ(sockets({"--pid", std::to_string(quiet.pid())}).out, "No TCP socket is open.\n");
}

TEST(SocketsOfProcesses, need_no_configuration) {
    const ScratchRoot root;
    root.write_main_configuration("timeout=never\n[");
    EXPECT_EQ(root.lastack({"sockets", "--all"}).status, 0);
    EXPECT_EQ(root.lastack({"-c", "/nonexistent", "sockets", "--", "true"}).status, 0);
}

}  // namespace
}  // namespace lastack::cli::test
