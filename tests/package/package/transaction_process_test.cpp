#include "package/error.hpp"
#include "package/transaction.hpp"
#include "recorder.hpp"
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lastack::package::test {
namespace {

using lastack::test::run_command;
using lastack::test::shell_package;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace fs = std::filesystem;

// The processes with this name whose parent is this one.
std::vector<pid_t> children(pid_t parent = ::getpid()) {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        const auto stat = content_of(entry.path() / "stat");
        const auto after_name = stat.rfind(')');
        if (after_name != std::string::npos && stat.find("(lastack-transac") != std::string::npos &&
            std::stoi(stat.substr(after_name + 4)) == parent) {
            found.push_back(std::stoi(name));
        }
    }
    return found;
}

std::vector<std::string> descriptors(pid_t pid) {
    std::vector<std::string> targets;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
        targets.push_back(entry.path().filename().string() + " " + fs::read_symlink(entry.path(), gone).string());
    }
    return targets;
}

RpmSpec speaking(const std::string& name, const std::string& body) {
    return {.name = "tp-" + name,
            .files = {{.path = "/usr/share/tp-" + name, .content = "x"}},
            .scriptlets = {{.section = "%post", .body = body}}};
}

TEST(TransactionProcess, has_no_socket_and_no_descriptor_of_ours_at_any_time) {
    ScratchRoot root;
    root.install({shell_package()});
    int sockets[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);  // leaked on purpose: no close-on-exec
    const auto package = incoming(speaking("fds", "echo now"));
    auto transaction = Transaction::open(root.spec({package})).value();
    const auto own = children();
    ASSERT_THAT(own, SizeIs(1));
    const auto at_rest = descriptors(own[0]);
    EXPECT_THAT(at_rest, SizeIs(6)) << testing::PrintToString(at_rest);
    EXPECT_THAT(at_rest, Contains("5 " + package.file.string()));
    std::size_t looks = 0;
    Recorder recorder;
    const auto look = [&] {
        for (const auto& pids : {own, children(own[0])}) {
            for (const auto pid : pids) {
                ++looks;
                EXPECT_THAT(descriptors(pid), Not(Contains(HasSubstr("socket:")))) << pid;
            }
        }
    };
    recorder.on_start = look;
    recorder.on_output = look;
    ASSERT_TRUE(transaction.run(recorder));
    EXPECT_GE(looks, 3u);
    ::close(sockets[0]);
    ::close(sockets[1]);
}

TEST(TransactionProcess, the_program_has_no_network_code) {
    const auto program = (fs::path(LASTACK_BUILD_DIR) / "lastack-transact").string();
    const auto undefined = lastack::test::must_run({"nm", "--undefined-only", program});
    EXPECT_THAT(undefined, HasSubstr("rpmtsRun"));
    for (const std::string name : {"socket", "connect", "accept", "accept4", "bind", "listen", "getaddrinfo", "gethostbyname"}) {
        EXPECT_THAT(undefined, Not(HasSubstr(" U " + name + "@"))) << name;
        EXPECT_THAT(undefined, Not(HasSubstr(" U " + name + "\n"))) << name;
    }
    const auto symbols = lastack::test::must_run({"nm", "-C", program});
    EXPECT_THAT(symbols, HasSubstr("lastack::transact::"));
    for (const std::string space : {"lastack::net::", "lastack::http::", "lastack::download::", "boost::asio"}) {
        EXPECT_THAT(symbols, Not(HasSubstr(space))) << space;
    }
}

TEST(TransactionProcess, is_of_no_use_alone) {
    const auto alone = run_command({(fs::path(LASTACK_BUILD_DIR) / "lastack-transact").string()});
    EXPECT_EQ(alone.status, 2);
    EXPECT_THAT(alone.output, HasSubstr("started by lastack"));
}

TEST(TransactionProcess, a_program_that_is_not_there_or_no_program_is_an_error) {
    ScratchRoot root;
    auto spec = root.spec({});
    spec.program = root / "nothing";
    const auto absent = Transaction::open(spec);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, PackageErrc::transaction_process);
    for (const auto* program : {"/bin/true", "/bin/false", "/bin/cat"}) {
        spec.program = program;
        const auto wrong = Transaction::open(spec);
        ASSERT_FALSE(wrong) << program;
        EXPECT_EQ(wrong.error().code, PackageErrc::transaction_process);
    }
}

TEST(TransactionProcess, when_it_is_killed_the_error_says_how) {
    ScratchRoot root;
    auto transaction = Transaction::open(root.spec({})).value();
    ASSERT_THAT(children(), SizeIs(1));
    ASSERT_EQ(::kill(children()[0], SIGKILL), 0);
    const auto verified = transaction.verify();
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, PackageErrc::transaction_process);
    EXPECT_THAT(verified.error().cause, HasSubstr("SIGKILL"));
    EXPECT_FALSE(transaction.test()) << "and it stays dead";
    EXPECT_THAT(children(), IsEmpty());
}

