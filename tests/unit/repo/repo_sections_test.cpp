#include "repo/repo_sections.hpp"

#include "repo/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::repo {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Read {
    RepoDrafts drafts;
    std::vector<std::string> warnings;
};

Read read(std::string_view text, const RepoConfig& defaults = {}) {
    Read result;
    read_repo_sections(parse_ini(text), "x.repo", ConfigFile::repos, defaults, result.drafts, result.warnings);
    return result;
}

RepoConfig repo_with(std::string_view line) { return read("[r]\n" + std::string{line} + "\n").drafts.at("r").config; }

TEST(RepoSections, each_option_sets_its_field) {
    EXPECT_EQ(repo_with("name=A name").name, "A name");
    EXPECT_EQ(repo_with("enabled=1").name, "r");
    EXPECT_FALSE(repo_with("enabled=0").enabled);
    EXPECT_THAT(repo_with("baseurl=http://a/ http://b/").baseurl, ElementsAre("http://a/", "http://b/"));
    EXPECT_THAT(repo_with("baseurl=http://a/\n   http://b/,http://c/").baseurl, ElementsAre("http://a/", "http://b/", "http://c/"));
    EXPECT_EQ(repo_with("mirrorlist=http://m/?a=b").mirrorlist, "http://m/?a=b");
    EXPECT_FALSE(repo_with("gpgcheck=no").gpgcheck);
    EXPECT_FALSE(repo_with("pkg_gpgcheck=0").gpgcheck);
    EXPECT_THAT(repo_with("gpgkey=file:///k1 http://h/k2").gpgkey, ElementsAre("file:///k1", "http://h/k2"));
    EXPECT_FALSE(repo_with("keepalive=false").keepalive);
    EXPECT_EQ(repo_with("timeout=2.5").timeout, 2500ms);
    EXPECT_EQ(repo_with("retries=3").retries, 3u);
    EXPECT_EQ(repo_with("retries=<forever>").retries, 0u);
    EXPECT_EQ(repo_with("minrate=2k").minrate, 2048u);
    EXPECT_EQ(repo_with("bandwidth=2k").bandwidth, 2048u);
    EXPECT_EQ(repo_with("throttle=2k").throttle, RateLimit{.bytes_per_second = 2048});
    EXPECT_EQ(repo_with("throttle=25%").throttle, RateLimit{.part = 0.25});
    EXPECT_EQ(repo_with("metadata_expire_filter=read-only:past").metadata_expire_filter, ExpireFilter::past);
    EXPECT_EQ(repo_with("metadata_expire_filter=read-only:present").metadata_expire_filter, ExpireFilter::present);
    EXPECT_EQ(repo_with("metadata_expire_filter=read-only:future").metadata_expire_filter, ExpireFilter::future);
    EXPECT_FALSE(repo_with("check_config_file_age=0").check_config_file_age);
    EXPECT_FALSE(repo_with("keepcache=0").keepcache);
    EXPECT_EQ(repo_with("cost=<off>").cost, 0);
    EXPECT_EQ(repo_with("metadata_expire=2d").metadata_expire, std::optional<std::chrono::seconds>{48h});
    EXPECT_FALSE(repo_with("metadata_expire=never").metadata_expire.has_value());
    EXPECT_FALSE(repo_with("metadata_expire=-1").metadata_expire.has_value());
    EXPECT_TRUE(repo_with("skip_if_unavailable=True").skip_if_unavailable);
    EXPECT_EQ(repo_with("cost=500").cost, 500);
    EXPECT_EQ(repo_with("priority=10").priority, 10);
    EXPECT_EQ(repo_with("enabled=1").origin, "x.repo:1");
}

TEST(RepoSections, an_ordinary_distribution_file_gives_no_warning) {
    const auto result = read(
        "[fedora]\nname=Fedora $releasever - $basearch\n#baseurl=http://h/x\nmirrorlist=http://h/m?repo=fedora-$releasever\nenabled=1\n"
        "countme=1\nmetadata_expire=7d\nrepo_gpgcheck=0\ntype=rpm\ngpgcheck=1\ngpgkey=file:///etc/pki/k-$releasever\n"
        "skip_if_unavailable=False\nfailovermethod=priority\nsslverify=1\nmediaid=12\nenabled_metadata=1\n");
    EXPECT_THAT(result.warnings, IsEmpty());
    EXPECT_THAT(result.drafts.at("fedora").notes, IsEmpty());
}

