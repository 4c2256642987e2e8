#include "repo/config.hpp"

#include "repo/config_files.hpp"
#include "repo/error.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace lastack::repo {
namespace {

using test::TempDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

std::vector<std::string> ids_of(const Config& config) {
    std::vector<std::string> ids;
    for (const RepoConfig& repo : config.repos) {
        ids.push_back((repo.enabled ? "+" : "-") + repo.id);
    }
    return ids;
}

const RepoConfig& repo_of(const Config& config, std::string_view id) {
    for (const RepoConfig& repo : config.repos) {
        if (repo.id == id) {
            return repo;
        }
    }
    throw std::runtime_error("no such repository");
}

// A root with a main file and two repositories.
class LoadConfig : public testing::Test {
protected:
    LoadConfig() {
        root.write("etc/os-release", "VERSION_ID=9\n");
        root.write("etc/yum.conf", "[main]\ngpgcheck=1\n");
        root.write("etc/yum.repos.d/a.repo", "[alpha]\nbaseurl=http://h/$releasever/\n[beta]\nbaseurl=http://h/b\nenabled=0\n");
        overrides.installroot = root.path();
    }
    Config load() const {
        auto config = load_config(overrides);
        if (!config) {
            throw std::runtime_error(describe(config.error()));
        }
        return *std::move(config);
    }
    Error failure() const {
        auto config = load_config(overrides);
        return config ? Error{} : config.error();
    }

    TempDirectory root;
    Overrides overrides;
};

TEST_F(LoadConfig, repositories_are_found_below_the_installroot) {
    const Config config = load();
    EXPECT_THAT(ids_of(config), ElementsAre("+alpha", "-beta"));
    EXPECT_THAT(repo_of(config, "alpha").baseurl, ElementsAre("http://h/9"));
    EXPECT_EQ(config.main.installroot, root.path());
    EXPECT_EQ(config.main.cachedir, root / "var/cache/lastack");
    EXPECT_THAT(config.main.reposdir, ElementsAre(root / "etc/yum.repos.d"));
    EXPECT_THAT(config.warnings, IsEmpty());
}

TEST_F(LoadConfig, the_first_main_file_of_the_list_is_taken) {
    root.write("etc/dnf/dnf.conf", "[main]\nretries=4\n");
    EXPECT_EQ(load().main.retries, 10u);
    root.write("etc/lastack/lastack.conf", "[main]\nretries=5\n");
    EXPECT_EQ(load().main.retries, 5u);
    fs::remove(root / "etc/lastack/lastack.conf");
    fs::remove(root / "etc/yum.conf");
    EXPECT_EQ(load().main.retries, 4u);
    fs::remove(root / "etc/dnf/dnf.conf");
    EXPECT_EQ(load().main.retries, 10u);
}

TEST_F(LoadConfig, a_file_given_by_name_must_be_there) {
    overrides.config_file = root / "no.conf";
    EXPECT_EQ(failure().code, RepoErrc::bad_config);
    EXPECT_THAT(failure().cause, HasSubstr("no.conf"));
    overrides.config_file = root.write("my.conf", "[main]\nretries=3\n");
    EXPECT_EQ(load().main.retries, 3u);
    overrides.config_file = root.path();
    EXPECT_EQ(failure().code, RepoErrc::bad_config);
}

TEST_F(LoadConfig, a_bad_main_file_is_an_error_with_file_and_line) {
    root.write("etc/yum.conf", "[main]\n\ngpgcheck=perhaps\n");
    EXPECT_EQ(failure().code, RepoErrc::bad_config);
    EXPECT_THAT(failure().cause, HasSubstr("etc/yum.conf:3: "));
}

TEST_F(LoadConfig, repositories_may_stand_in_the_main_file) {
    root.write("etc/yum.conf", "[main]\nretries=2\n[inline]\nbaseurl=http://h/i\n");
    const Config config = load();
    EXPECT_THAT(ids_of(config), ElementsAre("+alpha", "-beta", "+inline"));
    EXPECT_EQ(repo_of(config, "inline").retries, 2u);
}

TEST_F(LoadConfig, repositories_are_sorted_by_cost_and_then_id) {
    root.write("etc/yum.repos.d/z.repo", "[zero]\ncost=1\nbaseurl=http://h/z\n");
    EXPECT_THAT(ids_of(load()), ElementsAre("+zero", "+alpha", "-beta"));
}

TEST_F(LoadConfig, other_files_and_unreadable_ones_do_not_stop_it) {
    root.write("etc/yum.repos.d/README", "[readme]\n");
    root.write("etc/yum.repos.d/x.repo.rpmnew", "[rpmnew]\n");
    fs::create_symlink("loop.repo", root / "etc/yum.repos.d/loop.repo");
    fs::create_directory(root / "etc/yum.repos.d/dir.repo");
    root.write("etc/yum.repos.d/big.repo", std::string((8u << 20) + 1, '\n'));
    const Config config = load();
    EXPECT_THAT(ids_of(config), ElementsAre("+alpha", "-beta"));
    EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("big.repo"), HasSubstr("dir.repo"), HasSubstr("loop.repo")));
}