TEST(TransactionProcess, when_it_is_killed_in_a_scriptlet_the_error_warns_of_the_half_done_root) {
    ScratchRoot root;
    root.install({shell_package()});
    auto transaction = Transaction::open(root.spec({incoming(speaking("killed", "echo ready\nsleep 600"))})).value();
    const auto pid = children().at(0);
    Recorder recorder;
    recorder.on_output = [pid] { ::kill(pid, SIGKILL); };
    const auto ran = transaction.run(recorder);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, PackageErrc::transaction_process);
    EXPECT_THAT(ran.error().cause, HasSubstr("SIGKILL in the middle"));
    EXPECT_THAT(ran.error().next_step, HasSubstr("half changed"));
    (void)run_command(
        {"sh", "-c",
         "for p in /proc/[0-9]*; do [ \"$(readlink $p/root)\" = '" + root.path().string() + "' ] && kill -9 ${p#/proc/}; done"});
}

TEST(TransactionProcess, signals_of_a_terminal_do_not_stop_a_transaction) {
    ScratchRoot root;
    root.install({shell_package()});
    auto transaction = Transaction::open(root.spec({incoming(speaking("signals", "echo ready\nsleep 1\necho done"))})).value();
    const auto pid = children().at(0);
    EXPECT_NE(::getsid(pid), ::getsid(0)) << "a terminal's interrupt key must not reach it";
    Recorder recorder;
    recorder.on_output = [pid] {
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGQUIT, SIGPIPE}) {
            ::kill(pid, signal);
        }
    };
    ASSERT_TRUE(transaction.run(recorder));
    EXPECT_THAT(recorder.output, HasSubstr("done\n"));
}

TEST(TransactionProcess, ends_with_a_transaction_that_was_never_run) {
    ScratchRoot root;
    {
        auto transaction = Transaction::open(root.spec({incoming(speaking("unused", "echo never"))})).value();
        EXPECT_THAT(children(), SizeIs(1));
    }
    EXPECT_THAT(children(), IsEmpty());
    EXPECT_THAT(root.installed(), IsEmpty());
}

// POSIX locks belong to a process, so the one this test holds stops the child and not itself.
TEST(TransactionProcess, another_rpm_at_work_is_an_error_and_nothing_changes) {
    ScratchRoot root;
    root.install({shell_package()});
    const int lock = ::open((root / "usr/lib/sysimage/rpm/.rpm.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct flock whole{};
    whole.l_type = F_WRLCK;
    ASSERT_EQ(::fcntl(lock, F_SETLK, &whole), 0);
    const auto before = root.files();
    auto transaction = Transaction::open(root.spec({incoming(speaking("waits", "echo it runs"))})).value();
    ASSERT_TRUE(transaction.test()) << "a test needs no lock";
    Recorder recorder;
    const auto ran = transaction.run(recorder);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, Errc::locked);
    const auto imported = transaction.import_keys(content_of(lastack::test::signing_key("vendor").armoured));
    ASSERT_FALSE(imported);
    EXPECT_EQ(imported.error().code, Errc::locked);
    EXPECT_EQ(root.files(), before);
    ::close(lock);
    auto again = Transaction::open(root.spec({incoming(speaking("waits", "echo it runs"))})).value();
    EXPECT_TRUE(again.run(recorder));
}

// The parent of this test's child is killed in the middle; what it began must be complete nevertheless.
TEST(TransactionProcess, finishes_a_transaction_whose_parent_died) {
    ScratchRoot root;
    root.install({shell_package()});
    const auto talker = incoming(speaking("orphan", "seq 1 20000\necho started >/started\nsleep 1\nseq 1 20000\necho finished >/finished"));
    const auto second =
        incoming({.name = "tp-second", .requires_ = {"tp-orphan"}, .files = {{.path = "/usr/share/tp-second", .content = "x"}}});
    const pid_t parent = ::fork();
    if (parent == 0) {
        auto transaction = Transaction::open(root.spec({talker, second}));
        Recorder recorder;
        recorder.on_output = [] { ::_exit(0); };
        if (transaction) {
            (void)transaction->run(recorder);
        }
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(parent, &status, 0), parent);
    ASSERT_EQ(WEXITSTATUS(status), 0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!fs::exists(root / "usr/share/tp-second") && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    EXPECT_EQ(content_of(root / "finished"), "finished\n");
    EXPECT_EQ(content_of(root / "usr/share/tp-second"), "x");
    while (root.installed().size() < 3 && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    EXPECT_THAT(root.installed(), SizeIs(3));
}

}  // namespace
}  // namespace lastack::package::test
