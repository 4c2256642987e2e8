// `lastack config set` and `config unset`, `repo enable` and `repo disable`.
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack::cli::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

constexpr auto main_file = "etc/lastack/lastack.conf";
constexpr auto repo_file = "etc/yum.repos.d/some.repo";
constexpr auto two_repos =
    "# two\n[core.x]\nname=Core\nbaseurl=http://127.0.0.1:9/\nenabled = 0\n\n[core.y]\nbaseurl=http://127.0.0.1:9/\n";

class ConfigChange : public testing::Test {
protected:
    ScratchRoot root;

    void SetUp() override {
        root.write_main_configuration("# kept\nkeepcache = 1\n");
        root.write_repo_file("some", two_repos);
    }

    [[nodiscard]] std::string read(const char* name) const { return root.directory().read(name); }

    void expect_nothing_changed() const {
        EXPECT_EQ(read(main_file), "[main]\n# kept\nkeepcache = 1\n");
        EXPECT_EQ(read(repo_file), two_repos);
    }
};

TEST_F(ConfigChange, sets_options_of_main_where_they_stand_and_then_they_are_in_force) {
    const auto run = root.lastack({"config", "set", "keepcache=0", "timeout=12"});
    ASSERT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(read(main_file), "[main]\n# kept\nkeepcache = 0\ntimeout=12\n");
    EXPECT_THAT(run.out, AllOf(HasSubstr("[main] keepcache=0 (was 1)"), HasSubstr("[main] timeout=12 (was not set)")));
    const auto all = json::parse(root.lastack({"config", "--json"}).out);
    EXPECT_EQ(all["main"]["keepcache"]["value"], "0");
    EXPECT_EQ(all["main"]["timeout"]["value"], "12");
    ASSERT_EQ(root.lastack({"config", "unset", "timeout", "keepcache"}).status, 0);
    EXPECT_EQ(read(main_file), "[main]\n# kept\n");
}

TEST_F(ConfigChange, sets_options_of_repositories_by_id_and_glob_where_they_are_defined) {
    root.write_main_configuration("\n[core.main]\nbaseurl=http://127.0.0.1:9/\n");
    const auto run = root.lastack({"config", "set", "core.*.cost=7", "core.x.gpgcheck=0", "[c]ore.y.name=Y", "--json"});
    ASSERT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(read(repo_file),
              "# two\n[core.x]\nname=Core\nbaseurl=http://127.0.0.1:9/\nenabled = 0\ncost=7\ngpgcheck=0\n\n"
              "[core.y]\nbaseurl=http://127.0.0.1:9/\ncost=7\nname=Y\n");
    EXPECT_EQ(read(main_file), "[main]\n\n[core.main]\nbaseurl=http://127.0.0.1:9/\ncost=7\n");
    const auto changes = json::parse(run.out);
    ASSERT_EQ(changes.size(), 5U) << run.out;
    EXPECT_EQ(changes[0], (json{{"file", fs::canonical(root.path() / main_file).string()},
                                {"section", "core.main"},
                                {"key", "cost"},
                                {"old", nullptr},
                                {"new", "7"}}));
}

TEST_F(ConfigChange, makes_the_main_configuration_where_there_is_none) {
    fs::remove_all(root.path() / "etc/lastack");
    const auto run = root.lastack({"config", "set", "keepcache=0"});
    ASSERT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(read(main_file), "[main]\nkeepcache=0\n");
    fs::remove_all(root.path() / "etc/lastack");
    EXPECT_EQ(root.lastack({"config", "unset", "keepcache"}).status, 0);
    EXPECT_FALSE(fs::exists(root.path() / "etc/lastack"));
}

TEST_F(ConfigChange, writes_nothing_when_one_of_several_is_wrong) {
    struct Row {
        const char* word;
        int status;
        const char* says;
    };
    const Row rows[] = {
        {"keepcahe=1", 2, "did you mean 'keepcache'?"},
        {"core.x.gpgchek=1", 2, "did you mean 'gpgcheck'?"},
        {"nowhere.gpgchek=1", 2, "did you mean 'gpgcheck'?"},
        {"baseurl=http://h/", 2, "REPO.baseurl"},
        {"timeout=soon", 2, "'soon' is not a time"},
        {"core.x.enabled=perhaps", 2, "is not a boolean"},
        {"core.x.baseurl=htp://h/", 2, "htp"},
        {"core.x.name=a\nb", 2, "line end"},
        {"timeout", 2, "has no '='"},
        {".cost=1", 2, "is not KEY or REPO.KEY"},
        {"core.z.cost=1", 1, "there is no repository 'core.z'"},
        {"cor.x.cost=1", 1, "did you mean 'core.x'?"},
        {"other*.cost=1", 1, "no repository matches 'other*'"},
        {"cachedir=not/absolute", 1, "not an absolute path"},
    };
    for (const Row& row : rows) {
        const auto run = root.lastack({"config", "set", "keepcache=0", "core.x.cost=3", row.word});
        EXPECT_EQ(run.status, row.status) << row.word << told(run);
        EXPECT_THAT(run.err, HasSubstr(row.says)) << row.word;
        expect_nothing_changed();
    }
    EXPECT_EQ(root.lastack({"config", "unset", "keepcahe"}).status, 2);
    EXPECT_EQ(root.lastack({"config", "unset", "keepcache=1"}).status, 2);
    EXPECT_EQ(root.lastack({"config", "set"}).status, 2);
    EXPECT_EQ(root.lastack({"config", "set", "keepcache=0", "--setopt=timeout=3"}).status, 2);
    expect_nothing_changed();
    std::size_t files = 0;
    for (const auto& each : fs::recursive_directory_iterator{root.path() / "etc"}) {
        files += each.is_regular_file() ? 1 : 0;
    }
    EXPECT_EQ(files, 2U) << "nothing is left beside them";
}

