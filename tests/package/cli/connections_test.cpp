#include "scratch_root.hpp"
#include "socket_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli::test {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::SizeIs;

constexpr int packages_each = 10;
const std::vector<std::string> repositories{"base", "apps", "extras"};

Specs packages_of(const std::string& repository, const std::string& version) {
    Specs packages;
    for (int i = 1; i <= packages_each; ++i) {
        packages.push_back({.name = repository + "-" + std::to_string(i), .version = version, .payload_size = 20'000});
    }
    return packages;
}

// Version 1.0 of everything is installed; three repositories have version 2.0.
struct ThirtyUpdates {
    explicit ThirtyUpdates(const NginxOptions& options, const std::string& repo_options = "gpgcheck=0\n", bool slow_scriptlet = false)
        : nginx([&] {
              auto with_root = options;
              with_root.root = root.served();
              return with_root;
          }()) {
        Specs all{lastack::test::shell_package()};
        for (const auto& repository : repositories) {
            auto newer = packages_of(repository, "2.0");
            if (slow_scriptlet && repository == "apps") {
                newer[4].scriptlets.push_back({.section = "%post", .body = "sleep 2"});
            }
            root.add_repository(nginx, repository, newer, repo_options);
            const auto older = packages_of(repository, "1.0");
            all.insert(all.end(), older.begin(), older.end());
        }
        root.install(all);
    }

    [[nodiscard]] long updated() const {
        const auto installed = root.installed();
        return std::ranges::count_if(installed, [](const std::string& name) { return name.ends_with("-2.0-1"); });
    }

    ScratchRoot root;
    NginxServer nginx;
};

TEST(Connections, none_is_open_at_the_prompt_and_in_the_transaction_and_none_waits_in_close_wait) {
    // Slow enough that the downloads cannot be missed.
    const ThirtyUpdates site({.keepalive_timeout = "3s", .server_directives = "limit_rate 100k;"}, "gpgcheck=0\n", true);
    Process update(site.root.at_terminal({"update"}));
    SocketWatch watch(update.pid());

    ASSERT_TRUE(update.wait_for_output("Is this ok [y/d/N]: ")) << update.out();
    const auto prompted = Clock::now();
    // Longer than nginx keeps an idle connection.
    ASSERT_FALSE(update.wait_for_output("never printed", 4s));
    const auto answered = Clock::now();
    update.write("y\n");
    ASSERT_TRUE(update.wait_for_output("Running transaction\r\n")) << update.out();
    const auto transaction_begun = Clock::now();
    const auto run = update.wait();
    const auto exited = Clock::now();
    const auto looks = watch.stop();

    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(site.updated(), 30);
    EXPECT_EQ(open_between(looks, prompted + 50ms, answered), "");
    EXPECT_GT(exited - transaction_begun, 2s);
    EXPECT_EQ(open_between(looks, transaction_begun, exited), "");
    EXPECT_EQ(looks_with_close_wait(looks), 0U);
    EXPECT_LE(most_open(looks), 3U);
    // Without this the rest would say nothing.
    EXPECT_NE(open_between(looks, answered, transaction_begun), "");
}

TEST(Connections, an_unattended_update_makes_all_its_requests_on_at_most_three) {
    const ThirtyUpdates site({});
    const auto run = site.root.lastack({"-y", "update"});

    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(site.updated(), 30);
    const auto log = site.nginx.wait_for_log(36);
    EXPECT_THAT(log, SizeIs(36));  // for each repository repomd.xml, primary and ten packages
    EXPECT_LE(distinct_connections(log), 3U);
}

TEST(Connections, keepalive_0_makes_one_request_on_each) {
    const ThirtyUpdates site({}, "gpgcheck=0\nkeepalive=0\n");
    const auto run = site.root.lastack({"-y", "update"});

    EXPECT_EQ(run.status, 0) << told(run);
    const auto log = site.nginx.wait_for_log(36);
    EXPECT_THAT(log, SizeIs(36));
    EXPECT_EQ(distinct_connections(log), log.size());
}

TEST(Connections, one_that_waits_for_a_slow_download_elsewhere_does_not_stay_in_close_wait) {
    // 100 kB at 40 kB/s outlast the second after which nginx closes what is idle.
    const ThirtyUpdates site({.keepalive_timeout = "1s", .locations = {{.path = "/slow/", .directives = "limit_rate 40k;"}}});
    site.root.add_repository(site.nginx, "slow", {{.name = "base-1", .version = "3.0", .payload_size = 100'000}});
    Process update(site.root.command({"-y", "update"}));
    SocketWatch watch(update.pid());
    const auto run = update.wait();
    const auto looks = watch.stop();

    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_LE(longest_close_wait(looks), 20ms);
    const auto log = site.nginx.wait_for_log(38);
    const auto slow = requests_for(log, "base-1-3.0-1.noarch.rpm");
    ASSERT_THAT(slow, SizeIs(1));
    EXPECT_GT(slow.front().time, log.front().time + 2);
}

}  // namespace
}  // namespace lastack::cli::test
