#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// `tool` 1.0 is installed with `plugin`, which needs it; the repository has `tool` 2.0, and `editor` which needs `fonts`.
struct Site {
    Site() {
        root.add_repository(nginx, "core",
                            {{.name = "tool", .version = "2.0"},
                             {.name = "editor", .version = "3.1", .requires_ = {"fonts"}},
                             {.name = "fonts", .version = "0.5", .epoch = "2"}});
        root.install({{.name = "tool"}, {.name = "plugin", .requires_ = {"tool"}}});
    }

    ScratchRoot root;
    NginxServer nginx{{.root = root.served()}};
};

TEST(Install, brings_what_is_needed_along) {
    const Site site;
    const auto run = site.root.lastack({"-y", "install", "editor"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out,
                HasSubstr("\nInstalled:\n  editor.noarch 0:3.1-1\n\nDependency Installed:\n  fonts.noarch 2:0.5-1\n\nComplete!\n"));
    EXPECT_THAT(site.root.installed(), ElementsAre("editor-3.1-1", "fonts-0.5-1", "plugin-1.0-1", "tool-1.0-1"));
}

TEST(Install, of_something_unknown_exits_with_1) {
    const Site site;
    const auto run = site.root.lastack({"-y", "install", "nothing-like-it"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.out + run.err, HasSubstr("nothing-like-it"));
    EXPECT_THAT(run.err, HasSubstr("Nothing to do"));
}

TEST(Install, of_what_is_installed_has_nothing_to_do) {
    const Site site;
    const auto run = site.root.lastack({"-y", "install", "plugin"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, HasSubstr("Nothing to do"));
}

TEST(Install, that_cannot_be_solved_says_why) {
    const Site site;
    site.root.publish("core", {{.name = "editor", .version = "3.2", .requires_ = {"missing-library"}}});
    const auto run = site.root.lastack({"-y", "install", "editor"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("missing-library"));
    EXPECT_THAT(site.root.installed(), ElementsAre("plugin-1.0-1", "tool-1.0-1"));
}

TEST(Update, of_a_named_package_leaves_the_others) {
    const Site site;
    site.root.install({{.name = "fonts", .version = "0.1", .epoch = "2"}});
    const auto run = site.root.lastack({"-y", "update", "fonts"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(site.root.installed(), ElementsAre("fonts-0.5-1", "plugin-1.0-1", "tool-1.0-1"));
}

TEST(Update, without_news_has_nothing_to_do) {
    const Site site;
    ASSERT_EQ(site.root.lastack({"-y", "update"}).status, 0);
    const auto run = site.root.lastack({"update"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, HasSubstr("No packages marked for update"));
}

TEST(Remove, takes_what_needs_it_along_and_asks_no_server) {
    const Site site;
    const auto run = site.root.lastack({"-y", "remove", "tool"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, HasSubstr("\nRemoved:\n  tool.noarch 0:1.0-1\n\nDependency Removed:\n  plugin.noarch 0:1.0-1\n\nComplete!\n"));
    EXPECT_THAT(site.root.installed(), IsEmpty());
    EXPECT_THAT(site.nginx.log(), IsEmpty());
}

TEST(List, shows_what_is_asked_for) {
    const Site site;
    const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> table{
        {{}, {"Installed Packages", "plugin.noarch", "tool.noarch", "Available Packages", "editor.noarch", "fonts.noarch", "tool.noarch"}},
        {{"all", "t*"}, {"Installed Packages", "tool.noarch", "Available Packages", "tool.noarch"}},
        {{"installed"}, {"Installed Packages", "plugin.noarch", "tool.noarch"}},
        {{"available"}, {"Available Packages", "editor.noarch", "fonts.noarch", "tool.noarch"}},
        {{"available", "fonts"}, {"Available Packages", "fonts.noarch"}},
        {{"updates"}, {"Updated Packages", "tool.noarch"}},
        {{"plugin"}, {"Installed Packages", "plugin.noarch"}},
    };
    for (auto [arguments, lines] : table) {
        arguments.insert(arguments.begin(), {"-q", "list"});
        const auto run = site.root.lastack(arguments);
        EXPECT_EQ(run.status, 0) << told(run);
        std::vector<std::string> seen;
        for (std::size_t begin = 0; begin < run.out.size(); begin = run.out.find('\n', begin) + 1) {
            const auto line = run.out.substr(begin, run.out.find('\n', begin) - begin);
            seen.push_back(line.ends_with(" Packages") ? line : line.substr(0, line.find(' ')));
        }
        EXPECT_EQ(seen, lines) << told(run);
    }
}

TEST(List, names_version_and_repository_in_columns) {
    const Site site;
    const auto run = site.root.lastack({"-q", "list", "fonts", "plugin"});
    EXPECT_EQ(run.out,
              "Installed Packages\n"
              "plugin.noarch                 1.0-1                    installed\n"
              "Available Packages\n"
              "fonts.noarch                  2:0.5-1                  core\n");
}

TEST(List, without_a_match_exits_with_1) {
    const Site site;
    const auto run = site.root.lastack({"list", "nothing-like-it"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.err, HasSubstr("No matching Packages to list"));
}

TEST(CheckUpdate, exits_with_100_and_names_the_updates_and_with_0_when_there_are_none) {
    const Site site;
    const auto some = site.root.lastack({"check-update"});
    EXPECT_EQ(some.status, 100) << told(some);
    EXPECT_THAT(some.out, testing::ContainsRegex("\ntool.noarch +2.0-1 +core\n$"));
    const auto none = site.root.lastack({"check-update", "plugin"});
    EXPECT_EQ(none.status, 0) << told(none);
    EXPECT_THAT(none.out, Not(HasSubstr("tool")));
}

TEST(Makecache, asks_a_second_time_only_whether_something_changed) {
    const Site site;
    const auto first = site.root.lastack({"makecache"});
    ASSERT_EQ(first.status, 0) << told(first);
    EXPECT_THAT(first.out, HasSubstr("Metadata Cache Created\n"));
    const auto before = site.nginx.wait_for_log(2).size();
    ASSERT_EQ(before, 2U);

    const auto second = site.root.lastack({"makecache"});
    EXPECT_EQ(second.status, 0) << told(second);
    const auto log = site.nginx.wait_for_log(before + 1);
    ASSERT_THAT(log, SizeIs(before + 1));
    EXPECT_EQ(log.back().status, 304);
}

TEST(Makecache, without_repositories_exits_with_1) {
    const ScratchRoot root;
    const auto run = root.lastack({"makecache"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.err, HasSubstr("no enabled repositories"));
}

TEST(Update, without_an_enabled_repository_says_so_and_list_shows_what_is_installed) {
    const ScratchRoot root;
    for (const char* command : {"update", "check-update"}) {
        const auto run = root.lastack({command});
        EXPECT_EQ(run.status, 1) << command;
        EXPECT_THAT(run.err, HasSubstr("no enabled repositories")) << command;
    }
    EXPECT_EQ(root.lastack({"list"}).status, 0);
}

TEST(Clean, removes_packages_or_metadata_or_all) {
    const Site site;
    ASSERT_EQ(site.root.lastack({"-y", "--downloadonly", "update"}).status, 0);
    ASSERT_THAT(site.root.cached(".rpm"), SizeIs(1));
    ASSERT_THAT(site.root.cached("repomd.xml"), Not(IsEmpty()));

    const auto packages = site.root.lastack({"clean", "packages"});
    EXPECT_EQ(packages.status, 0) << told(packages);
    EXPECT_EQ(packages.out, "1 file removed\n");
    EXPECT_THAT(site.root.cached(".rpm"), IsEmpty());
    EXPECT_THAT(site.root.cached("repomd.xml"), Not(IsEmpty()));

    EXPECT_EQ(site.root.lastack({"clean", "all"}).status, 0);
    EXPECT_THAT(site.root.cached("repomd.xml"), IsEmpty());
}

TEST(Clean, expire_cache_makes_the_next_command_ask) {
    const Site site;
    ASSERT_EQ(site.root.lastack({"makecache"}).status, 0);
    ASSERT_EQ(site.root.lastack({"check-update"}).status, 100);
    ASSERT_THAT(site.nginx.log(), SizeIs(2));  // the second command took what the first had brought

    EXPECT_EQ(site.root.lastack({"clean", "expire-cache"}).status, 0);
    EXPECT_EQ(site.root.lastack({"check-update"}).status, 100);
    EXPECT_THAT(site.nginx.wait_for_log(3), SizeIs(3));
}

TEST(Help, is_told_on_standard_output) {
    const ScratchRoot root;
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"help"}, {"--help"}, {"help", "update"}, {"update", "--help"}}) {
        const auto run = root.lastack(arguments);
        EXPECT_EQ(run.status, 0) << told(run);
        EXPECT_THAT(run.out, HasSubstr("update"));
        EXPECT_THAT(run.err, IsEmpty());
    }
}

TEST(Help, of_get_tells_its_options) {
    const auto run = ScratchRoot{}.lastack({"get", "--help"});
    EXPECT_EQ(run.status, 0) << told(run);
    for (const char* option : {"--range", "--continue", "--manifest", "--limit-rate"}) {
        EXPECT_THAT(run.out, HasSubstr(option));
    }
}

TEST(Usage, that_is_wrong_exits_with_2_and_says_why_on_standard_error) {
    const ScratchRoot root;
    const std::vector<std::pair<std::vector<std::string>, std::string>> table{
        {{}, "command"},
        {{"frobnicate"}, "frobnicate"},
        {{"help", "frobnicate"}, "frobnicate"},
        {{"update", "--frobnicate"}, "--frobnicate"},
        {{"install"}, "PACKAGE"},
        {{"get"}, "URL"},
        {{"clean", "everything"}, "everything"},
        {{"-q", "-v", "update"}, "-q and -v"},
        {{"--repofrompath=x", "update"}, "ID,URL"},
    };
    for (const auto& [arguments, word] : table) {
        const auto run = root.lastack(arguments);
        EXPECT_EQ(run.status, 2) << testing::PrintToString(arguments) << told(run);
        EXPECT_THAT(run.err, HasSubstr(word));
        EXPECT_THAT(run.out, IsEmpty());
    }
}

}  // namespace
}  // namespace lastack::cli::test