TEST_F(ConfigChange, corrects_what_keeps_every_other_command_from_working) {
    root.write_main_configuration("timeout=soon\nkepcache=1\n");
    ASSERT_EQ(root.lastack({"repolist"}).status, 1);
    EXPECT_EQ(root.lastack({"config", "set", "keepcache=0"}).status, 1) << "it would still not work";
    const auto run = root.lastack({"config", "set", "timeout=5"});
    ASSERT_EQ(run.status, 0) << told(run);
    ASSERT_EQ(root.lastack({"config", "unset", "kepcache"}).status, 0) << "what is no option can be taken out";
    EXPECT_EQ(read(main_file), "[main]\ntimeout=5\n");
    EXPECT_EQ(root.lastack({"repolist"}).err, "");
}

TEST_F(ConfigChange, writes_to_what_a_link_leads_to_but_not_outside_of_the_root) {
    fs::rename(root.path() / repo_file, root.path() / "etc/real");
    fs::create_symlink("../real", root.path() / repo_file);
    ASSERT_EQ(root.lastack({"config", "set", "core.x.enabled=1"}).status, 0);
    EXPECT_TRUE(fs::is_symlink(root.path() / repo_file));
    EXPECT_THAT(read("etc/real"), HasSubstr("enabled = 1\n"));

    const lastack::test::TempDirectory elsewhere;
    const auto outside = elsewhere.write("real", two_repos);
    fs::remove(root.path() / repo_file);
    fs::create_symlink(outside, root.path() / repo_file);
    const auto run = root.lastack({"config", "set", "core.x.enabled=1"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.err, AllOf(HasSubstr("outside"), HasSubstr("--repo-file")));
    EXPECT_EQ(elsewhere.read("real"), two_repos);
    ASSERT_EQ(root.lastack({"config", "set", "core.x.enabled=1", "--repo-file=" + outside.string()}).status, 0);
    EXPECT_THAT(elsewhere.read("real"), HasSubstr("enabled = 1\n"));
}

TEST_F(ConfigChange, keeps_mode_and_says_what_cannot_be_written) {
    const fs::path file = root.path() / main_file;
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
    ASSERT_EQ(root.lastack({"config", "set", "keepcache=0"}).status, 0);
    struct stat info{};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0600U);
    if (::geteuid() == 0) {
        return;  // root may write everywhere
    }
    ASSERT_EQ(::chmod(file.parent_path().c_str(), 0500), 0);
    const auto run = root.lastack({"config", "set", "keepcache=1"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.err, AllOf(HasSubstr("cannot change"), HasSubstr("ermission")));
    EXPECT_EQ(root.lastack({"config", "set", "keepcache=0"}).status, 0) << "nothing is to be written";
    ASSERT_EQ(::chmod(file.parent_path().c_str(), 0700), 0);
}

TEST_F(ConfigChange, shows_no_password) {
    const auto run = root.lastack({"config", "set", "password=hunter2", "core.x.proxy=http://u:hunter2@h/"});
    ASSERT_EQ(run.status, 0) << told(run);
    const auto json = root.lastack({"config", "set", "password=hunter2x", "--json"});
    EXPECT_THAT(run.out + run.err + json.out + json.err, Not(HasSubstr("hunter2")));
    EXPECT_THAT(run.err, HasSubstr("every user of this machine can read it"));
    root.write_repo_file("typo", "[typo]\npasword=hunter2\nbaseurl=http://127.0.0.1:9/\n");
    const auto unset = root.lastack({"config", "unset", "typo.pasword"});
    EXPECT_EQ(unset.status, 0) << told(unset);
    EXPECT_THAT(unset.out + unset.err, Not(HasSubstr("hunter2")));
}

TEST_F(ConfigChange, tells_of_a_line_elsewhere_that_wins) {
    root.directory().write("etc/dnf/repos.override.d/a.repo", "[core.x]\ncost=9\nenabled=0\n");
    const auto run = root.lastack({"config", "set", "core.x.cost=7"});
    EXPECT_EQ(run.status, 0);
    EXPECT_THAT(run.err, AllOf(HasSubstr("a.repo:2"), HasSubstr("wins")));
    const auto enable = root.lastack({"repo", "enable", "core.x"});
    EXPECT_EQ(enable.status, 1);
    EXPECT_THAT(enable.err, HasSubstr("a.repo:3"));
}

TEST_F(ConfigChange, of_options_without_effect_is_told) {
    const auto run = root.lastack({"config", "set", "deltarpm=1"});
    EXPECT_EQ(run.status, 0);
    EXPECT_THAT(run.err, HasSubstr("'deltarpm' has no effect"));
}

using RepoSwitch = ConfigChange;

TEST_F(RepoSwitch, enables_and_disables_for_good) {
    const auto enable = root.lastack({"repo", "enable", "core.*"});
    ASSERT_EQ(enable.status, 0) << told(enable);
    EXPECT_THAT(enable.out, AllOf(HasSubstr("core.x is enabled now ("), HasSubstr("core.y is enabled already")));
    EXPECT_THAT(read(repo_file), HasSubstr("enabled = 1\n\n[core.y]\nbaseurl=http://127.0.0.1:9/\n"));
    const auto disable = root.lastack({"repo", "disable", "core.y", "core.y", "--json"});
    ASSERT_EQ(disable.status, 0) << told(disable);
    EXPECT_EQ(
        json::parse(disable.out),
        (json::array(
            {{{"id", "core.y"}, {"is_enabled", false}, {"changed", true}, {"file", fs::canonical(root.path() / repo_file).string()}}})));
    EXPECT_THAT(read(repo_file), testing::EndsWith("[core.y]\nbaseurl=http://127.0.0.1:9/\nenabled=0\n"));
    const auto again = root.lastack({"repo", "disable", "core.y", "--json"});
    EXPECT_EQ(again.status, 0);
    EXPECT_EQ(json::parse(again.out), (json::array({{{"id", "core.y"}, {"is_enabled", false}, {"changed", false}, {"file", nullptr}}})));
}

TEST_F(RepoSwitch, of_an_id_that_matches_nothing_changes_nothing_and_names_the_nearest) {
    const auto run = root.lastack({"repo", "enable", "core.x", "cor.y"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.err, AllOf(HasSubstr("there is no repository 'cor.y'"), HasSubstr("core.y")));
    EXPECT_EQ(root.lastack({"repo", "disable", "none*"}).status, 1);
    EXPECT_EQ(root.lastack({"repo", "enable"}).status, 2);
    EXPECT_EQ(root.lastack({"repo"}).status, 2);
    const auto unknown = root.lastack({"repo", "frobnicate"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_THAT(unknown.err, HasSubstr("no known command was given: repo frobnicate"));
    expect_nothing_changed();
    root.write_repo_file("bad", "[bad]\nenabled=perhaps\nbaseurl=http://127.0.0.1:9/\n");
    const auto bad = root.lastack({"repo", "disable", "bad"});
    EXPECT_EQ(bad.status, 1);
    EXPECT_THAT(bad.err, HasSubstr("bad.repo:2"));
    const std::string file = (root.path() / "etc/yum.repos.d/bad.repo").string();
    EXPECT_EQ(root.lastack({"config", "set", "bad.enabled=0", "--repo-file=" + file}).status, 0) << "but this can be corrected";
    EXPECT_THAT(read("etc/yum.repos.d/bad.repo"), HasSubstr("enabled=0\n"));
}

TEST_F(RepoSwitch, works_where_no_other_command_does_because_nobody_can_tell_the_releasever) {
    root.write_repo_file("ver", "[ver]\nbaseurl=http://127.0.0.1:9/$releasever/\n");
    ASSERT_EQ(root.lastack({"repolist"}).status, 1);
    const auto run = root.lastack({"repo", "disable", "ver"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(root.lastack({"repolist"}).status, 0);
}

TEST_F(RepoSwitch, list_and_info_are_repolist_and_repoinfo) {
    for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{{}, {"--all"}, {"disabled"}, {"core.*", "--json"}}) {
        std::vector<std::string> one{"repolist"};
        std::vector<std::string> two{"repo", "list"};
        one.insert(one.end(), more.begin(), more.end());
        two.insert(two.end(), more.begin(), more.end());
        EXPECT_EQ(root.lastack(one).out, root.lastack(two).out);
    }
    EXPECT_EQ(root.lastack({"-C", "repoinfo", "core.x", "--json"}).out, root.lastack({"-C", "repo", "info", "core.x", "--json"}).out);
    EXPECT_THAT(root.lastack({"help", "repo", "list"}).out, AllOf(HasSubstr("lastack repo list"), HasSubstr("--disabled")));
    EXPECT_THAT(root.lastack({"help", "repo"}).out, AllOf(HasSubstr("enable"), HasSubstr("disable"), HasSubstr("info")));
}

}  // namespace
}  // namespace lastack::cli::test