TEST(RepoSections, unset_options_are_inherited) {
    RepoConfig defaults;
    defaults.gpgcheck = false;
    defaults.retries = 3;
    const auto result = read("[a]\n[b]\ngpgcheck=1\n", defaults);
    EXPECT_FALSE(result.drafts.at("a").config.gpgcheck);
    EXPECT_EQ(result.drafts.at("a").config.retries, 3u);
    EXPECT_TRUE(result.drafts.at("b").config.gpgcheck);
    EXPECT_EQ(result.drafts.at("b").config.retries, 3u);
}

TEST(RepoConfig, unknown_key_warns_with_file_and_line) {
    const auto result = read("[r]\nname=x\nnosuchthing=1\n");
    EXPECT_THAT(result.warnings, ElementsAre("x.repo:3: unknown option 'nosuchthing' in [r]"));
    EXPECT_THAT(read("[r]\ngpgchek=1\n").warnings, ElementsAre("x.repo:2: unknown option 'gpgchek' in [r]; did you mean 'gpgcheck'?"));
    EXPECT_EQ(result.drafts.at("r").dropped_for, "");
}

TEST(RepoConfig, options_that_change_safety_or_result_and_are_not_acted_on_are_told) {
    for (const char* line : {"sslverifystatus=1", "gpgcakey=http://m/", "obsoletes=0", "installonly_limit=3"}) {
        const auto result = read("[r]\n" + std::string{line} + "\n");
        const std::string key{std::string_view{line}.substr(0, std::string_view{line}.find('='))};
        EXPECT_THAT(result.drafts.at("r").notes, ElementsAre("x.repo:2: option '" + key + "' is not supported and has no effect"));
        EXPECT_THAT(result.warnings, IsEmpty()) << "a disabled repository's options matter to nobody";
    }
    for (const char* line : {"sslverifystatus=0", "proxy_auth_method=basic", "exclude=", "installonly_limit=<off>"}) {
        EXPECT_THAT(read("[r]\n" + std::string{line} + "\n").drafts.at("r").notes, IsEmpty()) << line;
    }
}

TEST(RepoConfig, where_metadata_comes_from_and_what_of_it_is_used_can_be_set) {
    const auto result = read(
        "[r]\nmetalink=https://m/?a=b\nmirrorlist_expire=2h\nmax_age=14d\nfailovermethod=roundrobin\n"
        "http_caching=lazy:packages\nexclude=foo*, bar\nincludepkgs=baz\nallow_rollback=1\nmodule_hotfixes=1\n");
    EXPECT_THAT(result.warnings, IsEmpty());
    const RepoConfig& repo = result.drafts.at("r").config;
    EXPECT_EQ(repo.metalink, "https://m/?a=b");
    EXPECT_EQ(repo.mirrorlist_expire, std::chrono::hours{2});
    EXPECT_EQ(repo.max_age, std::chrono::days{14});
    EXPECT_EQ(repo.failovermethod, FailoverMethod::roundrobin);
    EXPECT_EQ(repo.http_caching, HttpCaching::lazy_packages);
    EXPECT_THAT(repo.exclude, ElementsAre("foo*", "bar"));
    EXPECT_THAT(repo.includepkgs, ElementsAre("baz"));
    EXPECT_TRUE(repo.allow_rollback && repo.module_hotfixes);
    for (const char* line : {"max_age=0", "max_age=soon", "http_caching=some", "mirrorlist_expire=x", "allow_rollback=perhaps"}) {
        EXPECT_NE(read("[b]\n" + std::string{line} + "\n").drafts.at("b").dropped_for, "") << line;
    }
}

TEST(RepoConfig, a_bad_value_or_line_drops_that_repository_only) {
    for (const char* line : {"gpgcheck=maybe", "enabled=", "timeout=0", "timeout=2h", "timeout=never", "retries=1001", "retries=-1",
                             "minrate=x", "cost=-5", "cost=99999999999", "priority=high", "metadata_expire=soon",
                             "metadata_expire_filter=present", "throttle=-1", "retries=<off>", "exclude=glob:x", "no separator here"}) {
        const auto result = read("[a]\nname=A\n[b]\n" + std::string{line} + "\n[c]\nname=C\n");
        EXPECT_EQ(result.drafts.at("a").dropped_for, "") << line;
        EXPECT_EQ(result.drafts.at("c").dropped_for, "") << line;
        EXPECT_NE(result.drafts.at("b").dropped_for, "") << line;
        ASSERT_EQ(result.warnings.size(), 1u) << line;
        EXPECT_THAT(result.warnings[0], HasSubstr("x.repo:4: ")) << line;
        EXPECT_THAT(result.warnings[0], HasSubstr("the repository 'b' is left out")) << line;
    }
}

