// Ctrl-Z (67): no socket is left open in a process that is stopped, and a download goes on where it was.
#include "scratch_root.hpp"
#include "support/scripted_origin.hpp"
#include "support/static_file.hpp"
#include "support/tcp_states.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <poll.h>

namespace lastack::cli::test {
namespace {

using namespace std::chrono_literals;
using lastack::test::Record;
using lastack::test::Reply;
using lastack::test::ScriptedOrigin;
using lastack::test::SeenRequest;
using lastack::test::Throttle;
using lastack::test::When;
using testing::MatchesRegex;

// The design's bound is 50 ms; this one leaves room for a machine with other work. What was measured is recorded.
constexpr auto kSoon = 500ms;

// 'T' while it is stopped.
char state_of(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(in, text);
    const auto name_end = text.rfind(") ");
    return name_end == std::string::npos ? '?' : text[name_end + 2];
}

bool wait_until(const std::function<bool()>& holds, std::chrono::milliseconds patience = 10s) {
    const auto until = Clock::now() + patience;
    while (!holds()) {
        if (Clock::now() >= until) {
            return false;
        }
        ::poll(nullptr, 0, 1);
    }
    return true;
}

std::string content_of(std::size_t size) {
    std::string content;
    for (std::uint32_t i = 0; content.size() < size; ++i) {
        content += std::to_string(i * 2654435761u) + "/";
    }
    content.resize(size);
    return content;
}

// A process that a test stops is in no orphaned group: its parent is this program, in the same session.
class Pause : public testing::Test {
protected:
    ProcessOptions get(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "get");
        auto options = root.command(arguments);
        options.directory = here.path().string();
        return options;
    }

