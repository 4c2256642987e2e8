#include "repo/option_table.hpp"

#include "base/file.hpp"
#include "repo/options.hpp"
#include "repo/set_connection_option.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::repo {
namespace {

TEST(OptionTable, defaults_are_what_the_configuration_has_when_nobody_says_anything) {
    for (const KnownOption& option : known_options()) {
        if (option.fallback.empty()) {
            continue;
        }
        MainOptions main;
        RepoConfig repo;
        const bool is_main = option.place != OptionPlace::repository;
        const auto fate =
            is_main ? set_main_option(main, option.name, option.fallback) : set_repo_option(repo, option.name, option.fallback);
        EXPECT_EQ(fate, OptionFate::set) << option.name;
        const MainOptions untouched;
        const auto same = [](const RepoConfig& a, const RepoConfig& b) {
            return std::tie(a.enabled, a.gpgcheck, a.repo_gpgcheck, a.keepalive, a.retries, a.connection, a.metadata_expire,
                            a.mirrorlist_expire, a.max_age, a.allow_rollback, a.allow_weak_digests, a.skip_if_unavailable, a.cost,
                            a.priority, a.failovermethod, a.http_caching, a.module_hotfixes, a.bandwidth, a.throttle,
                            a.metadata_expire_filter, a.check_config_file_age, a.keepcache) ==
                   std::tie(b.enabled, b.gpgcheck, b.repo_gpgcheck, b.keepalive, b.retries, b.connection, b.metadata_expire,
                            b.mirrorlist_expire, b.max_age, b.allow_rollback, b.allow_weak_digests, b.skip_if_unavailable, b.cost,
                            b.priority, b.failovermethod, b.http_caching, b.module_hotfixes, b.bandwidth, b.throttle,
                            b.metadata_expire_filter, b.check_config_file_age, b.keepcache);
        };
        EXPECT_TRUE(same(is_main ? main.repo_defaults : repo, RepoConfig{})) << option.name;
        const auto main_of = [](const MainConfig& m) {
            return std::tie(m.cachedir, m.reposdir, m.installroot, m.persistdir, m.keepcache, m.assumeyes, m.assumeno,
                            m.max_parallel_downloads, m.clean_requirements_on_remove, m.exit_on_lock, m.zchunk);
        };
        EXPECT_EQ(main_of(main.main), main_of(untouched.main)) << option.name;
    }
}

TEST(OptionTable, every_option_may_stand_where_it_says_and_nowhere_else) {
    for (const KnownOption& option : known_options()) {
        MainOptions main;
        RepoConfig repo;
        // A value that is none shows that somebody looks at it, a text that it is taken.
        const auto taken = [](const Parsed<OptionFate>& fate) { return !fate || *fate == OptionFate::set; };
        EXPECT_EQ(taken(set_main_option(main, option.name, "1")), option.place != OptionPlace::repository || option.name == "exclude")
            << option.name;
        if (option.place != OptionPlace::main) {
            EXPECT_TRUE(taken(set_repo_option(repo, option.name, "1"))) << option.name;
        }
    }
}

TEST(OptionTable, the_guide_tells_of_every_option) {
    const auto guide = read_file(std::filesystem::path{LASTACK_SOURCE_DIR} / "docs/guide/lastack.md", 1U << 20);
    ASSERT_TRUE(guide);
    for (const KnownOption& option : known_options()) {
        EXPECT_TRUE(guide->contains("`" + std::string{option.name} + "`")) << option.name;
    }
}

}  // namespace
}  // namespace lastack::repo