TEST_F(LoadConfig, setopt_precedence_is_defaults_main_repo_setopt) {
    root.write("etc/yum.conf", "[main]\nretries=2\ntimeout=20\n");
    root.write("etc/yum.repos.d/a.repo", "[alpha]\nretries=3\nbaseurl=http://h/a\n[beta]\nbaseurl=http://h/b\n");
    EXPECT_EQ(repo_of(load(), "alpha").retries, 3u);
    EXPECT_EQ(repo_of(load(), "beta").retries, 2u);
    overrides.setopts = {"retries=4"};
    EXPECT_EQ(load().main.retries, 4u);
    EXPECT_EQ(repo_of(load(), "alpha").retries, 3u) << "what the repository says itself stays";
    EXPECT_EQ(repo_of(load(), "beta").retries, 4u);
    overrides.setopts = {"*.retries=5", "beta.retries=6", "main.timeout=7"};
    EXPECT_EQ(repo_of(load(), "alpha").retries, 5u);
    EXPECT_EQ(repo_of(load(), "beta").retries, 6u);
    EXPECT_EQ(repo_of(load(), "beta").timeout, std::chrono::seconds{7});
    overrides.setopts = {"beta.retries=6", "*.retries=5"};
    EXPECT_EQ(repo_of(load(), "beta").retries, 6u) << "one by its name comes after many, wherever it stands";
}

TEST_F(LoadConfig, setopt_splits_at_the_first_equals_and_the_last_dot_before_it) {
    root.write("etc/yum.repos.d/c.repo", "[c.d.e]\nbaseurl=http://h/c\n");
    overrides.setopts = {"c.d.e.baseurl=http://h/x.y/?a=b"};
    EXPECT_THAT(repo_of(load(), "c.d.e").baseurl, ElementsAre("http://h/x.y/?a=b"));
}

TEST_F(LoadConfig, a_wrong_setopt_is_an_error) {
    for (const char* setopt : {"nosuch=1", "alpha.nosuch=1", "nomatch.nosuch=1", "gpgcheck=perhaps", "alpha.gpgcheck=perhaps", "gpgcheck",
                               "=1", ".gpgcheck=1", "baseurl=http://h/", "alpha.cachedir=/x", "gpgcheck=1\n", ""}) {
        overrides.setopts = {setopt};
        EXPECT_EQ(failure().code, RepoErrc::bad_option) << setopt;
        EXPECT_THAT(failure().cause, HasSubstr("--setopt=")) << setopt;
    }
}

TEST_F(LoadConfig, a_setopt_without_effect_is_told) {
    overrides.setopts = {"nomatch.gpgcheck=1", "sslverifystatus=1", "logfile=/x"};
    EXPECT_THAT(load().warnings, ElementsAre("--setopt=sslverifystatus=1: option 'sslverifystatus' is not supported and has no effect",
                                             "--setopt=nomatch.gpgcheck=1: no repository matches 'nomatch'"));
}

