// A client in a process of its own: what becomes of its connections when the process is stopped, forks, or is killed. The numbers are
// those of the scenarios in docs/design/connections.md.
#include "client_fixture.hpp"
#include "support/polling.hpp"
#include "support/process.hpp"

#include <csignal>
#include <fstream>

namespace lastack::test {
namespace {

constexpr auto kSoon = 1s;

class RemoteClient : public ::testing::Test {
protected:
    RemoteClient() {
        origin.on("/f", Reply{.body = "body"});
        origin.on("/wait", Reply{.body = "body", .before = {WaitUntil{"go"}}});
    }
    void SetUp() override { ASSERT_TRUE(program.wait_for_output("ready\n")) << program.err(); }

    void command(const std::string& line) { program.write(line + "\n"); }
    void keep_idle(int count) {
        command("fetch " + std::to_string(count) + " " + origin.url("/wait"));
        ASSERT_TRUE(origin.wait_at("go", count));
        origin.open("go");
        ASSERT_TRUE(program.wait_for_output("fetched " + std::to_string(count) + "\n")) << program.err();
        ASSERT_EQ(origin.open_connections(), count);
    }
    // The process that `line` starts; it ends with the program's group.
    pid_t child_of(const std::string& line) {
        const auto before = program.out().size();
        command(line);
        EXPECT_TRUE(program.wait_for_match("child [0-9]+\n")) << program.err();
        return std::stoi(program.out().substr(program.out().find("child ", before) + 6));
    }
    void expect_fetched() {
        command("fetch 1 " + origin.url("/f"));
        EXPECT_TRUE(program.wait_for_output("fetched 1\n")) << program.out() << program.err();
    }
    void expect_fin_at_once() {
        const auto begin = Clock::now();
        ASSERT_TRUE(origin.wait_until_all_closed());
        EXPECT_LE(Clock::now() - begin, kSoon);
        for (const auto& connection : origin.record().connections) {
            EXPECT_TRUE(connection.peer_fin) << "a FIN was due";
        }
    }
    void stop_program() {
        program.signal(SIGSTOP);
        ASSERT_TRUE(becomes_true([&] { return state_of(program.pid()) == 'T'; }));
    }

    static std::string first_line(pid_t pid, const std::string& file) {
        std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
        std::string line;
        std::getline(in, line);
        return line;
    }
    static char state_of(pid_t pid) {
        const auto stat = first_line(pid, "stat");
        // The name in parentheses may hold anything.
        const auto end = stat.rfind(") ");
        return end == std::string::npos ? '?' : stat[end + 2];
    }
    static int sockets_held_by(pid_t pid) {
        int count = 0;
        for (const auto& each : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
            std::error_code vanished;  // a program that starts opens and closes its libraries
            count += std::filesystem::read_symlink(each.path(), vanished).string().starts_with("socket:") ? 1 : 0;
        }
        return count;
    }

    ScriptedOrigin origin;
    Process program{{.arguments = {LASTACK_REMOTE_CLIENT}, .stdin_is = ProcessOptions::Input::pipe}};
};

// 68: only the kernel answers meanwhile, and the connections stay in CLOSE_WAIT.
TEST_F(RemoteClient, that_was_stopped_while_servers_closed_is_rid_of_all_dead_connections_at_once) {
    constexpr int count = 20;
    keep_idle(count);
    stop_program();
    ASSERT_EQ(origin.close_idle(), count);
    ASSERT_TRUE(becomes_true([&] { return count_in(tcp_sockets(program.pid()), TcpState::close_wait) == count; }));
    const auto begin = Clock::now();
    program.signal(SIGCONT);
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_LE(Clock::now() - begin, kSoon);
    EXPECT_TRUE(tcp_sockets(program.pid()).empty());
    expect_fetched();
    EXPECT_EQ(origin.requests().size(), count + 1u) << "no request met a dead connection";
}

// 68: the requests lie ready when the process goes on, beside the FINs and RSTs.
TEST_F(RemoteClient, that_goes_on_with_work_and_dead_connections_at_once_loses_no_request) {
    constexpr int count = 20;
    keep_idle(count);
    stop_program();
    command("fetch 20 " + origin.url("/f"));
    ASSERT_EQ(origin.reset_idle(), count);
    ASSERT_TRUE(becomes_true([&] { return count_in(tcp_sockets(program.pid()), TcpState::established) == 0; }));
    program.signal(SIGCONT);
    EXPECT_TRUE(program.wait_for_output("fetched 20\n")) << program.out() << program.err();
}

// 69
TEST_F(RemoteClient, that_started_a_program_closes_without_it) {
    keep_idle(3);
    const auto child = child_of("exec sleep 60");
    ASSERT_TRUE(becomes_true([&] { return first_line(child, "comm") == "sleep"; })) << "until exec it holds all that the client does";
    EXPECT_EQ(sockets_held_by(child), 0);
    command("close");
    expect_fin_at_once();
    EXPECT_NE(state_of(child), '?') << "it runs on";
}

// 70: the child holds a duplicate of every descriptor, so that close(2) alone would tell the server nothing.
TEST_F(RemoteClient, that_forked_closes_though_the_child_holds_its_sockets) {
    keep_idle(3);
    const auto child = child_of("fork");
    const auto held = tcp_sockets(child);
    ASSERT_EQ(held.size(), 3u) << describe(held);
    command("close");
    expect_fin_at_once();
}

// 70: the server closes first, and waits for our FIN.
TEST_F(RemoteClient, that_forked_answers_the_servers_fin_though_the_child_holds_its_sockets) {
    keep_idle(3);
    const auto child = child_of("fork");
    const auto held = tcp_sockets(child);
    ASSERT_EQ(held.size(), 3u) << describe(held);
    ASSERT_EQ(origin.close_idle(), 3);
    expect_fin_at_once();
    expect_fetched();
}

// 77
TEST_F(RemoteClient, that_is_killed_leaves_no_connection_to_the_program_it_started) {
    keep_idle(3);
    const auto child = child_of("exec sleep 60");
    ASSERT_TRUE(becomes_true([&] { return first_line(child, "comm") == "sleep"; })) << "until exec it holds all that the client does";
    program.signal(SIGKILL);
    expect_fin_at_once();
    EXPECT_NE(state_of(child), '?') << "it runs on";
}

}  // namespace
}  // namespace lastack::test
