#include "unit/package/scenario.hpp"

namespace lastack::test {
namespace {

using Lines = std::vector<std::string>;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(Solve, install_takes_the_newest_and_its_dependencies) {
    const Scenario scenario{{.repos = {{.packages = {{.name = "foo", .version = "1"},
                                                     {.name = "foo", .version = "2", .needs = {"bar >= 2"}},
                                                     {.name = "bar", .version = "1"},
                                                     {.name = "bar", .version = "3"}}}}}};
    EXPECT_EQ(scenario.install({"foo"}), (Lines{"install foo-2-1.noarch base", "+install bar-3-1.noarch base"}));
}

TEST(Solve, update_of_everything_updates_what_is_newer_and_leaves_the_rest) {
    const Scenario scenario{
        {.installed = {{.name = "foo"}, {.name = "bar"}, {.name = "orphan"}},
         .repos = {{.packages = {{.name = "foo", .version = "2"}, {.name = "bar"}, {.name = "other", .version = "9"}}}}}};
    EXPECT_EQ(scenario.update(), (Lines{"update foo-2-1.noarch base, replaces foo-1-1.noarch"}));
}

TEST(Solve, update_with_nothing_newer_is_an_empty_solution) {
    const Scenario scenario{
        {.installed = {{.name = "foo", .version = "2", .build_time = "5"}},
         .repos = {{.packages = {{.name = "foo", .version = "2", .build_time = "9"}, {.name = "foo", .version = "1"}}}}}};
    EXPECT_EQ(scenario.update(), Lines{});
    EXPECT_EQ(scenario.update({"foo"}), Lines{});
}

TEST(Solve, update_pulls_a_new_dependency_as_one) {
    const Scenario scenario{
        {.installed = {{.name = "foo"}}, .repos = {{.packages = {{.name = "foo", .version = "2", .needs = {"bar"}}, {.name = "bar"}}}}}};
    const Lines expected{"+install bar-1-1.noarch base", "update foo-2-1.noarch base, replaces foo-1-1.noarch"};
    EXPECT_EQ(scenario.update(), expected);
    EXPECT_EQ(scenario.update({"foo"}), expected);
}

TEST(Solve, update_of_one_updates_another_only_as_a_dependency) {
    const Scenario scenario{{.installed = {{.name = "foo"}, {.name = "lib"}, {.name = "free"}},
                             .repos = {{.packages = {{.name = "foo", .version = "2", .needs = {"lib >= 2"}},
                                                     {.name = "lib", .version = "2"},
                                                     {.name = "free", .version = "2"}}}}}};
    EXPECT_EQ(scenario.update({"foo"}),
              (Lines{"update foo-2-1.noarch base, replaces foo-1-1.noarch", "+update lib-2-1.noarch base, replaces lib-1-1.noarch"}));
}

TEST(Solve, a_newer_kernel_stands_beside_the_older_one) {
    const PackageText old_module{.name = "kernel-modules", .provides = {"installonlypkg(kernel)"}};
    const PackageText new_module{.name = "kernel-modules", .version = "2", .provides = {"installonlypkg(kernel)"}};
    const Scenario scenario({.installed = {{.name = "kernel"}, old_module, {.name = "foo"}},
                             .repos = {{.packages = {{.name = "kernel", .version = "2"}, new_module, {.name = "foo", .version = "2"}}}}});
    EXPECT_THAT(scenario.update(), ElementsAre("install kernel-2-1.noarch base", "install kernel-modules-2-1.noarch base",
                                               "update foo-2-1.noarch base, replaces foo-1-1.noarch"));
    EXPECT_THAT(scenario.update({"kernel"}), ElementsAre("install kernel-2-1.noarch base"));
    EXPECT_THAT(scenario.remove({"kernel"}), ElementsAre("remove kernel-1-1.noarch installed"));
}

TEST(Solve, update_follows_obsoletes) {
    const Scenario scenario{
        {.installed = {{.name = "old"}}, .repos = {{.packages = {{.name = "new", .version = "5", .obsoletes = {"old < 2"}}}}}}};
    const Lines expected{"install new-5-1.noarch base, replaces old-1-1.noarch"};
    EXPECT_EQ(scenario.update(), expected);
    EXPECT_EQ(scenario.update({"old"}), expected);
    EXPECT_EQ(scenario.update({"new"}), expected);
}

TEST(Solve, an_obsoletes_that_no_longer_fits_the_version_is_not_followed) {
    const Scenario scenario{{.installed = {{.name = "old", .version = "2"}},
                             .repos = {{.packages = {{.name = "new", .version = "5", .obsoletes = {"old < 2"}}}}}}};
    EXPECT_EQ(scenario.update(), Lines{});
}

TEST(Solve, install_says_what_is_installed_in_its_latest_version) {
    const Scenario scenario{
        {.installed = {{.name = "foo", .version = "2", .epoch = "1"}}, .repos = {{.packages = {{.name = "foo", .version = "9"}}}}}};
    EXPECT_EQ(scenario.install({"foo"}), (Lines{"! Package foo-1:2-1.noarch already installed and latest version"}));
    EXPECT_EQ(scenario.install({"foo", "f*"}), (Lines{"! Package foo-1:2-1.noarch already installed and latest version"}));
}

TEST(Solve, install_of_an_older_installed_package_updates_it) {
    const Scenario scenario{{.installed = {{.name = "foo"}}, .repos = {{.packages = {{.name = "foo", .version = "2"}}}}}};
    EXPECT_EQ(scenario.install({"foo"}), (Lines{"update foo-2-1.noarch base, replaces foo-1-1.noarch"}));
}

TEST(Solve, unmatched_specs_are_said_and_counted_and_the_others_done) {
    const Scenario scenario{{.installed = {{.name = "here"}}, .repos = {{.packages = {{.name = "foo"}}}}}};
    EXPECT_EQ(scenario.install({"nothing", "foo"}), (Lines{"install foo-1-1.noarch base", "! No package nothing available."}));
    EXPECT_EQ(scenario.update({"nothing"}), (Lines{"! No package nothing available."}));
    EXPECT_EQ(scenario.update({"foo"}), (Lines{"! Package(s) foo available, but not installed."}));
    EXPECT_EQ(scenario.remove({"foo", "here"}), (Lines{"remove here-1-1.noarch installed", "! No Match for argument: foo"}));
    const auto outcome = scenario.solve(package::Verb::install, {"nothing", "none*", "foo"});
    EXPECT_EQ(std::get<package::Solution>(outcome).unmatched, 2u);
}

TEST(Solve, install_finds_a_provider_when_no_package_has_the_name) {
    const Scenario scenario{
        {.repos = {{.packages = {{.name = "nginx", .provides = {"webserver = 2"}}, {.name = "tool", .files = {"/usr/bin/tool"}}}}}}};
    EXPECT_EQ(scenario.install({"webserver"}), (Lines{"install nginx-1-1.noarch base"}));
    EXPECT_EQ(scenario.install({"webserver >= 2"}), (Lines{"install nginx-1-1.noarch base"}));
    EXPECT_EQ(scenario.install({"webserver > 2"}), (Lines{"! No package webserver > 2 available."}));
    EXPECT_EQ(scenario.install({"/usr/bin/tool"}), (Lines{"install tool-1-1.noarch base"}));
}

TEST(Solve, an_installed_provider_is_enough) {
    const Scenario scenario{{.installed = {{.name = "httpd", .provides = {"webserver"}}},
                             .repos = {{.packages = {{.name = "nginx", .provides = {"webserver"}}}}}}};
    EXPECT_EQ(scenario.install({"webserver"}), (Lines{"! Package httpd-1-1.noarch already installed and latest version"}));
}

TEST(Solve, a_glob_means_every_name_it_matches) {
    const Scenario scenario{
        {.repos = {
             {.packages = {{.name = "lib-a"}, {.name = "lib-b", .version = "1"}, {.name = "lib-b", .version = "2"}, {.name = "other"}}}}}};
    EXPECT_EQ(scenario.install({"lib-*"}), (Lines{"install lib-a-1-1.noarch base", "install lib-b-2-1.noarch base"}));
}

struct SpecCase {
    const char* label;
    const char* spec;
    const char* expected;
};

class SpecForms : public ::testing::TestWithParam<SpecCase> {};

TEST_P(SpecForms, name_one_package) {
    const Scenario scenario{{.repos = {{.packages = {{.name = "foo", .version = "1", .arch = "x86_64"},
                                                     {.name = "foo", .version = "1", .arch = "i686"},
                                                     {.name = "foo", .version = "2", .release = "1", .epoch = "3", .arch = "x86_64"},
                                                     {.name = "foo", .version = "2", .release = "1", .epoch = "3", .arch = "i686"}}}}}};
    EXPECT_EQ(scenario.install({GetParam().spec}), (Lines{GetParam().expected}));
}

INSTANTIATE_TEST_SUITE_P(Solve, SpecForms,
                         ::testing::Values(SpecCase{"name", "foo", "install foo-3:2-1.x86_64 base"},
                                           SpecCase{"name_arch", "foo.i686", "install foo-3:2-1.i686 base"},
                                           SpecCase{"name_version", "foo-1", "install foo-1-1.x86_64 base"},
                                           SpecCase{"name_version_release", "foo-1-1", "install foo-1-1.x86_64 base"},
                                           SpecCase{"name_version_release_arch", "foo-1-1.i686", "install foo-1-1.i686 base"},
                                           SpecCase{"with_epoch", "foo-3:2-1.i686", "install foo-3:2-1.i686 base"},
                                           SpecCase{"epoch_first", "3:foo-2-1.i686", "install foo-3:2-1.i686 base"},
                                           SpecCase{"version_glob", "foo-1*", "install foo-1-1.x86_64 base"},
                                           SpecCase{"unknown_version", "foo-4", "! No package foo-4 available."},
                                           SpecCase{"unknown_arch", "foo.ppc64", "! No package foo.ppc64 available."}),
                         [](const auto& test) { return test.param.label; });

TEST(Solve, update_to_a_named_version_stops_there) {
    const Scenario scenario{
        {.installed = {{.name = "foo"}}, .repos = {{.packages = {{.name = "foo", .version = "2"}, {.name = "foo", .version = "3"}}}}}};
    EXPECT_EQ(scenario.update({"foo-2"}), (Lines{"update foo-2-1.noarch base, replaces foo-1-1.noarch"}));
    EXPECT_EQ(scenario.update({"foo"}), (Lines{"update foo-3-1.noarch base, replaces foo-1-1.noarch"}));
}

TEST(Solve, updates_keep_the_architecture) {
    const Scenario scenario{
        {.installed = {{.name = "foo", .arch = "i686"}},
         .repos = {{.packages = {{.name = "foo", .version = "3", .arch = "x86_64"}, {.name = "foo", .version = "2", .arch = "i686"}}}}}};
    EXPECT_EQ(scenario.update(), (Lines{"update foo-2-1.i686 base, replaces foo-1-1.i686"}));
}

TEST(Solve, packages_of_a_foreign_architecture_are_not_there) {
    const Scenario scenario{{.repos = {{.packages = {{.name = "foo", .arch = "aarch64"}, {.name = "foo", .arch = "src"}}}}}};
    EXPECT_EQ(scenario.install({"foo"}), (Lines{"! No package foo available."}));
    EXPECT_EQ(nevras(scenario.sack().available()), Lines{});
}

TEST(Solve, remove_takes_its_dependents_along) {
    const Scenario scenario{
        {.installed = {{.name = "lib"}, {.name = "app", .needs = {"lib"}}, {.name = "plugin", .needs = {"app"}}, {.name = "free"}}}};
    EXPECT_EQ(scenario.remove({"lib"}),
              (Lines{"remove lib-1-1.noarch installed", "+remove app-1-1.noarch installed", "+remove plugin-1-1.noarch installed"}));
}

TEST(Solve, remove_brings_nothing_in_to_keep_a_dependent) {
    const Scenario scenario{{.installed = {{.name = "mta-a", .provides = {"mta"}}, {.name = "cron", .needs = {"mta"}}},
                             .repos = {{.packages = {{.name = "mta-b", .provides = {"mta"}}, {.name = "cron", .version = "2"}}}}}};
    EXPECT_EQ(scenario.remove({"mta-a"}), (Lines{"remove mta-a-1-1.noarch installed", "+remove cron-1-1.noarch installed"}));
    EXPECT_EQ(scenario.install({"mta-b"}), (Lines{"install mta-b-1-1.noarch base"})) << "repositories must be back after a removal";
}

TEST(Solve, a_removed_package_knows_its_header_number) {
    const Scenario scenario{{.installed = {{.name = "a"}, {.name = "b"}}}};
    const auto outcome = scenario.solve(package::Verb::remove, {"b"});
    const auto& steps = std::get<package::Solution>(outcome).steps;
    ASSERT_THAT(steps, SizeIs(1));
    EXPECT_EQ(steps.front().package.rpmdb_id, 2);
}

TEST(Solve, a_missing_requirement_is_explained) {
    const Scenario scenario{{.repos = {{.packages = {{.name = "foo", .needs = {"bar >= 2"}}, {.name = "bar"}}}}}};
    EXPECT_EQ(scenario.install({"foo"}), (Lines{"? nothing provides bar >= 2 needed by foo-1-1.noarch"}));
}

TEST(Solve, the_newest_that_cannot_be_installed_is_an_error_and_not_an_older_one) {
    const Scenario scenario{
        {.installed = {{.name = "foo"}},
         .repos = {{.packages = {{.name = "foo", .version = "2"}, {.name = "foo", .version = "3", .needs = {"gone"}}}}}}};
    EXPECT_THAT(scenario.update(), ElementsAre(HasSubstr("nothing provides gone needed by foo-3-1.noarch")));
    EXPECT_THAT(scenario.install({"foo"}), ElementsAre(HasSubstr("nothing provides gone needed by foo-3-1.noarch")));
}

TEST(Solve, a_conflict_names_both_packages) {
    const Scenario scenario{{.installed = {{.name = "here"}}, .repos = {{.packages = {{.name = "foo", .conflicts = {"here"}}}}}}};
    EXPECT_THAT(scenario.install({"foo"}),
                ElementsAre(::testing::AllOf(HasSubstr("foo-1-1.noarch"), HasSubstr("conflicts with here"), HasSubstr("here-1-1.noarch"))));
}

TEST(Solve, an_update_that_would_break_an_installed_package_is_explained) {
    const Scenario scenario{{.installed = {{.name = "lib"}, {.name = "app", .needs = {"lib = 1-1"}}},
                             .repos = {{.packages = {{.name = "lib", .version = "2"}}}}}};
    EXPECT_THAT(scenario.update(), ElementsAre(HasSubstr("app-1-1.noarch requires lib = 1-1")));
}

TEST(Solve, of_the_same_package_in_two_repositories_the_cheaper_is_taken) {
    for (const int cheap : {1, 2}) {
        const Scenario scenario{{.repos = {{.id = "one", .packages = {{.name = "foo"}}, .cost = cheap == 1 ? 500 : 1000},
                                           {.id = "two", .packages = {{.name = "foo"}}, .cost = cheap == 2 ? 500 : 1000}}}};
        const std::string id = cheap == 1 ? "one" : "two";
        EXPECT_EQ(scenario.install({"foo"}), (Lines{"install foo-1-1.noarch " + id}));
        EXPECT_EQ(nevras(scenario.sack().available()), (Lines{"foo-1-1.noarch " + id}));
    }
}

TEST(Solve, the_newer_package_is_taken_from_the_costlier_repository) {
    const Scenario scenario{{.repos = {{.id = "cheap", .packages = {{.name = "foo"}}, .cost = 1},
                                       {.id = "dear", .packages = {{.name = "foo", .version = "2"}}}}}};
    EXPECT_EQ(scenario.install({"foo"}), (Lines{"install foo-2-1.noarch dear"}));
}

TEST(Solve, priority_wins_over_version) {
    const Scenario scenario{{.repos = {{.id = "first", .packages = {{.name = "foo"}}, .priority = 10},
                                       {.id = "second", .packages = {{.name = "foo", .version = "2"}}}}}};
    EXPECT_EQ(scenario.install({"foo"}), (Lines{"install foo-1-1.noarch first"}));
    EXPECT_EQ(nevras(scenario.sack().available()), (Lines{"foo-1-1.noarch first"}));
}

TEST(Solve, excluded_packages_are_not_there) {
    const Scenario scenario{
        {.installed = {{.name = "foo"}, {.name = "bar"}},
         .repos = {{.packages = {{.name = "foo", .version = "2"}, {.name = "bar", .version = "2"}, {.name = "bar-extra"}}}},
         .exclude = {"bar*", "none"}}};
    EXPECT_EQ(scenario.update(), (Lines{"update foo-2-1.noarch base, replaces foo-1-1.noarch"}));
    EXPECT_EQ(scenario.install({"bar-extra"}), (Lines{"! No package bar-extra available."}));
    EXPECT_EQ(nevras(scenario.sack().available()), (Lines{"foo-2-1.noarch base"}));
    EXPECT_EQ(nevras(scenario.sack().installed({"bar"})), (Lines{"bar-1-1.noarch installed"}));
}

TEST(Solve, a_repository_hides_what_it_excludes_and_what_it_does_not_include) {
    const Scenario scenario{{.repos = {{.id = "a", .packages = {{.name = "foo"}, {.name = "bar"}, {.name = "baz"}}, .exclude = {"bar"}},
                                       {.id = "b",
                                        .packages = {{.name = "bar", .version = "2"}, {.name = "foo", .version = "2"}, {.name = "bag"}},
                                        .exclude = {"bag"},
                                        .include = {"ba*"}}}}};
    EXPECT_EQ(nevras(scenario.sack().available()), (Lines{"bar-2-1.noarch b", "baz-1-1.noarch a", "foo-1-1.noarch a"}));
}

TEST(Solve, an_excluded_requirement_is_missing) {
    const Scenario scenario{{.repos = {{.packages = {{.name = "foo", .needs = {"bar"}}, {.name = "bar"}}}}, .exclude = {"bar"}}};
    EXPECT_THAT(scenario.install({"foo"}), ElementsAre(HasSubstr("bar needed by foo-1-1.noarch")));
}

TEST(Solve, strange_specs_match_nothing_and_harm_nothing) {
    const Scenario scenario{{.installed = {{.name = "here"}}, .repos = {{.packages = {{.name = "foo"}}}}}};
    const Lines specs{"",
                      " ",
                      "=",
                      "<",
                      ">= 1",
                      "foo <",
                      "= foo =",
                      "(",
                      "()",
                      "(a and",
                      "(a or b)",
                      "[",
                      "[a",
                      "*[",
                      "/",
                      "//",
                      "/*/..",
                      ".",
                      "-",
                      "--",
                      ":",
                      "a:b:c",
                      "foo.",
                      ".foo",
                      "foo-",
                      std::string(5000, 'x'),
                      std::string(3000, '('),
                      "\x1b[31m",
                      "%{foo}",
                      "\xff\xfe",
                      "foo\nbar",
                      "rpmlib(",
                      "namespace:foo()",
                      "name:",
                      "@group",
                      "!foo"};
    for (const auto verb : {package::Verb::install, package::Verb::update, package::Verb::remove}) {
        for (const auto& spec : specs) {
            const auto outcome = scenario.solve(verb, {spec});
            EXPECT_EQ(std::get<package::Solution>(outcome).unmatched, 1u) << spec;
            EXPECT_TRUE(std::get<package::Solution>(outcome).steps.empty()) << spec;
        }
    }
}

TEST(Solve, steps_stand_in_the_order_of_the_contract) {
    const Scenario scenario{{.installed = {{.name = "z"}, {.name = "a"}},
                             .repos = {{.packages = {{.name = "z", .version = "2"},
                                                     {.name = "a", .version = "2", .needs = {"y", "x"}},
                                                     {.name = "x"},
                                                     {.name = "y"},
                                                     {.name = "new", .obsoletes = {"z < 1"}}}}}}};
    EXPECT_EQ(scenario.update(),
              (Lines{"+install x-1-1.noarch base", "+install y-1-1.noarch base", "update a-2-1.noarch base, replaces a-1-1.noarch",
                     "update z-2-1.noarch base, replaces z-1-1.noarch"}));
}

}  // namespace
}  // namespace lastack::test
