#include "package/error.hpp"
#include "package/transaction.hpp"
#include "recorder.hpp"
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

namespace lastack::package::test {
namespace {

using lastack::test::shell_package;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// A root with a shell, and one package with a scriptlet run in it.
struct Ran {
    Result<TransactionOutcome> outcome;
    Recorder recorder;
};

Ran run_with(ScratchRoot& root, const RpmSpec& spec) {
    auto transaction = Transaction::open(root.spec({incoming(spec)})).value();
    Recorder recorder;
    auto outcome = transaction.run(recorder);
    return {.outcome = std::move(outcome), .recorder = std::move(recorder)};
}

RpmSpec with_scriptlet(std::string name, std::string section, std::string body) {
    return {.name = "tc-" + name,
            .files = {{.path = "/usr/share/tc-" + name, .content = "x"}},
            .scriptlets = {{.section = std::move(section), .body = std::move(body)}}};
}

TEST(TransactionScriptlet, what_a_shell_prints_on_both_streams_and_what_lua_prints_is_passed_on) {
    ScratchRoot root;
    root.install({shell_package()});
    const auto shell = run_with(root, with_scriptlet("talk", "%post", "echo to stdout\necho to stderr >&2"));
    ASSERT_TRUE(shell.outcome);
    EXPECT_EQ(shell.outcome->failed_scriptlets, 0u);
    EXPECT_THAT(shell.recorder.output, HasSubstr("to stdout\n"));
    EXPECT_THAT(shell.recorder.output, HasSubstr("to stderr\n"));
    const auto lua = run_with(root, with_scriptlet("lua", "%post -p <lua>", "print(\"from lua\")"));
    ASSERT_TRUE(lua.outcome);
    EXPECT_THAT(lua.recorder.output, HasSubstr("from lua\n"));
}

TEST(TransactionScriptlet, lua_needs_nothing_in_the_root) {
    ScratchRoot root;
    const auto ran = run_with(root, with_scriptlet("pretrans", "%pretrans -p <lua>", "print(\"before all\")"));
    ASSERT_TRUE(ran.outcome);
    EXPECT_THAT(ran.recorder.output, HasSubstr("before all\n"));
}

TEST(TransactionScriptlet, a_failing_post_is_counted_and_the_package_stays) {
    ScratchRoot root;
    root.install({shell_package()});
    const auto ran = run_with(root, with_scriptlet("badpost", "%post", "echo oh no\nexit 3"));
    ASSERT_TRUE(ran.outcome) << describe(ran.outcome.error());
    EXPECT_EQ(ran.outcome->failed_scriptlets, 1u);
    EXPECT_THAT(ran.recorder.failures, ElementsAre("tc-badpost-1.0-1.noarch %post"));
    EXPECT_THAT(ran.recorder.output, HasSubstr("oh no\n"));
    EXPECT_THAT(ran.recorder.output, HasSubstr("exit status 3"));
    EXPECT_THAT(root.installed(), Contains("tc-badpost-1.0-1"));
}

TEST(TransactionScriptlet, a_missing_interpreter_is_a_failing_post) {
    ScratchRoot root;
    auto spec = with_scriptlet("noshell", "%post -p /bin/absent", "true");
    spec.provides = {"/bin/absent"};  // rpmbuild makes an interpreter a dependency
    const auto ran = run_with(root, spec);
    ASSERT_TRUE(ran.outcome);
    EXPECT_EQ(ran.outcome->failed_scriptlets, 1u);
}

TEST(TransactionScriptlet, a_failing_pre_fails_the_transaction_and_keeps_its_package_out) {
    ScratchRoot root;
    root.install({shell_package()});
    const auto ran = run_with(root, with_scriptlet("badpre", "%pre", "exit 1"));
    ASSERT_FALSE(ran.outcome);
    EXPECT_EQ(ran.outcome.error().code, PackageErrc::transaction_failed);
    EXPECT_THAT(ran.outcome.error().cause, HasSubstr("tc-badpre-1.0-1.noarch was not installed"));
    EXPECT_THAT(ran.outcome.error().cause, HasSubstr("%prein"));
    EXPECT_THAT(ran.recorder.failures, ElementsAre("tc-badpre-1.0-1.noarch %pre fatal"));
    EXPECT_THAT(root.installed(), Not(Contains("tc-badpre-1.0-1")));
    EXPECT_FALSE(std::filesystem::exists(root / "usr/share/tc-badpre"));
}

TEST(TransactionScriptlet, the_environment_is_ours_and_no_descriptor_leaks) {
    ScratchRoot root;
    root.install({shell_package()});
    ASSERT_EQ(::setenv("LD_PRELOAD_TEST", "leak", 1), 0);
    const int not_cloexec = ::dup(1);
    const auto ran = run_with(
        root, with_scriptlet("env", "%post",
                             "env\nfor n in 3 4 5 6 7 8 9 10 11 12; do (echo open $n >&$n) 2>/dev/null && echo \"descriptor $n\"; done\n"
                             "cat; echo \"stdin at end\""));
    ::close(not_cloexec);
    ::unsetenv("LD_PRELOAD_TEST");
    ASSERT_TRUE(ran.outcome);
    EXPECT_THAT(ran.recorder.output, HasSubstr("PATH="));
    EXPECT_THAT(ran.recorder.output, HasSubstr("HOME=/root\n"));
    EXPECT_THAT(ran.recorder.output, HasSubstr("LC_ALL=C.UTF-8\n"));
    EXPECT_THAT(ran.recorder.output, Not(HasSubstr("LD_PRELOAD_TEST")));
    EXPECT_THAT(ran.recorder.output, Not(HasSubstr("descriptor ")));
    EXPECT_THAT(ran.recorder.output, HasSubstr("stdin at end\n"));
}

// A blocked signal would never end a scriptlet. SIGINT and SIGQUIT are left out: librpm itself keeps those two from scriptlets.
TEST(TransactionScriptlet, signals_work_in_scriptlets) {
    ScratchRoot root;
    root.install({shell_package()});
    for (const std::string signal : {"TERM", "HUP", "PIPE", "ALRM"}) {
        const auto ran = run_with(root, with_scriptlet("signal-" + signal, "%post", "kill -" + signal + " $$\necho survived"));
        ASSERT_TRUE(ran.outcome);
        EXPECT_EQ(ran.outcome->failed_scriptlets, 1u) << signal;
        EXPECT_THAT(ran.recorder.output, Not(HasSubstr("survived"))) << signal;
    }
}

TEST(TransactionScriptlet, hundreds_of_megabytes_are_read_to_the_end_and_mostly_dropped) {
    ScratchRoot root;
    root.install({shell_package()});
    const auto ran = run_with(
        root,
        with_scriptlet(
            "flood", "%post",
            "dd if=/dev/zero bs=1048576 count=0 2>/dev/null\nyes 0123456789abcdef | head -c 300000000\necho; echo the end >/flooded"));
    ASSERT_TRUE(ran.outcome);
    EXPECT_EQ(ran.outcome->failed_scriptlets, 0u);
    EXPECT_LT(ran.recorder.output_size, 10u << 20);
    EXPECT_GT(ran.recorder.output_size, 1u << 20);
    EXPECT_EQ(content_of(root / "flooded"), "the end\n");
}

TEST(TransactionScriptlet, a_daemon_that_keeps_the_output_open_does_not_keep_the_transaction) {
    ScratchRoot root;
    root.install({shell_package()});
    auto spec = with_scriptlet("daemon", "%post", "echo started\nsleep 600 &\necho $! >/daemon.pid");
    spec.files.push_back({.path = "/dev/null"});  // the shell gives it to background jobs
    const auto ran = run_with(root, spec);
    ASSERT_TRUE(ran.outcome);
    EXPECT_THAT(ran.recorder.output, HasSubstr("started\n"));
    const auto pid = content_of(root / "daemon.pid");
    const auto process = std::filesystem::path("/proc") / pid.substr(0, pid.size() - 1);
    EXPECT_THAT(content_of(process / "stat"), testing::AllOf(Not(IsEmpty()), Not(HasSubstr(") Z")))) << "the daemon must be there";
    EXPECT_THAT(std::filesystem::read_symlink(process / "fd/1").string(), testing::StartsWith("pipe:"));
    EXPECT_EQ(::kill(std::stoi(pid), SIGKILL), 0);
}

}  // namespace
}  // namespace lastack::package::test
