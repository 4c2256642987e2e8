// What a package needs and gives is compared with what its metadata announced: with what createrepo_c really writes, and with lies.
#include "package/sack.hpp"
#include "package/transaction.hpp"
#include "scratch_root.hpp"
#include "support/yum_repository.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace lastack::package::test {
namespace {

using testing::HasSubstr;

// createrepo_c's metadata of these packages, read by libsolv: what the solver would know of the first one.
Dependencies announced_by_createrepo(const std::vector<RpmSpec>& specs) {
    const lastack::test::TempDirectory directory;
    std::vector<std::filesystem::path> rpms = lastack::test::build_rpms(specs);
    lastack::test::create_repository(directory.path(), rpms);
    const auto packed = lastack::test::must_run({"/bin/sh", "-c", "ls " + directory.path().string() + "/repodata/*primary.xml.gz"});
    const auto open = directory / "primary.xml";
    lastack::test::must_run({"/bin/sh", "-c", "zcat " + packed.substr(0, packed.size() - 1) + " > " + open.string()});
    const auto nothing = directory.write(
        "installed.xml",
        R"(<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="0"/>)");
    auto sack = Sack::open({.installroot = directory.path(), .arch = "x86_64", .installed_primary = nothing}).value();
    EXPECT_TRUE(sack.add_repository({.id = "r", .primary = open}));
    const auto outcome = sack.solve({.verb = Verb::install, .specs = {specs.front().name}});
    const auto* solution = outcome ? std::get_if<Solution>(&*outcome) : nullptr;
    for (const Step& step : solution != nullptr ? solution->steps : std::vector<Step>{}) {
        if (step.package.nevra.name == specs.front().name) {
            return step.dependencies;
        }
    }
    const auto* unsolvable = outcome ? std::get_if<Unsolvable>(&*outcome) : nullptr;
    ADD_FAILURE() << specs.front().name << " is not installed: "
                  << testing::PrintToString(unsolvable != nullptr ? unsolvable->problems : std::vector<std::string>{});
    return {};
}

Verdict verdict_on(const RpmSpec& spec, const Dependencies& announced) {
    const ScratchRoot root;
    auto package = incoming(spec);
    package.dependencies = announced;
    auto transaction = Transaction::open(root.spec({package})).value();
    const auto verdicts = transaction.verify();
    EXPECT_TRUE(verdicts) << describe(verdicts.error());
    return verdicts ? verdicts->front() : Verdict{.state = SignatureState::bad};
}

const RpmSpec everything{
    .name = "td-everything",
    .version = "1.2",
    .epoch = "3",
    .requires_ = {"td-other", "td-other >= 1.0", "td-other < 0:9", "/etc/td.conf", "/usr/bin/td-tool", "td-own = 7",
                  "(td-other if td-absent)", "(td-other >= 1.0 or td-absent or td-gone)", "(td-other with td-virtual)"},
    .provides = {"td-own = 7", "td-plain", "td-epoch = 2:1.0-1", "td(x86-64) = 1"},
    .conflicts = {"td-bad < 2", "td-worse"},
    .obsoletes = {"td-old <= 1.0-3"},
    .files = {{.path = "/etc/td.conf", .content = "x", .config = true}, {.path = "/usr/share/td-everything/own", .content = "y"}},
    .scriptlets = {{.section = "%post -p <lua>", .body = "print('x')"},
                   {.section = "%pre -p <lua>", .body = "print('x')"},
                   {.section = "%triggerin -p <lua> -- td-other", .body = "print('x')"}}};
const RpmSpec other{
    .name = "td-other", .version = "2.0", .provides = {"td-virtual"}, .files = {{.path = "/usr/bin/td-tool", .content = "t"}}};
// Requires of a real program: several libc.so.6(GLIBC_...), of which createrepo_c writes one.
const RpmSpec program{
    .name = "td-program",
    .arch = "x86_64",
    .requires_ = {"libc.so.6(GLIBC_2.2.5)(64bit)", "libc.so.6(GLIBC_2.34)(64bit)", "libc.so.6()(64bit)", "rtld(GNU_HASH)"},
    .files = {{.path = "/usr/share/td-program", .content = "x"}}};
const RpmSpec libc{.name = "td-libc",
                   .arch = "x86_64",
                   .provides = {"libc.so.6(GLIBC_2.2.5)(64bit)", "libc.so.6(GLIBC_2.34)(64bit)", "libc.so.6()(64bit)", "rtld(GNU_HASH)"}};

TEST(TransactionDependencies, what_createrepo_writes_is_no_difference) {
    const auto verdict = verdict_on(everything, announced_by_createrepo({everything, other}));
    EXPECT_EQ(verdict.state, SignatureState::good) << verdict.detail;
}

TEST(TransactionDependencies, the_one_libc_that_createrepo_keeps_is_no_difference) {
    const auto verdict = verdict_on(program, announced_by_createrepo({program, libc}));
    EXPECT_EQ(verdict.state, SignatureState::good) << verdict.detail;
}

TEST(TransactionDependencies, a_shell_scriptlets_requirement_is_no_difference) {
    RpmSpec scripted{.name = "td-scripted",
                     .files = {{.path = "/usr/share/td-scripted", .content = "x"}},
                     .scriptlets = {{.section = "%post", .body = "true"}, {.section = "%preun", .body = "true"}}};
    const auto verdict = verdict_on(scripted, announced_by_createrepo({scripted, lastack::test::shell_package()}));
    EXPECT_EQ(verdict.state, SignatureState::good) << verdict.detail;
}

TEST(TransactionDependencies, anything_added_or_taken_away_is_refused_and_named) {
    const Dependencies honest = announced_by_createrepo({everything, other});
    const struct {
        std::vector<std::string> Dependencies::* list;
        const char* removed;
        const char* kind;
    } rows[] = {{&Dependencies::requires_, "td-other >= 1.0", "requires"},
                {&Dependencies::provides, "td-plain", "provides"},
                {&Dependencies::conflicts, "td-worse", "conflicts"},
                {&Dependencies::obsoletes, "td-old <= 1.0-3", "obsoletes"}};
    for (const auto& row : rows) {
        Dependencies extra = honest;
        (extra.*row.list).emplace_back("malware");
        const auto added = verdict_on(everything, extra);
        EXPECT_EQ(added.state, SignatureState::not_as_announced) << row.kind;
        EXPECT_THAT(added.detail, HasSubstr("announced, but not in the file: " + std::string(row.kind) + " 'malware'"));
        Dependencies fewer = honest;
        ASSERT_EQ(std::erase(fewer.*row.list, row.removed), 1u) << row.removed;
        const auto hidden = verdict_on(everything, fewer);
        EXPECT_EQ(hidden.state, SignatureState::not_as_announced) << row.kind;
        EXPECT_THAT(hidden.detail, HasSubstr("in the file, but not announced: " + std::string(row.kind) + " '" + row.removed + "'"));
    }
}

TEST(TransactionDependencies, another_version_is_a_difference) {
    Dependencies changed = announced_by_createrepo({everything, other});
    for (std::string& each : changed.provides) {
        each = each == "td-own = 7" ? "td-own = 8" : each;
    }
    const auto verdict = verdict_on(everything, changed);
    EXPECT_EQ(verdict.state, SignatureState::not_as_announced);
    EXPECT_THAT(verdict.detail, HasSubstr("td-own = 8"));
}

}  // namespace
}  // namespace lastack::package::test
