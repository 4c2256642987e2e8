#include "package/transaction.hpp"

#include "package/error.hpp"
#include "recorder.hpp"
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastack::package::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const RpmSpec foo{.name = "tt-foo", .files = {{.path = "/usr/share/tt-foo", .content = "one"}}};
const RpmSpec foo2{.name = "tt-foo", .version = "2.0", .files = {{.path = "/usr/share/tt-foo", .content = "two"}}};

TEST(Transaction, installs_into_an_empty_root) {
    ScratchRoot root;
    auto transaction = Transaction::open(root.spec({incoming(foo)})).value();
    const auto verdicts = transaction.verify().value();
    ASSERT_THAT(verdicts, SizeIs(1));
    EXPECT_EQ(verdicts[0].state, SignatureState::good) << verdicts[0].detail;
    ASSERT_TRUE(transaction.test());
    EXPECT_FALSE(std::filesystem::exists(root / "usr/share/tt-foo"));
    Recorder recorder;
    const auto outcome = transaction.run(recorder);
    ASSERT_TRUE(outcome) << describe(outcome.error());
    EXPECT_EQ(outcome->failed_scriptlets, 0u);
    EXPECT_THAT(recorder.steps, ElementsAre("installing tt-foo-1.0-1.noarch 1/1", "verifying tt-foo-1.0-1.noarch 1/1"));
    EXPECT_THAT(recorder.finished, ElementsAre("tt-foo-1.0-1.noarch", "tt-foo-1.0-1.noarch"));
    EXPECT_TRUE(recorder.progress_is_sane);
    EXPECT_EQ(content_of(root / "usr/share/tt-foo"), "one");
    EXPECT_THAT(root.installed(), ElementsAre("tt-foo-1.0-1"));
}

TEST(Transaction, an_update_replaces_and_cleans_up) {
    ScratchRoot root;
    root.install({foo});
    auto transaction = Transaction::open(root.spec({incoming(foo2, true)}, {root.number_of("tt-foo")})).value();
    ASSERT_TRUE(transaction.test());
    Recorder recorder;
    ASSERT_TRUE(transaction.run(recorder));
    EXPECT_THAT(recorder.steps, ElementsAre("updating tt-foo-2.0-1.noarch 1/2", "cleanup tt-foo-1.0-1.noarch 2/2",
                                            "verifying tt-foo-2.0-1.noarch 1/2", "verifying tt-foo-1.0-1.noarch 2/2"));
    EXPECT_EQ(content_of(root / "usr/share/tt-foo"), "two");
    EXPECT_THAT(root.installed(), ElementsAre("tt-foo-2.0-1"));
}

TEST(Transaction, removes_by_database_number) {
    ScratchRoot root;
    root.install({foo});
    auto transaction = Transaction::open(root.spec({}, {root.number_of("tt-foo")})).value();
    ASSERT_TRUE(transaction.test());
    Recorder recorder;
    ASSERT_TRUE(transaction.run(recorder));
    EXPECT_THAT(recorder.steps, ElementsAre("removing tt-foo-1.0-1.noarch 1/1", "verifying tt-foo-1.0-1.noarch 1/1"));
    EXPECT_FALSE(std::filesystem::exists(root / "usr/share/tt-foo"));
    EXPECT_THAT(root.installed(), IsEmpty());
}

TEST(Transaction, a_number_that_left_the_database_is_a_failed_check) {
    ScratchRoot root;
    root.install({foo});
    for (const std::int64_t number : {root.number_of("tt-foo") + 7, std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40}) {
        auto transaction = Transaction::open(root.spec({}, {number})).value();
        const auto tested = transaction.test();
        ASSERT_FALSE(tested) << number;
        EXPECT_EQ(tested.error().code, PackageErrc::transaction_check);
    }
}

TEST(Transaction, the_same_version_in_both_lists_is_reinstalled) {
    ScratchRoot root;
    root.install({foo});
    std::filesystem::remove(root / "usr/share/tt-foo");
    auto transaction = Transaction::open(root.spec({incoming(foo)}, {root.number_of("tt-foo")})).value();
    const auto tested = transaction.test();
    ASSERT_TRUE(tested) << describe(tested.error());
    Recorder recorder;
    ASSERT_TRUE(transaction.run(recorder));
    EXPECT_EQ(content_of(root / "usr/share/tt-foo"), "one");
    EXPECT_THAT(root.installed(), ElementsAre("tt-foo-1.0-1"));
}

TEST(Transaction, an_older_version_needs_permission) {
    ScratchRoot root;
    root.install({foo2});
    auto spec = root.spec({incoming(foo, true)});
    const auto refused = Transaction::open(spec).value().test();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, PackageErrc::transaction_check);
    EXPECT_THAT(refused.error().cause, HasSubstr("newer"));
    spec.downgrade_allowed = true;
    auto transaction = Transaction::open(spec).value();
    EXPECT_TRUE(transaction.test());
    Recorder recorder;
    EXPECT_TRUE(transaction.run(recorder));
    EXPECT_THAT(root.installed(), ElementsAre("tt-foo-1.0-1"));
}