TEST_F(LoadConfig, excludes_of_the_command_line_replace_those_of_the_file) {
    root.write("etc/yum.conf", "[main]\nexclude=kernel*\n");
    EXPECT_THAT(load().main.exclude, ElementsAre("kernel*"));
    overrides.setopts = {"exclude=foo,bar"};
    EXPECT_THAT(load().main.exclude, ElementsAre("foo", "bar"));
    overrides.setopts = {"excludepkgs="};
    EXPECT_THAT(load().main.exclude, IsEmpty());
}

TEST_F(LoadConfig, repositories_are_switched_in_the_order_given) {
    using Switches = std::vector<std::pair<std::string, bool>>;
    const std::pair<Switches, std::vector<std::string>> rows[] = {
        {{{"beta", true}}, {"+alpha", "+beta"}},
        {{{"*", false}, {"beta", true}}, {"-alpha", "+beta"}},
        {{{"beta", true}, {"*", false}}, {"-alpha", "-beta"}},
        {{{"alpha,beta", false}}, {"-alpha", "-beta"}},
        {{{"[ab]*", true}, {"al?ha", false}}, {"-alpha", "+beta"}},
        {{{"nothing*", true}}, {"+alpha", "-beta"}},
    };
    for (const auto& [switches, expected] : rows) {
        overrides.repo_switches = switches;
        EXPECT_EQ(ids_of(load()), expected);
    }
}

TEST_F(LoadConfig, an_unknown_exact_id_is_an_error) {
    for (const bool enable : {true, false}) {
        overrides.repo_switches = {{"alpha,gamma", enable}};
        EXPECT_EQ(failure().code, RepoErrc::unknown_repo);
        EXPECT_THAT(failure().cause, HasSubstr("'gamma'"));
    }
}

TEST_F(LoadConfig, enabling_a_repository_that_was_left_out_says_why) {
    root.write("etc/yum.repos.d/bad.repo", "[bad]\nenabled=0\ngpgcheck=perhaps\n");
    EXPECT_THAT(ids_of(load()), ElementsAre("+alpha", "-beta"));
    overrides.repo_switches = {{"bad", true}};
    EXPECT_EQ(failure().code, RepoErrc::unknown_repo);
    EXPECT_THAT(failure().cause, HasSubstr("bad.repo:3: "));
}

TEST_F(LoadConfig, repofrompath_adds_an_enabled_repository_that_checks_signatures) {
    overrides.repos_from_path = {{"extra", "http://h/$releasever/x/"}};
    overrides.repo_switches = {{"*", false}, {"extra", true}};
    const Config config = load();
    EXPECT_THAT(ids_of(config), ElementsAre("-alpha", "-beta", "+extra"));
    EXPECT_THAT(repo_of(config, "extra").baseurl, ElementsAre("http://h/9/x"));
    EXPECT_EQ(repo_of(config, "extra").origin, "--repofrompath");
    EXPECT_TRUE(repo_of(config, "extra").gpgcheck);
}

TEST_F(LoadConfig, repofrompath_takes_paths_of_this_machine_and_ftp) {
    overrides.repos_from_path = {{"a", "/srv/repo"}, {"b", "file:///srv/repo"}, {"c", "ftp://h/x"}};
    const Config config = load();
    EXPECT_THAT(repo_of(config, "a").baseurl, ElementsAre("file:///srv/repo"));
    EXPECT_THAT(repo_of(config, "b").baseurl, ElementsAre("file:///srv/repo"));
    EXPECT_THAT(repo_of(config, "c").baseurl, ElementsAre("ftp://h/x"));
}

TEST_F(LoadConfig, repofrompath_refuses_what_is_no_url) {
    for (const char* url : {"file://elsewhere/srv", "gopher://h/x", "relative", "", "http://", "http://h/a b"}) {
        overrides.repos_from_path = {{"extra", url}};
        EXPECT_EQ(failure().code, RepoErrc::bad_option) << url;
        EXPECT_THAT(failure().next_step, HasSubstr("http://")) << url;
    }
    for (const char* id : {"", "..", "a/b", "main", "a b"}) {
        overrides.repos_from_path = {{id, "http://h/x"}};
        EXPECT_EQ(failure().code, RepoErrc::bad_option) << id;
    }
}

