#include "repository_server.hpp"
#include "scratch_root.hpp"
#include "socket_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli::test {
namespace {

using namespace std::chrono_literals;
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
    struct Options {
        NginxOptions nginx{};
        unsigned idle_seconds = 75;
        std::string repository{};  // further lines for each
        bool slow_scriptlet = false;
    };

    ThirtyUpdates(const Way& way, const Options& options)
        : server(
              way,
              [&] {
                  auto with_root = options.nginx;
                  with_root.root = root.served();
                  return with_root;
              }(),
              options.idle_seconds) {
        root.write_main_configuration(server.options());
        Specs all{lastack::test::shell_package()};
        for (const auto& repository : repositories) {
            auto newer = packages_of(repository, "2.0");
            if (options.slow_scriptlet && repository == "apps") {
                newer[4].scriptlets.push_back({.section = "%post", .body = "sleep 2"});
            }
            root.add_repository(server.nginx(), repository, newer, "gpgcheck=0\n" + options.repository);
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
    RepositoryServer server;
};

class Connections : public testing::TestWithParam<Way> {};

TEST_P(Connections, none_is_open_at_the_prompt_and_in_the_transaction_and_none_waits_in_close_wait) {
    // One download takes a second, so that no load makes the watch miss them all: nginx counts whole seconds of its rate.
    const ThirtyUpdates site(GetParam(),
                             {.nginx = {.locations = {{.path = "/base/Packages/base-1-2.0-1.noarch.rpm", .directives = "limit_rate 15k;"}}},
                              .idle_seconds = 3,
                              .slow_scriptlet = true});
    Process update(site.root.at_terminal({"update"}));
    SocketWatch watch(update.pid());

    ASSERT_TRUE(update.wait_for_output("Is this ok [y/d/N]: ")) << update.out();
    const auto prompted = Clock::now();
    // Longer than an idle connection is kept by its other end.
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
    // A look may fall between a FIN and our close; none lasts.
    EXPECT_LE(longest_close_wait(looks), 100ms);
    EXPECT_LE(most_open(looks), 3U);
    EXPECT_EQ(site.server.answered(36), "");
    // Without this the rest would say nothing.
    EXPECT_NE(open_between(looks, answered, transaction_begun), "");
}

TEST_P(Connections, an_unattended_update_makes_all_its_requests_on_at_most_three) {
    const ThirtyUpdates site(GetParam(), {});
    const auto run = site.root.lastack({"-y", "update"});

    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(site.updated(), 30);
    EXPECT_EQ(site.server.answered(36), "");  // for each repository repomd.xml, primary and ten packages
    EXPECT_LE(site.server.connections(), 3U);
}

TEST_P(Connections, keepalive_0_makes_one_request_on_each) {
    const ThirtyUpdates site(GetParam(), {.repository = "keepalive=0\n"});
    const auto run = site.root.lastack({"-y", "update"});

    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(site.server.answered(36), "");
    EXPECT_EQ(site.server.connections(), 36U);
}

// 140 kB at 40 kB/s outlast the second after which what is idle is closed by its other end, though nginx counts in whole seconds.
const ThirtyUpdates::Options beside_a_slow_one{.nginx = {.locations = {{.path = "/slow/", .directives = "limit_rate 40k;"}}},
                                               .idle_seconds = 1};

void add_slow_package(const ThirtyUpdates& site) {
    site.root.add_repository(site.server.nginx(), "slow", {{.name = "base-1", .version = "3.0", .payload_size = 140'000}});
}

void expect_it_was_slow(const ThirtyUpdates& site) {
    EXPECT_EQ(site.server.answered(38), "");
    const auto log = site.server.nginx().log();
    const auto slow = requests_for(log, "base-1-3.0-1.noarch.rpm");
    ASSERT_THAT(slow, SizeIs(1));
    EXPECT_GT(slow.front().time, log.front().time + 2);
}

TEST_P(Connections, one_that_waits_for_a_slow_download_elsewhere_does_not_stay_in_close_wait) {
    const ThirtyUpdates site(GetParam(), beside_a_slow_one);
    add_slow_package(site);
    Process update(site.root.command({"-y", "update"}));
    SocketWatch watch(update.pid());
    const auto run = update.wait();
    const auto looks = watch.stop();

    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_LE(longest_close_wait(looks), 100ms);
    expect_it_was_slow(site);
}

TEST_P(Connections, lastack_sockets_finds_nothing_wrong_around_an_update) {
    const ThirtyUpdates site(GetParam(), beside_a_slow_one);
    add_slow_package(site);
    auto command = site.root.command({"-y", "-q", "update"});
    const std::vector<std::string> watcher{LASTACK_BUILD_DIR "/lastack", "sockets", "--fail-after", "100", "--"};
    command.arguments.insert(command.arguments.begin(), watcher.begin(), watcher.end());
    const auto run = lastack::test::run(command);

    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(run.out + run.err, "");
    EXPECT_EQ(site.updated(), 29);
    expect_it_was_slow(site);
}

INSTANTIATE_TEST_SUITE_P(Over, Connections, testing::ValuesIn(every_way()), [](const auto& each) { return name_of(each.param); });

// The one in a .repo file is for that repository: the others go straight.
TEST(ProxyOfARepository, carries_that_repository_and_no_other) {
    const ScratchRoot root;
    const RepositoryServer plain({.name = "http"}, {.root = root.served()});
    const RepositoryServer forwarded({.name = "http_through_squid", .squid = true}, {.root = root.served()});
    const RepositoryServer tunnelled({.name = "https_through_squid", .tls = true, .squid = true}, {.root = root.served()});
    root.add_repository(plain.nginx(), "plain", {{.name = "one"}});
    root.add_repository(forwarded.nginx(), "forwarded", {{.name = "two"}}, "gpgcheck=0\n" + forwarded.options());
    root.add_repository(tunnelled.nginx(), "tunnelled", {{.name = "three"}}, "gpgcheck=0\n" + tunnelled.options());
    const auto run = root.lastack({"-y", "install", "one", "two", "three"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(root.installed(), SizeIs(3));
    EXPECT_EQ(plain.answered(3), "");
    EXPECT_EQ(forwarded.answered(3), "");
    EXPECT_EQ(tunnelled.answered(3), "");
}

}  // namespace
}  // namespace lastack::cli::test