TEST(RepoConfig, ids_that_could_leave_the_cache_are_dropped) {
    for (const char* id : {"..", ".hidden", "a/b", "../../etc", "a b", "a%2f", "a$x", "caf\xC3\xA9"}) {
        const auto result = read("[" + std::string{id} + "]\nname=x\n[ok]\n");
        EXPECT_EQ(result.drafts.size(), 1u) << id;
        ASSERT_EQ(result.warnings.size(), 1u) << id;
        EXPECT_THAT(result.warnings[0], HasSubstr("x.repo:1: the repository id")) << id;
    }
    for (const char* id : {"a", "A-b_c.d:9", "rhel-9-for-x86_64", "copr:copr.host:user:name"}) {
        EXPECT_EQ(read("[" + std::string{id} + "]\n").drafts.count(id), 1u) << id;
    }
    EXPECT_FALSE(is_repo_id(""));
    EXPECT_FALSE(is_repo_id(std::string(129, 'a')));
}

TEST(RepoConfig, a_duplicate_id_is_replaced_by_the_later_one_with_a_warning) {
    const auto result = read("[r]\nname=first\ngpgcheck=0\n[r]\nname=second\n");
    EXPECT_EQ(result.drafts.at("r").config.name, "second");
    EXPECT_TRUE(result.drafts.at("r").config.gpgcheck) << "the two sections are not merged";
    EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("x.repo:4: the repository 'r' is defined again; this replaces x.repo:1")));
}

TEST(RepoConfig, a_bad_duplicate_does_not_bring_the_earlier_one_back) {
    EXPECT_NE(read("[r]\nname=first\n[r]\nenabled=maybe\n").drafts.at("r").dropped_for, "");
}

TEST(RepoConfig, main_in_a_repo_file_is_ignored_with_a_warning) {
    const auto result = read("[main]\ngpgcheck=0\n[r]\n");
    EXPECT_EQ(result.drafts.size(), 1u);
    EXPECT_TRUE(result.drafts.at("r").config.gpgcheck);
    EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("x.repo:1: [main] belongs")));
}

TEST(MainConfig, each_option_sets_its_field) {
    MainOptions options;
    std::vector<std::string> warnings;
    const auto done =
        read_main_section(parse_ini("[main]\ncachedir=/c/$basearch\nreposdir=/a,/b\ninstallroot=/srv/x\ngpgcheck=0\nkeepalive=0\n"
                                    "timeout=5\nretries=2\nminrate=1k\nmax_parallel_downloads=7\nmetadata_expire=1h\nkeepcache=0\n"
                                    "assumeyes=1\nassumeno=1\nclean_requirements_on_remove=1\nexit_on_lock=1\n"
                                    "exclude=a b\nexcludepkgs=c\nuser_agent=me/1\nskip_if_unavailable=1\nenabled=0\n"),
                          "yum.conf", options, warnings);
    ASSERT_TRUE(done);
    EXPECT_THAT(warnings, IsEmpty());
    const MainConfig& main = options.main;
    EXPECT_EQ(main.cachedir, "/c/$basearch");
    EXPECT_THAT(main.reposdir, ElementsAre("/a", "/b"));
    EXPECT_EQ(main.installroot, "/srv/x");
    EXPECT_FALSE(main.gpgcheck);
    EXPECT_FALSE(main.keepalive);
    EXPECT_EQ(main.timeout, 5s);
    EXPECT_EQ(main.retries, 2u);
    EXPECT_EQ(main.minrate, 1024u);
    EXPECT_EQ(main.max_parallel_downloads, 7u);
    EXPECT_EQ(main.metadata_expire, std::optional<std::chrono::seconds>{1h});
    EXPECT_FALSE(main.keepcache);
    EXPECT_TRUE(main.assumeyes && main.assumeno && main.clean_requirements_on_remove && main.exit_on_lock);
    EXPECT_THAT(main.exclude, ElementsAre("a", "b", "c"));
    EXPECT_EQ(main.user_agent, "me/1");
    EXPECT_FALSE(options.repo_defaults.gpgcheck);
    EXPECT_EQ(options.repo_defaults.timeout, 5s);
    EXPECT_TRUE(options.repo_defaults.skip_if_unavailable);
    EXPECT_FALSE(options.repo_defaults.enabled);
}