TEST_F(LoadConfig, releasever_of_the_command_line_wins) {
    root.write("etc/yum/vars/releasever", "8\n");
    EXPECT_THAT(repo_of(load(), "alpha").baseurl, ElementsAre("http://h/8"));
    overrides.releasever = "7";
    EXPECT_THAT(repo_of(load(), "alpha").baseurl, ElementsAre("http://h/7"));
    for (const char* bad : {"../x", "", "a b", "9\n"}) {
        overrides.releasever = bad;
        EXPECT_EQ(failure().code, RepoErrc::bad_option) << bad;
    }
}

TEST_F(LoadConfig, without_a_releasever_repositories_that_need_it_must_be_disabled) {
    fs::remove(root / "etc/os-release");
    EXPECT_EQ(failure().code, RepoErrc::bad_config);
    EXPECT_THAT(failure().cause, HasSubstr("'alpha'"));
    overrides.repo_switches = {{"alpha", false}};
    EXPECT_THAT(ids_of(load()), ElementsAre("-alpha", "-beta"));
}

TEST_F(LoadConfig, cachedir_lies_below_the_installroot_unless_given_on_the_command_line) {
    root.write("etc/yum.conf", "[main]\ncachedir=/var/cache/yum/$releasever\n");
    EXPECT_EQ(load().main.cachedir, root / "var/cache/yum/9");
    root.write("etc/yum.conf", "[main]\ncachedir=" + (root / "c").string() + "\n");
    EXPECT_EQ(load().main.cachedir, root / "c");
    overrides.setopts = {"cachedir=/elsewhere"};
    EXPECT_EQ(load().main.cachedir, "/elsewhere");
    overrides.setopts.clear();
    root.write("etc/yum.conf", "[main]\ncachedir=relative\n");
    EXPECT_EQ(failure().code, RepoErrc::bad_config);
}

TEST_F(LoadConfig, a_reposdir_that_was_given_replaces_the_list) {
    const TempDirectory other;
    other.write("o.repo", "[other]\nbaseurl=http://h/o\n");
    overrides.setopts = {"reposdir=" + other.path().string()};
    EXPECT_THAT(ids_of(load()), ElementsAre("+other"));
    root.write("my/m.repo", "[mine]\nbaseurl=http://h/m\n");
    overrides.setopts = {"reposdir=/my"};
    EXPECT_THAT(ids_of(load()), ElementsAre("+mine"));
    overrides.setopts = {"reposdir=/nowhere-at-all"};
    EXPECT_THAT(ids_of(load()), IsEmpty());
}

TEST_F(LoadConfig, the_installroot_must_be_absolute) {
    overrides.installroot = "relative";
    EXPECT_EQ(failure().code, RepoErrc::bad_option);
}

TEST_F(LoadConfig, the_installroot_must_be_a_directory_or_not_be_there) {
    overrides.installroot = root / "etc/yum.conf";
    EXPECT_EQ(failure().code, RepoErrc::bad_option);
    EXPECT_NE(failure().cause.find("yum.conf is not a directory"), std::string::npos);
    overrides.installroot = root / "not-yet";
    EXPECT_EQ(load().main.installroot, root / "not-yet");
}

TEST_F(LoadConfig, warnings_of_disabled_repositories_about_their_urls_are_not_shown) {
    root.write("etc/yum.repos.d/f.repo", "[f]\nenabled=0\nbaseurl=gopher://h/\nmetalink=http://m:x/\n");
    EXPECT_THAT(load().warnings, IsEmpty());
    overrides.repo_switches = {{"f", true}};
    EXPECT_EQ(load().warnings.size(), 2u);
}