    // Stops it in the middle of its work; returns how long its last connection to `origin` stood after the signal.
    void stop(Process& process, const char* property) {
        const auto connections = origin.record().connections.size();
        const auto signalled = Clock::now();
        process.signal(SIGTSTP);
        ASSERT_TRUE(wait_until([&] { return state_of(process.pid()) == 'T'; })) << state_of(process.pid()) << process.err();
        const auto sockets = lastack::test::tcp_sockets(process.pid());
        EXPECT_TRUE(sockets.empty()) << lastack::test::describe(sockets);
        ASSERT_TRUE(origin.wait_for([connections](const Record& record) {
            return std::ranges::all_of(record.connections, [](const auto& c) { return c.peer_closed().has_value(); }) &&
                   record.connections.size() == connections;
        }));
        Duration longest{};
        for (const auto& connection : origin.record().connections) {
            EXPECT_TRUE(connection.peer_fin.has_value()) << "a FIN, not only a RST, for connection " << connection.number;
            longest = std::max<Duration>(longest, *connection.peer_closed() - signalled);
        }
        const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(longest).count();
        RecordProperty(property, std::to_string(microseconds));
        GTEST_LOG_(INFO) << property << ": " << microseconds << " us from SIGTSTP to the FIN";
        EXPECT_LT(longest, kSoon);
    }
    // It stays stopped and silent.
    void expect_stopped(Process& process) {
        const auto accepted = origin.accepted();
        ::poll(nullptr, 0, 200);
        EXPECT_EQ(state_of(process.pid()), 'T');
        EXPECT_EQ(origin.accepted(), accepted);
    }
    // Serves it slowly the first `slow` times and at once afterwards.
    void serve_slowly(const std::string& path, const std::string& content, int slow) {
        origin.on(When{.path = path}, [this, content, slow](const SeenRequest& request) {
            auto reply = lastack::test::answer_for_file(request, content, {.etag = "\"v1\""});
            if (++asked <= slow) {
                reply.before = {Throttle{200'000}};
            }
            return reply;
        });
    }
    [[nodiscard]] std::vector<std::string> ranges_of(const std::string& path) const {
        std::vector<std::string> found;
        for (const auto& request : origin.requests()) {
            if (request.path() == path) {
                found.emplace_back(request.header("Range"));
            }
        }
        return found;
    }
    void wait_for_bytes(int connection, std::uint64_t bytes) const {
        ASSERT_TRUE(origin.wait_for([=](const Record& record) {
            return record.connections.size() >= static_cast<std::size_t>(connection) &&
                   record.connections[static_cast<std::size_t>(connection) - 1].sent > bytes;
        }));
    }

    ScratchRoot root;
    TempDirectory here;
    int asked = 0;  // on the origin's thread
    ScriptedOrigin origin;
};

constexpr std::size_t kSize = 1'000'000;
constexpr std::uint64_t kBegun = 100'000;

TEST_F(Pause, in_a_download_closes_its_socket_first_and_goes_on_by_range_afterwards) {
    const auto content = content_of(kSize);
    serve_slowly("/file", content, 1);
    Process process(get({origin.url("/file")}));
    wait_for_bytes(1, kBegun);
    stop(process, "fin_after_sigtstp_us");
    expect_stopped(process);
    process.signal(SIGCONT);
    const auto run = process.wait();
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(here.read("file"), content);
    const auto ranges = ranges_of("/file");
    ASSERT_EQ(ranges.size(), 2u);
    EXPECT_EQ(ranges[0], "");
    EXPECT_THAT(ranges[1], MatchesRegex("bytes=[1-9][0-9]*-"));
}

TEST_F(Pause, twice_in_one_download_loses_nothing) {
    const auto content = content_of(kSize);
    serve_slowly("/file", content, 2);
    Process process(get({origin.url("/file")}));
    for (int round = 1; round <= 2; ++round) {
        wait_for_bytes(round, kBegun);
        stop(process, round == 1 ? "first_fin_after_sigtstp_us" : "second_fin_after_sigtstp_us");
        process.signal(SIGCONT);
    }
    const auto run = process.wait();
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(here.read("file"), content);
    const auto ranges = ranges_of("/file");
    ASSERT_EQ(ranges.size(), 3u);
    EXPECT_THAT(ranges[1], MatchesRegex("bytes=[1-9][0-9]*-"));
    EXPECT_THAT(ranges[2], MatchesRegex("bytes=[1-9][0-9]*-"));
    EXPECT_NE(ranges[1], ranges[2]);
}

TEST_F(Pause, while_two_answers_are_waited_for_asks_again_afterwards) {
    for (const char* path : {"/a", "/b"}) {
        origin.once(path, Reply{.body = "never", .before = {lastack::test::WaitUntil{"never"}}});
        origin.on(path, Reply{.body = "content of " + std::string(path)});
    }
    Process process(get({origin.url("/a"), origin.url("/b")}));
    ASSERT_TRUE(origin.wait_at("never", 2));
    stop(process, "waiting_fin_after_sigtstp_us");
    expect_stopped(process);
    process.signal(SIGCONT);
    const auto run = process.wait();
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(here.read("a") + here.read("b"), "content of /acontent of /b");
    EXPECT_EQ(origin.requests().size(), 4u);
}

TEST_F(Pause, at_the_prompt_stops_it_and_the_question_still_stands_afterwards) {
    const NginxServer nginx({.root = root.served()});
    root.add_repository(nginx, "core", {{.name = "tool"}});
    auto options = root.command({"install", "tool"});
    options.stdin_is = ProcessOptions::Input::pipe;
    Process process(options);
    ASSERT_TRUE(process.wait_for_output("Is this ok [y/d/N]: ")) << process.out() << process.err();
    for (int round = 0; round < 2; ++round) {
        process.signal(SIGTSTP);
        ASSERT_TRUE(wait_until([&] { return state_of(process.pid()) == 'T'; })) << state_of(process.pid());
        EXPECT_TRUE(lastack::test::tcp_sockets(process.pid()).empty());
        process.signal(SIGCONT);
        ASSERT_TRUE(wait_until([&] { return state_of(process.pid()) != 'T'; }));
    }
    process.write("y\n");
    const auto run = process.wait();
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(root.installed(), std::vector<std::string>{"tool-1.0-1"});
}

TEST_F(Pause, is_none_when_whoever_started_it_ignores_the_signal) {
    const auto content = content_of(400'000);
    serve_slowly("/file", content, 1);
    auto options = get({origin.url("/file")});
    const std::vector<std::string> shell{"/bin/sh", "-c", "trap '' TSTP; exec \"$@\"", "sh"};
    options.arguments.insert(options.arguments.begin(), shell.begin(), shell.end());
    Process process(options);
    wait_for_bytes(1, kBegun);
    process.signal(SIGTSTP);
    EXPECT_FALSE(wait_until([&] { return state_of(process.pid()) == 'T'; }, 300ms));
    const auto run = process.wait();
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(here.read("file"), content);
    EXPECT_EQ(origin.accepted(), 1) << "nothing was closed for a stop that never came";
}

}  // namespace
}  // namespace lastack::cli::test