TEST(MainConfig, a_bad_line_or_value_is_an_error_with_file_and_line) {
    const std::pair<const char*, const char*> rows[] = {
        {"[main]\ngpgcheck=maybe\n", "y.conf:2: "},
        {"[main]\nwords\n", "y.conf:2: "},
        {"[main\n", "y.conf:1: "},
        {"k=v\n[main]\n", "y.conf:1: "},
        {"[main]\n[r]\nwords\n", "y.conf:3: "},
        {"[main]\ninstallroot=rel\n", "y.conf:2: "},
        {"[main]\nmax_parallel_downloads=0\n", "y.conf:2: "},
        {"[main]\nexclude=glob:etc/x\n", "y.conf:2: "},
        {"[main]\nthrottle=101%\n", "y.conf:2: "},
    };
    for (const auto& [text, where] : rows) {
        MainOptions options;
        std::vector<std::string> warnings;
        const auto done = read_main_section(parse_ini(text), "y.conf", options, warnings);
        ASSERT_FALSE(done) << text;
        EXPECT_EQ(done.error().code, RepoErrc::bad_config) << text;
        EXPECT_THAT(done.error().cause, HasSubstr(where)) << text;
    }
}

TEST(MainConfig, yum_s_own_options_are_known) {
    MainOptions options;
    std::vector<std::string> warnings;
    ASSERT_TRUE(read_main_section(parse_ini("[main]\nlogfile=/var/log/yum.log\nplugins=1\nobsoletes=1\ncolor_list_installed_older=red\n"
                                            "distroverpkg=x\nmax_connections=0\ninstallonly_limit=3\nprotected_packages=yum\nzzz=1\n"),
                                  "y.conf", options, warnings));
    EXPECT_THAT(warnings, ElementsAre("y.conf:8: option 'installonly_limit' is not supported and has no effect",
                                      "y.conf:9: option 'protected_packages' is not supported and has no effect",
                                      "y.conf:10: unknown option 'zzz' in [main]"));
    EXPECT_EQ(options.main.max_parallel_downloads, 3u);
}

TEST(RepoUrls, are_expanded_and_checked) {
    RepoDraft draft;
    draft.config.id = "r";
    draft.config.name = "R $basearch";
    draft.config.origin = "x.repo:1";
    draft.config.baseurl = {
        "http://h/$basearch//", "ftp://h/x", "file:///srv/$basearch/", "https://h/y", "http://h/a\\b", "/local", "file://h/x"};
    draft.config.mirrorlist = "gopher://m/";
    draft.config.gpgkey = {"file:///k-$basearch"};
    ASSERT_TRUE(finish_urls(draft, {{"basearch", "x86_64"}}));
    EXPECT_THAT(draft.config.baseurl, ElementsAre("http://h/x86_64", "ftp://h/x", "file:///srv/x86_64", "https://h/y"));
    EXPECT_EQ(draft.config.mirrorlist, "");
    EXPECT_EQ(draft.config.name, "R x86_64");
    EXPECT_THAT(draft.config.gpgkey, ElementsAre("file:///k-x86_64"));
    EXPECT_EQ(draft.notes.size(), 4u);
    EXPECT_THAT(draft.notes, testing::Each(HasSubstr("x.repo:1: ")));
}

TEST(RepoUrls, passwords_do_not_reach_the_warning) {
    RepoDraft draft;
    draft.config.baseurl = {"gopher://user:secret@h/x"};
    ASSERT_TRUE(finish_urls(draft, {}));
    ASSERT_EQ(draft.notes.size(), 1u);
    EXPECT_THAT(draft.notes[0], testing::Not(HasSubstr("secret")));
}

TEST(RepoUrls, an_unknown_releasever_is_an_error_of_enabled_repositories_only) {
    RepoDraft draft;
    draft.config.id = "r";
    draft.config.baseurl = {"http://h/$releasever/"};
    draft.config.enabled = false;
    EXPECT_TRUE(finish_urls(draft, {}));
    draft.config.enabled = true;
    const auto done = finish_urls(draft, {});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, RepoErrc::bad_config);
    EXPECT_THAT(done.error().cause, HasSubstr("cannot tell $releasever"));
    EXPECT_THAT(done.error().next_step, HasSubstr("--releasever="));
}

}  // namespace
}  // namespace lastack::repo