TEST_F(LoadConfig, local_and_ftp_urls_and_metalinks_are_taken_and_their_variables_expanded) {
    root.write("etc/yum/vars/where", "media\n");
    root.write("etc/yum.repos.d/f.repo", "[f]\nbaseurl=file:///srv/$where/ ftp://h/x\nmetalink=https://m/$where\n");
    const auto config = load();
    EXPECT_THAT(config.warnings, IsEmpty());
    const auto repo = std::ranges::find(config.repos, "f", &RepoConfig::id);
    ASSERT_NE(repo, config.repos.end());
    EXPECT_THAT(repo->baseurl, testing::ElementsAre("file:///srv/media", "ftp://h/x"));
    EXPECT_EQ(repo->metalink, "https://m/media");
    root.write("etc/yum.repos.d/f.repo", "[f]\nbaseurl=file://elsewhere/srv file:srv\n");
    EXPECT_EQ(load().warnings.size(), 2u);
}

TEST_F(LoadConfig, dnf5_s_directories_are_read_and_overrides_change_what_matches_and_the_last_one_wins) {
    root.write("etc/distro.repos.d/d.repo", "[distro]\nbaseurl=http://h/d\n");
    root.write("usr/share/dnf5/repos.d/s.repo", "[shared]\nbaseurl=http://h/s\n");
    root.write("usr/share/dnf5/repos.override.d/1.repo", "[*]\nretries=3\ncost=5\n");
    root.write("etc/dnf/repos.override.d/1.repo", "[d*]\nretries=4\n[shared]\ncost=high\n[nothere]\ncost=1\n");
    const auto config = load();
    EXPECT_EQ(repo_of(config, "distro").retries, 4u);
    EXPECT_EQ(repo_of(config, "shared").retries, 3u);
    EXPECT_EQ(repo_of(config, "shared").cost, 5);
    EXPECT_TRUE(repo_of(config, "distro").records.at("retries").origin.ends_with("etc/dnf/repos.override.d/1.repo:2"));
    EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("1.repo:4: cost: "), HasSubstr("1.repo:5: no repository matches 'nothere'")));
}

TEST_F(LoadConfig, included_files_count_as_if_written_there_and_are_named_as_origin) {
    root.write("etc/yum.conf", "[main]\ntimeout=20\ninclude=yum/more.conf\nretries=7\n");
    root.write("etc/yum/more.conf", "\ntimeout=30\ninclude = file://" + (root / "etc/yum.conf").string() + "\nretries=6\n");
    root.write("etc/yum.repos.d/a.repo", "[alpha]\nbaseurl=http://h/a\ninclude=common\n[beta]\nbaseurl=http://h/b\ninclude=common\n");
    root.write("etc/yum.repos.d/common", "cost=5\n");
    const Config config = load();
    EXPECT_THAT(config.warnings, IsEmpty());
    EXPECT_EQ(config.main.timeout, std::chrono::seconds{30});
    EXPECT_EQ(config.main.records.at("timeout").origin, (root / "etc/yum/more.conf:2").string());
    EXPECT_EQ(config.main.retries, 7u);
    EXPECT_EQ(repo_of(config, "alpha").cost, 5);
    EXPECT_EQ(repo_of(config, "alpha").records.at("cost").origin, (root / "etc/yum.repos.d/common:1").string());
    EXPECT_EQ(repo_of(config, "beta").cost, 1000) << "a file is read once";
}

TEST_F(LoadConfig, an_absolute_include_of_a_file_in_the_root_is_looked_for_there_first) {
    root.write("etc/yum.conf", "[main]\ninclude=/etc/lastack-test-extra.conf\n");
    EXPECT_THAT(failure().cause, HasSubstr("/etc/lastack-test-extra.conf"));
    root.write("etc/lastack-test-extra.conf", "retries=3\n");
    EXPECT_EQ(load().main.retries, 3u);
    const TempDirectory elsewhere;
    overrides.config_file = elsewhere.write("y.conf", "[main]\ninclude=/etc/lastack-test-extra.conf\n");
    EXPECT_EQ(failure().code, RepoErrc::bad_config) << "it does not lie in the root";
}

