// Requests that cannot be done, and transactions that fail on the way.
#include "package/bad_input/scene.hpp"

namespace lastack::test {
namespace {

class BadTransaction : public Scene {
protected:
    void expect_nothing_done(const Outcome& outcome, const std::vector<std::string>& words) {
        expect_failed(outcome, words);
        EXPECT_EQ(outcome.before.rpms, outcome.after.rpms);
        EXPECT_EQ(outcome.before.root, outcome.after.root);
    }
};

TEST_F(BadTransaction, missing_requirement_is_told_in_words) {
    offer_and_cache({entry_of({.name = "hungry", .requires_ = {"unobtainium >= 3"}})});
    expect_refused(lastack({"-y", "install", "hungry"}),
                   {"the request cannot be satisfied:", "nothing provides unobtainium >= 3", "hungry-1.0-1.noarch"});
    EXPECT_EQ(origin().record().requests_for("/repo/Packages/hungry-1.0-1.noarch.rpm"), 0);
}

TEST_F(BadTransaction, missing_requirement_of_a_requirement_is_told_in_words) {
    offer_and_cache({entry_of({.name = "outer", .requires_ = {"inner"}}), entry_of({.name = "inner", .requires_ = {"unobtainium"}})});
    expect_refused(lastack({"-y", "install", "outer"}),
                   {"the request cannot be satisfied:", "nothing provides unobtainium", "inner-1.0-1.noarch", "outer-1.0-1.noarch"});
}

TEST_F(BadTransaction, conflict_of_two_wanted_packages_is_told_in_words) {
    offer_and_cache({entry_of({.name = "cat", .conflicts = {"dog"}}), entry_of({.name = "dog"})});
    expect_refused(lastack({"-y", "install", "cat", "dog"}),
                   {"the request cannot be satisfied:", "cat-1.0-1.noarch conflicts with dog provided by dog-1.0-1.noarch"});
}

TEST_F(BadTransaction, conflict_with_an_installed_package_is_told_in_words) {
    offer_and_cache({entry_of({.name = "rival", .conflicts = {"target"}})});
    const auto outcome = lastack({"-y", "install", "rival"});
    expect_refused(outcome, {"the request cannot be satisfied:", "rival-1.0-1.noarch", "conflicts with target"});
}

TEST_F(BadTransaction, package_that_nobody_has_is_told) {
    cache_old_generation();
    expect_refused(lastack({"-y", "install", "nothere"}), {"Nothing to do"});
}

TEST_F(BadTransaction, file_conflict_is_found_by_the_test_before_anything_changes) {
    const RpmSpec thief{.name = "thief", .files = {{.path = "/usr/share/target", .content = "mine"}}};
    offer_and_cache({entry_of(thief)});
    const auto outcome = lastack({"-y", "install", "thief"});
    expect_nothing_done(outcome,
                        {"file /usr/share/target from install of thief-1.0-1.noarch conflicts with file from package target-1.0-1.noarch"});
    EXPECT_THAT(outcome.process.out, HasSubstr("Running transaction test"));
    EXPECT_THAT(outcome.process.out, Not(HasSubstr("Running transaction\n")));
}

TEST_F(BadTransaction, file_conflict_of_two_new_packages_is_found_by_the_test) {
    const RpmSpec left{.name = "left", .files = {{.path = "/usr/share/both", .content = "left"}}};
    const RpmSpec right{.name = "right", .files = {{.path = "/usr/share/both", .content = "right"}}};
    offer_and_cache({entry_of(left), entry_of(right)});
    expect_nothing_done(lastack({"-y", "install", "left", "right"}),
                        {"file /usr/share/both conflicts between attempted installs of", "left-1.0-1.noarch", "right-1.0-1.noarch"});
}

// The metadata says nothing about a requirement that the package has: librpm's own check finds it.
TEST_F(BadTransaction, requirement_that_the_metadata_hides_is_found_in_the_package) {
    auto entry = entry_of({.name = "sly", .requires_ = {"unobtainium"}});
    entry.spec.requires_.clear();
    offer_and_cache({entry});
    expect_nothing_done(lastack({"-y", "install", "sly"}), {"in the file, but not announced: requires 'unobtainium'"});
}

TEST_F(BadTransaction, failing_pre_scriptlet_is_told_and_its_package_not_installed) {
    const RpmSpec stubborn{.name = "stubborn",
                           .files = {{.path = "/usr/share/stubborn", .content = "x"}},
                           .scriptlets = {{.section = "%pre -p <lua>", .body = "print('not today'); error('no')"}}};
    offer_and_cache({entry_of(stubborn)});
    const auto outcome = lastack({"-y", "install", "stubborn"});
    expect_nothing_done(outcome, {"%pre scriptlet of stubborn-1.0-1.noarch failed", "stubborn-1.0-1.noarch was not installed"});
    EXPECT_THAT(outcome.process.out, HasSubstr("not today"));
    EXPECT_THAT(outcome.process.out, Not(HasSubstr("Complete!")));
}

TEST_F(BadTransaction, failing_post_scriptlet_is_a_warning_and_the_exit_status_tells) {
    const RpmSpec sloppy{.name = "sloppy",
                         .files = {{.path = "/usr/share/sloppy", .content = "x"}},
                         .scriptlets = {{.section = "%post -p <lua>", .body = "error('no')"}}};
    offer_and_cache({entry_of(sloppy)});
    const auto outcome = lastack({"-y", "install", "sloppy"});
    SCOPED_TRACE(outcome.all());
    expect_clean_ending(outcome);
    EXPECT_EQ(outcome.process.status, 1);
    EXPECT_THAT(outcome.process.err, HasSubstr("warning: %post scriptlet of sloppy-1.0-1.noarch failed"));
    EXPECT_THAT(outcome.after.rpms, HasSubstr("sloppy-1.0-1.noarch"));
}

TEST_F(BadTransaction, answer_that_is_no_yes_changes_nothing) {
    offer_and_cache({entry_of(new_target())});
    for (const std::string input : {"\n", "n\n", "", "maybe\n", "no\ny\n"}) {
        const auto before = state();
        const auto result = run({.arguments = command({"update"}), .stdin_is = ProcessOptions::Input::text, .input = input});
        EXPECT_EQ(result.status, 1);
        EXPECT_EQ(state(), before) << "input: " << input;
    }
    EXPECT_EQ(origin().record().requests_for("/repo/Packages/target-2.0-1.noarch.rpm"), 0);
}

}  // namespace
}  // namespace lastack::test
