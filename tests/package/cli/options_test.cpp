#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

namespace lastack::cli::test {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct Site {
    explicit Site(const std::string& options = "gpgcheck=0\n") {
        root.add_repository(nginx, "core", {{.name = "tool", .version = "2.0"}}, options);
    }

    ScratchRoot root;
    NginxServer nginx{{.root = root.served()}};
};

TEST(Option, assumeno_answers_no_even_with_y) {
    const Site site;
    const auto run = site.root.lastack({"-y", "--assumeno", "install", "tool"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.out, HasSubstr("Exiting on user command"));
    EXPECT_THAT(site.root.cached(".rpm"), IsEmpty());
}

TEST(Option, downloadonly_asks_nothing_and_installs_nothing) {
    const Site site;
    const auto run = site.root.lastack({"--downloadonly", "install", "tool"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, Not(HasSubstr("Is this ok")));
    EXPECT_THAT(site.root.cached("tool-2.0-1.noarch.rpm"), SizeIs(1));
    EXPECT_THAT(site.root.installed(), IsEmpty());
}

TEST(Option, q_says_nothing_where_nothing_is_to_be_decided) {
    const Site site;
    const auto run = site.root.lastack({"-q", "-y", "install", "tool"});
    EXPECT_EQ(run.status, 0);
    EXPECT_EQ(run.out + run.err, "");
    EXPECT_THAT(site.root.installed(), ElementsAre("tool-2.0-1"));
    EXPECT_EQ(site.root.lastack({"-q", "makecache"}).out, "");
}

TEST(Option, q_tells_what_is_to_be_decided) {
    const Site site;
    const auto run = site.root.lastack({"-q", "install", "tool"}, "n\n");
    EXPECT_THAT(run.out, testing::StartsWith("\nDependencies Resolved\n"));
    EXPECT_THAT(run.out, testing::EndsWith("\nIs this ok [y/d/N]: Exiting on user command\n"));
    EXPECT_EQ(run.err, "");
}

TEST(Option, v_tells_the_life_of_each_connection) {
    const Site site;
    const auto run = site.root.lastack({"-v", "makecache"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.err, HasSubstr("127.0.0.1"));
    EXPECT_THAT(run.err, ContainsRegex("\\[[0-9]+\\.[0-9]+\\] .*close"));
    EXPECT_THAT(run.out, HasSubstr("Metadata Cache Created"));
}

TEST(Option, LASTACK_DEBUG_does_the_same_as_v) {
    const Site site;
    auto options = site.root.command({"makecache"});
    options.environment["LASTACK_DEBUG"] = "1";
    options.unset.clear();
    EXPECT_THAT(lastack::test::run(options).err, HasSubstr("127.0.0.1"));
}

TEST(Option, repofrompath_adds_a_repository_for_this_run) {
    const Site site;
    site.root.publish("extra", {{.name = "gadget"}});
    const auto run =
        site.root.lastack({"-y", "--repofrompath=extra," + site.nginx.url("/extra"), "--setopt=extra.gpgcheck=0", "install", "gadget"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(site.root.installed(), ElementsAre("gadget-1.0-1"));
    EXPECT_THAT(site.root.lastack({"-q", "list", "available"}).out, Not(HasSubstr("extra")));
}

TEST(Option, enablerepo_and_disablerepo_switch_repositories_for_this_run_the_later_wins) {
    const Site site;
    site.root.add_repository(site.nginx, "testing", {{.name = "tool", .version = "3.0"}}, "gpgcheck=0\nenabled=0\n");
    const auto newest = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"-q", "list", "available", "tool"});
        const auto run = site.root.lastack(arguments);
        return run.out.find("3.0-1") != std::string::npos ? "3.0" : run.out.find("2.0-1") != std::string::npos ? "2.0" : "none";
    };
    EXPECT_STREQ(newest({}), "2.0");
    EXPECT_STREQ(newest({"--enablerepo=testing"}), "3.0");
    EXPECT_STREQ(newest({"--disablerepo=core"}), "none");
    EXPECT_STREQ(newest({"--disablerepo=*", "--enablerepo=test*"}), "3.0");
    EXPECT_STREQ(newest({"--enablerepo=testing", "--disablerepo=*"}), "none");
    const auto unknown = site.root.lastack({"--enablerepo=unheard-of", "update"});
    EXPECT_EQ(unknown.status, 1);
    EXPECT_THAT(unknown.err, HasSubstr("unheard-of"));
}

TEST(Option, setopt_overrides_the_configuration) {
    const Site site;
    const auto main = site.root.lastack({"-y", "--setopt=keepcache=0", "install", "tool"});
    EXPECT_EQ(main.status, 0) << told(main);
    EXPECT_THAT(site.root.cached(".rpm"), IsEmpty());

    const auto repository = site.root.lastack({"--setopt=core.enabled=0", "makecache"});
    EXPECT_EQ(repository.status, 1);
    EXPECT_THAT(repository.err, HasSubstr("no enabled repositories"));

    const auto unknown = site.root.lastack({"--setopt=keepcache", "makecache"});
    EXPECT_EQ(unknown.status, 1);
    EXPECT_THAT(unknown.err, HasSubstr("keepcache"));
}

TEST(Option, exclude_takes_names_from_the_files_of_a_glob) {
    const Site site;
    site.root.write_main_configuration("exclude=glob:/etc/lastack-test.d/*.conf\n");
    const auto before = site.root.lastack({"-q", "list", "available"});
    EXPECT_THAT(before.out, HasSubstr("tool.noarch")) << told(before);
    site.root.directory().write("etc/lastack-test.d/mine.conf", "# not this one\ntoo*\n");
    const auto after = site.root.lastack({"-q", "list", "available"});
    EXPECT_THAT(after.out, Not(HasSubstr("tool.noarch"))) << told(after);
}

TEST(Option, keepcache_is_each_repository_s_own) {
    const Site site{"gpgcheck=0\nkeepcache=0\n"};
    site.root.add_repository(site.nginx, "other", {{.name = "gadget"}});
    const auto run = site.root.lastack({"-y", "install", "tool", "gadget"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(site.root.cached(".rpm"), ElementsAre(testing::Property(&std::filesystem::path::filename, "gadget-1.0-1.noarch.rpm")));
}

TEST(Option, setvar_wins_over_the_files_and_config_tells_where_a_variable_comes_from) {
    const Site site;
    site.root.directory().write("etc/dnf/vars/place", "far\n");
    site.root.directory().write("etc/dnf/vars/other", "else\n");
    const auto run = site.root.lastack({"--setvar=Place=near", "config", "--variables", "--json"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, HasSubstr(R"("place": {"value": "near", "origin": "--setvar"})"));
    EXPECT_THAT(run.out, testing::ContainsRegex(R"x("other": \{"value": "else", "origin": ".*/etc/dnf/vars/other"\})x"));
    EXPECT_THAT(run.out, HasSubstr(R"("origin": "the machine")"));

    const auto used = site.root.lastack({"--setvar=place=near/by", "--repofrompath=extra,http://127.0.0.1:1/$place", "config", "extra"});
    EXPECT_THAT(used.out, HasSubstr("baseurl = http://127.0.0.1:1/near/by ")) << told(used);
    const auto bad = site.root.lastack({"--setvar=place=../x", "config"});
    EXPECT_EQ(bad.status, 1) << told(bad);
    EXPECT_THAT(bad.err, HasSubstr("--setvar=place=../x sets no variable"));
    const auto half = site.root.lastack({"--setvar=place", "config"});
    EXPECT_EQ(half.status, 2) << told(half);
}

TEST(Option, cache_quota_takes_the_packages_that_came_first) {
    Site site;
    site.root.add_repository(site.nginx, "other", {{.name = "gadget", .payload_size = 50'000}, {.name = "thing", .payload_size = 50'000}});
    const auto named = [](const char* file) { return testing::Property(&std::filesystem::path::filename, file); };
    const auto gadget = site.root.lastack({"-y", "install", "gadget"});
    EXPECT_EQ(gadget.status, 0) << told(gadget);
    const auto fetched = site.root.lastack({"-y", "--setopt=cache_quota=80k", "--downloadonly", "install", "thing"});
    EXPECT_EQ(fetched.status, 0) << told(fetched);
    EXPECT_THAT(fetched.out, HasSubstr("removed from the cache: cache_quota is 80 kB"));
    EXPECT_THAT(site.root.cached(".rpm"), ElementsAre(named("thing-1.0-1.noarch.rpm")));
    const auto again = site.root.lastack({"-y", "--setopt=cache_quota=1k", "--downloadonly", "install", "thing"});
    EXPECT_EQ(again.status, 0) << told(again);
    EXPECT_THAT(again.err, HasSubstr("more than cache_quota"));
    EXPECT_THAT(site.root.cached(".rpm"), ElementsAre(named("thing-1.0-1.noarch.rpm"))) << "it was asked for";
    const auto made = site.root.lastack({"--setopt=cache_quota=1k", "makecache"});
    EXPECT_EQ(made.status, 0) << told(made);
    EXPECT_THAT(site.root.cached(".rpm"), IsEmpty());
}

TEST(Option, throttle_holds_back_what_is_downloaded) {
    ScratchRoot root;
    const NginxServer nginx{{.root = root.served()}};
    root.add_repository(nginx, "core", {{.name = "tool", .payload_size = 300'000}});
    ASSERT_EQ(root.lastack({"makecache"}).status, 0);
    const auto took = [&](const std::vector<std::string>& options) {
        std::vector<std::string> arguments{"-y", "--downloadonly", "install", "tool"};
        arguments.insert(arguments.begin(), options.begin(), options.end());
        EXPECT_EQ(root.lastack({"clean", "packages"}).status, 0);
        const auto begun = std::chrono::steady_clock::now();
        const auto run = root.lastack(arguments);
        EXPECT_EQ(run.status, 0) << told(run);
        return std::chrono::steady_clock::now() - begun;
    };
    using namespace std::chrono_literals;
    EXPECT_GE(took({"--setopt=throttle=150k"}), 1500ms) << "of the run as a whole";
    EXPECT_GE(took({"--setopt=throttle=50%", "--setopt=bandwidth=300k"}), 1500ms);
    EXPECT_GE(took({"--setopt=core.throttle=150k"}), 1500ms) << "of one repository's files";
}

TEST(Option, cachedir_of_the_configuration_file_lies_below_the_root) {
    const Site site;
    site.root.directory().write("other.conf", "[main]\ncachedir=/srv/cache\n");
    const auto run = site.root.lastack({"-c", (site.root.path() / "other.conf").string(), "makecache"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_TRUE(std::filesystem::exists(site.root.path() / "srv/cache"));
    EXPECT_FALSE(std::filesystem::exists(site.root.cache()));
}

TEST(Configuration, an_unknown_option_of_a_repository_warns_with_file_and_line) {
    const Site site("gpgcheck=0\nfrobnicate=1\n");
    const auto run = site.root.lastack({"makecache"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.err, ContainsRegex("warning: .*/etc/yum.repos.d/core.repo:5: .*frobnicate"));
}

TEST(Configuration, a_bad_repository_file_leaves_out_that_repository_only) {
    const Site site;
    site.root.write_repo_file("bad", "[bad]\nbaseurl=" + site.nginx.url("/bad") + "\ncost=cheap\n");
    const auto run = site.root.lastack({"-y", "install", "tool"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.err, ContainsRegex("warning: .*bad.repo:3: "));
    EXPECT_THAT(site.root.installed(), ElementsAre("tool-2.0-1"));
}

TEST(Configuration, passwords_are_never_shown) {
    const Site site("gpgcheck=0\nusername=me\npassword=hunter2\nproxy=_none_\nsslcacert=/no/such/file\n");
    site.root.write_repo_file("bad", "[bad]\nbaseurl=" + site.nginx.url("/bad") + "\nproxy=socks4://me:hunter2@127.0.0.1:1\n");
    site.root.write_repo_file("worse", "[worse]\nbaseurl=ftp://me:hunter2@127.0.0.1/\npasword=hunter2\nenabled=0\n");
    const auto run = site.root.lastack({"-v", "--setopt=nomatch.password=hunter2", "-y", "install", "tool"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.err, ContainsRegex("warning: .*bad.repo:3: proxy: the scheme 'socks4'"));
    EXPECT_THAT(run.err, HasSubstr("--setopt=nomatch.password: no repository matches"));
    EXPECT_THAT(run.out + run.err, Not(HasSubstr("hunter2")));

    const auto wrong = site.root.lastack({"--setopt=core.proxy=http://me:hunter2@127.0.0.1:0", "makecache"});
    EXPECT_EQ(wrong.status, 1) << told(wrong);
    EXPECT_THAT(wrong.err, HasSubstr("--setopt=core.proxy: "));
    EXPECT_THAT(wrong.out + wrong.err, Not(HasSubstr("hunter2")));
}

TEST(Configuration, a_repository_that_is_not_there_fails_unless_it_may_be_left_out) {
    const Site site;
    const std::string gone = "[gone]\nbaseurl=" + site.nginx.url("/gone") + "\ngpgcheck=0\n";
    site.root.write_repo_file("gone", gone);
    const auto fails = site.root.lastack({"makecache"});
    EXPECT_EQ(fails.status, 1) << told(fails);
    EXPECT_THAT(fails.err, HasSubstr("repository 'gone'"));
    EXPECT_THAT(fails.err, HasSubstr("--disablerepo=gone"));

    site.root.write_repo_file("gone", gone + "skip_if_unavailable=1\n");
    const auto skips = site.root.lastack({"makecache"});
    EXPECT_EQ(skips.status, 0) << told(skips);
    EXPECT_THAT(skips.err, HasSubstr("warning: repository 'gone' is left out"));
}

}  // namespace
}  // namespace lastack::cli::test