TEST_F(LoadConfig, an_include_that_cannot_be_had_is_an_error_of_the_main_file_and_drops_a_repository) {
    for (const char* where : {"nothere.conf", "http://h/x.conf", "ftp://h/x.conf", "file://elsewhere/x", "/dev/zero", "."}) {
        root.write("etc/yum.conf", std::string{"[main]\n\ninclude="} + where + "\n");
        EXPECT_EQ(failure().code, RepoErrc::bad_config) << where;
        EXPECT_THAT(failure().cause, HasSubstr("etc/yum.conf:3: include: ")) << where;
    }
    root.write("etc/yum.conf", "[main]\n");
    root.write("etc/yum.repos.d/x.repo", "[x]\nbaseurl=http://h/x\ninclude=https://u:hunter2@h/x\n[y]\nbaseurl=http://h/y\n");
    const Config config = load();
    EXPECT_THAT(ids_of(config), ElementsAre("+alpha", "-beta", "+y"));
    ASSERT_EQ(config.warnings.size(), 1u);
    EXPECT_THAT(config.warnings[0],
                testing::AllOf(HasSubstr("x.repo:3: include: "), HasSubstr("is not on this machine"), testing::Not(HasSubstr("hunter2"))));
}

TEST_F(LoadConfig, dnf5_s_drop_ins_come_before_dnf_conf_and_those_of_etc_mask_those_of_usr) {
    root.write("usr/share/dnf5/libdnf.conf.d/50.conf", "[main]\nretries=1\ntimeout=11\ncost=5\npriority=5\n");
    root.write("usr/share/dnf5/libdnf.conf.d/60.conf", "[main]\ncost=6\npriority=6\n");
    root.write("etc/dnf/libdnf5.conf.d/60.conf", "[main]\ntimeout=12\n[stray]\nname=x\n");
    root.write("etc/dnf/libdnf5.conf.d/55.conf", "[main]\nretries=2\ncost=7\n");
    root.write("etc/dnf/libdnf5.conf.d/70.conf.rpmnew", "[main]\ncost=8\n");
    root.write("etc/dnf/dnf.conf", "[main]\nretries=3\n");
    EXPECT_EQ(load().main.retries, 10u) << "yum.conf is in use";
    fs::remove(root / "etc/yum.conf");
    const Config config = load();
    EXPECT_EQ(config.main.retries, 3u);
    EXPECT_EQ(config.main.timeout, std::chrono::seconds{12});
    EXPECT_EQ(repo_of(config, "alpha").cost, 7);
    EXPECT_EQ(repo_of(config, "alpha").priority, 5);
    EXPECT_EQ(config.main.records.at("cost").origin, (root / "etc/dnf/libdnf5.conf.d/55.conf:3").string());
    EXPECT_THAT(ids_of(config), ElementsAre("+alpha", "-beta"));
    EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("libdnf5.conf.d/60.conf:3: [stray] does not belong here")));
    overrides.config_file = root.write("my.conf", "[main]\n");
    EXPECT_EQ(load().main.retries, 10u);
}

TEST_F(LoadConfig, a_bad_drop_in_is_an_error_with_file_and_line) {
    fs::remove(root / "etc/yum.conf");
    root.write("etc/dnf/dnf.conf", "[main]\n");
    root.write("etc/dnf/libdnf5.conf.d/60.conf", "[main]\ngpgcheck=perhaps\n");
    EXPECT_EQ(failure().code, RepoErrc::bad_config);
    EXPECT_THAT(failure().cause, HasSubstr("libdnf5.conf.d/60.conf:2: gpgcheck"));
    fs::remove(root / "etc/dnf/libdnf5.conf.d/60.conf");
    fs::create_symlink("60.conf", root / "etc/dnf/libdnf5.conf.d/60.conf");
    EXPECT_EQ(failure().code, RepoErrc::bad_config) << "it could say gpgcheck=1";
}