TEST(Transaction, a_file_conflict_is_found_by_the_test_and_nothing_changes) {
    ScratchRoot root;
    root.install({foo});
    const RpmSpec thief{.name = "tt-thief",
                        .files = {{.path = "/usr/share/tt-foo", .content = "stolen"}, {.path = "/usr/share/tt-thief", .content = "x"}}};
    const auto before = root.files();
    auto transaction = Transaction::open(root.spec({incoming(thief)})).value();
    const auto tested = transaction.test();
    ASSERT_FALSE(tested);
    EXPECT_EQ(tested.error().code, PackageErrc::transaction_check);
    EXPECT_THAT(tested.error().cause, HasSubstr("/usr/share/tt-foo"));
    Recorder recorder;
    const auto ran = transaction.run(recorder);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, PackageErrc::transaction_check);
    EXPECT_THAT(recorder.steps, IsEmpty());
    EXPECT_EQ(root.files(), before);
    EXPECT_THAT(root.installed(), ElementsAre("tt-foo-1.0-1"));
}

TEST(Transaction, every_missing_dependency_is_a_line) {
    ScratchRoot root;
    const RpmSpec needy{.name = "tt-needy", .requires_ = {"tt-absent >= 3", "tt-lost"}};
    const auto tested = Transaction::open(root.spec({incoming(needy)})).value().test();
    ASSERT_FALSE(tested);
    EXPECT_EQ(tested.error().code, PackageErrc::transaction_check);
    EXPECT_THAT(tested.error().cause, HasSubstr("tt-absent >= 3 is needed by"));
    EXPECT_THAT(tested.error().cause, HasSubstr("\n"));
    EXPECT_THAT(tested.error().cause, HasSubstr("tt-lost is needed by"));
}

TEST(Transaction, removing_what_another_package_needs_is_refused) {
    ScratchRoot root;
    const RpmSpec dependent{.name = "tt-dependent", .requires_ = {"tt-foo"}};
    root.install({foo, dependent});
    const auto tested = Transaction::open(root.spec({}, {root.number_of("tt-foo")})).value().test();
    ASSERT_FALSE(tested);
    EXPECT_THAT(tested.error().cause, HasSubstr("tt-dependent"));
}

TEST(Transaction, a_missing_file_and_a_directory_are_errors_of_open) {
    ScratchRoot root;
    auto package = incoming(foo);
    package.file = root / "nothing.rpm";
    const auto absent = Transaction::open(root.spec({package}));
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, Errc::not_found);
    package.file = root.path();
    const auto directory = Transaction::open(root.spec({package}));
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().code, PackageErrc::not_a_package);
}

TEST(Transaction, what_was_opened_is_installed_whatever_its_name_becomes) {
    ScratchRoot root;
    const auto file = root / "package.rpm";
    std::filesystem::copy_file(incoming(foo).file, file);
    auto package = incoming(foo);
    package.file = file;
    auto transaction = Transaction::open(root.spec({package})).value();
    std::filesystem::remove(file);
    std::ofstream(file) << "something else";
    EXPECT_EQ(transaction.verify().value().at(0).state, SignatureState::good);
    Recorder recorder;
    ASSERT_TRUE(transaction.run(recorder));
    EXPECT_EQ(content_of(root / "usr/share/tt-foo"), "one");
}

TEST(Transaction, runs_once) {
    ScratchRoot root;
    auto transaction = Transaction::open(root.spec({incoming(foo)})).value();
    Recorder recorder;
    ASSERT_TRUE(transaction.run(recorder));
    EXPECT_FALSE(transaction.run(recorder));
}

TEST(Transaction, a_thousand_and_more_packages_go_in_one) {
    ScratchRoot root;
    std::vector<RpmSpec> specs;
    for (int i = 0; i < 1100; ++i) {
        const auto name = "tt-many-" + std::to_string(i);
        specs.push_back({.name = name, .files = {{.path = "/usr/share/many/" + name, .content = name}}});
    }
    const auto files = lastack::test::build_rpms(specs);
    std::vector<IncomingPackage> packages;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        packages.push_back({.file = files[i], .announced = nevra_of(specs[i]), .check_signature = false});
    }
    auto transaction = Transaction::open(root.spec(std::move(packages))).value();
    const auto verdicts = transaction.verify().value();
    EXPECT_THAT(verdicts, SizeIs(1100));
    for (const auto& verdict : verdicts) {
        EXPECT_EQ(verdict.state, SignatureState::good) << verdict.detail;
    }
    ASSERT_TRUE(transaction.test());
    Recorder recorder;
    ASSERT_TRUE(transaction.run(recorder));
    EXPECT_THAT(recorder.finished, SizeIs(2200));
    EXPECT_THAT(root.installed(), SizeIs(1100));
}

}  // namespace
}  // namespace lastack::package::test