TEST_F(LoadConfig, lists_of_packages_may_stand_in_files) {
    root.write("etc/yum.conf", "[main]\nexclude=a glob:/etc/lastack-test.d/*.conf\n");
    root.write("etc/yum.repos.d/a.repo", "[alpha]\nbaseurl=http://h/a\nincludepkgs=glob:/etc/lastack-test.d/2.conf\n");
    EXPECT_THAT(load().main.exclude, ElementsAre("a"));
    root.write("etc/lastack-test.d/1.conf", "# first\nb\n\n");
    root.write("etc/lastack-test.d/2.conf", "c*\n");
    EXPECT_THAT(load().main.exclude, ElementsAre("a", "b", "c*"));
    EXPECT_THAT(repo_of(load(), "alpha").includepkgs, ElementsAre("c*"));
    EXPECT_EQ(load().main.records.at("exclude").value, "a glob:/etc/lastack-test.d/*.conf");
}

TEST_F(LoadConfig, a_list_that_cannot_be_read_is_an_error_of_the_main_file_and_drops_a_repository) {
    root.write("etc/lastack-test.d/1.conf", "b\x01\n");
    root.write("etc/yum.repos.d/x.repo", "[x]\nbaseurl=http://h/x\nexclude=glob:/etc/lastack-test.d/*\n");
    const Config config = load();
    EXPECT_THAT(ids_of(config), ElementsAre("+alpha", "-beta"));
    EXPECT_THAT(config.warnings,
                ElementsAre(testing::AllOf(HasSubstr("x.repo:3: exclude: "), HasSubstr("1.conf:1: "), HasSubstr("'x' is left out"))));
    root.write("etc/yum.conf", "[main]\nexclude=glob:/etc/lastack-test.d/*\n");
    EXPECT_EQ(failure().code, RepoErrc::bad_config);
    EXPECT_THAT(failure().cause, testing::AllOf(HasSubstr("yum.conf:2: exclude: "), HasSubstr("1.conf:1: ")));
}

TEST_F(LoadConfig, a_uuid_is_made_only_when_a_url_of_an_enabled_repository_uses_it) {
    root.write("etc/yum.repos.d/u.repo", "[u]\nenabled=0\nbaseurl=http://h/?id=$uuid\n");
    EXPECT_THAT(load().warnings, IsEmpty());
    EXPECT_FALSE(fs::exists(root / "var/lib/lastack"));
    root.write("var/lib/lastack/uuid", "0f8fad5b-d9cb-469f-a165-70867728950e\n");
    overrides.repo_switches = {{"u", true}};
    EXPECT_THAT(repo_of(load(), "u").baseurl, ElementsAre("http://h/?id=0f8fad5b-d9cb-469f-a165-70867728950e"));
    root.write("var/lib/lastack/uuid", "../..\n");
    EXPECT_THAT(load().warnings, ElementsAre(HasSubstr("$uuid has no value: ")));
    root.write("etc/yum/vars/uuid", "mine\n");
    EXPECT_THAT(repo_of(load(), "u").baseurl, ElementsAre("http://h/?id=mine"));
    EXPECT_THAT(load().warnings, IsEmpty());
}

TEST_F(LoadConfig, a_repository_knows_when_a_file_about_it_was_changed_last) {
    const auto changed = [&](const char* file, std::int64_t at) {
        fs::last_write_time(root / file, std::chrono::file_clock::from_sys(std::chrono::sys_seconds{std::chrono::seconds{at}}));
    };
    root.write("etc/yum.repos.d/b.repo", "[gamma]\nbaseurl=http://h/g\ninclude=b.inc\n");
    root.write("etc/yum.repos.d/b.inc", "cost=3\n");
    for (const auto& [file, at] : {std::pair{"etc/yum.conf", 2000},
                                   {"etc/yum.repos.d/a.repo", 1000},
                                   {"etc/yum.repos.d/b.repo", 3000},
                                   {"etc/yum.repos.d/b.inc", 4000}}) {
        changed(file, at);
    }
    EXPECT_EQ(repo_of(load(), "alpha").configured_at, 2000);
    EXPECT_EQ(repo_of(load(), "gamma").configured_at, 4000);
}

TEST_F(LoadConfig, a_throttle_without_the_bandwidth_that_it_is_a_part_of_is_told_once) {
    root.write("etc/yum.conf", "[main]\nthrottle=50%\n");
    EXPECT_THAT(load().warnings, ElementsAre(HasSubstr("yum.conf:2: throttle=50% has no effect")));
    overrides.setopts = {"bandwidth=1k"};
    EXPECT_THAT(load().warnings, IsEmpty());
    EXPECT_EQ(rate_of(load().main.throttle, load().main.bandwidth), 512u);
    EXPECT_EQ(rate_of(repo_of(load(), "alpha").throttle, repo_of(load(), "alpha").bandwidth), 512u);
    overrides.setopts = {"alpha.throttle=10%", "throttle=0"};
    EXPECT_THAT(load().warnings, ElementsAre("--setopt: throttle=10% has no effect, as no bandwidth is set of which it is a part"));
}

TEST_F(LoadConfig, a_misspelt_setopt_is_told_what_may_have_been_meant) {
    overrides.setopts = {"timeuot=3"};
    EXPECT_EQ(failure().next_step, "did you mean 'timeout'?");
    overrides.setopts = {"alpha.gpgchek=0"};
    EXPECT_EQ(failure().next_step, "did you mean 'gpgcheck'?");
    overrides.setopts = {"nosuchthing=3"};
    EXPECT_THAT(failure().next_step, HasSubstr("--setopt=REPO.KEY=VALUE"));
}

TEST_F(LoadConfig, what_is_recorded_of_an_option_is_what_is_in_force) {
    root.write("etc/yum.conf", "[main]\nmax_connections=0\nexclude=a\nexcludepkgs=b\ncost=3\n");
    const auto config = load();
    const auto& records = config.main.records;
    EXPECT_FALSE(records.contains("max_parallel_downloads")) << "0 of yum means the default";
    EXPECT_EQ(records.at("exclude").value, "a, b");
    EXPECT_EQ(records.at("cost").value, "3");
    EXPECT_TRUE(records.at("cost").origin.ends_with("yum.conf:5"));
}

TEST_F(LoadConfig, dnf_s_variables_of_the_environment_come_after_files) {
    root.write("etc/dnf/vars/stream", "file\n");
    root.write("usr/share/dnf5/vars.d/vendor", "five\n");
    root.write("etc/yum.repos.d/v.repo", "[v]\nbaseurl=http://h/$stream/$vendor/$dnf3\n");
    EXPECT_THAT(repo_of(load(), "v").baseurl, ElementsAre("http://h/file/five/$dnf3"));
    ::setenv("DNF_VAR_stream", "env", 1);
    ::setenv("DNF3", "three", 1);
    ::setenv("DNF_VAR_bad", "a b", 1);
    const auto config = load();
    for (const char* name : {"DNF_VAR_stream", "DNF3", "DNF_VAR_bad"}) {
        ::unsetenv(name);
    }
    EXPECT_THAT(repo_of(config, "v").baseurl, ElementsAre("http://h/env/five/three"));
    EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("DNF_VAR_bad of the environment is not set")));
}

TEST(ConfigFiles, below_root) {
    const std::tuple<const char*, const char*, const char*> rows[] = {
        {"/", "/var", "/var"},          {"/r", "/var", "/r/var"},  {"/r/", "/var", "/r/var"},     {"/r", "/r/var", "/r/var"},
        {"/r", "/rest/x", "/r/rest/x"}, {"/r", "/r/../x", "/r/x"}, {"/r/a/..", "/var", "/r/var"},
    };
    for (const auto& [root, path, expected] : rows) {
        EXPECT_EQ(below_root(root, path), expected) << root << " " << path;
    }
}

TEST(ConfigFiles, a_directory_with_two_names_is_read_once) {
    const TempDirectory directory;
    directory.write("d/b.repo", "");
    directory.write("d/a.repo", "");
    fs::create_directory_symlink(directory / "d", directory / "e");
    EXPECT_THAT(list_repo_files({directory / "d", directory / "e"}), ElementsAre(directory / "d/a.repo", directory / "d/b.repo"));
}

}  // namespace
}  // namespace lastack::repo
