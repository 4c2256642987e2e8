#include "package/fetch.hpp"

#include "package/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::package {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Digest digest{DigestAlgorithm::sha256, std::string(64, 'a')};

Package foo(std::string location = "Packages/f/foo-1-1.noarch.rpm", std::string base = {}) {
    return {.nevra = {"foo", "0", "1", "1", "noarch"},
            .repo_id = "base",
            .download_size = 1000,
            .location = std::move(location),
            .base = std::move(base),
            .digest = digest};
}

repo::ReadyRepo base_repo(std::vector<std::string> urls = {"http://one.example/repo", "https://two.example"}) {
    return {.config = {.id = "base", .keepalive = false, .timeout = std::chrono::milliseconds{7}, .retries = 3, .minrate = 5},
            .base_urls = std::move(urls),
            .packages = "/cache/base/packages"};
}

Solution installing(std::vector<Package> packages) {
    Solution solution;
    for (auto& package : packages) {
        solution.steps.push_back({.action = Action::install, .package = std::move(package)});
    }
    return solution;
}

std::vector<std::string> urls(const Package& package, const repo::ReadyRepo& repo = base_repo()) {
    const auto plan = plan_fetch(installing({package}), {repo});
    return plan ? plan->requests.at(0).urls : std::vector<std::string>{describe(plan.error())};
}

TEST(PlanFetch, a_request_has_every_mirror_and_what_the_metadata_says) {
    const auto plan = plan_fetch(installing({foo()}), {base_repo()}, "agent/1");
    ASSERT_TRUE(plan.has_value()) << describe(plan.error());
    ASSERT_EQ(plan->requests.size(), 1u);
    const DownloadRequest& request = plan->requests.front();
    EXPECT_THAT(request.urls,
                ElementsAre("http://one.example/repo/Packages/f/foo-1-1.noarch.rpm", "https://two.example/Packages/f/foo-1-1.noarch.rpm"));
    EXPECT_EQ(request.path, "/cache/base/packages/foo-1-1.noarch.rpm");
    EXPECT_EQ(request.label, "foo-1-1.noarch.rpm");
    EXPECT_EQ(request.size, 1000u);
    EXPECT_THAT(request.digests, ElementsAre(digest));
    EXPECT_EQ(request.options.timeout, std::chrono::milliseconds{7});
    EXPECT_EQ(request.options.retries, 3u);
    EXPECT_EQ(request.options.minrate, 5u);
    EXPECT_FALSE(request.options.keepalive);
    EXPECT_EQ(request.options.user_agent, "agent/1");
    EXPECT_EQ(plan->bytes, 1000u);
}

TEST(PlanFetch, steps_that_bring_nothing_have_no_request) {
    Package gone = foo();
    gone.repo_id = "installed";
    Package bar = foo("bar.rpm");
    Solution solution;
    solution.steps = {{.action = Action::install, .package = foo()},
                      {.action = Action::remove, .package = gone},
                      {.action = Action::update, .package = bar}};
    const auto plan = plan_fetch(solution, {base_repo()});
    ASSERT_TRUE(plan.has_value()) << describe(plan.error());
    EXPECT_THAT(plan->step_of_request, ElementsAre(0u, 2u));
    EXPECT_EQ(plan->bytes, 2000u);
    EXPECT_TRUE(plan_fetch(Solution{}, {})->requests.empty());
}

TEST(PlanFetch, a_missing_size_is_only_limited) {
    Package package = foo();
    package.download_size = 0;
    const auto plan = plan_fetch(installing({package}), {base_repo()});
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->requests[0].size, std::nullopt);
    EXPECT_EQ(plan->requests[0].size_limit, largest_package);
}

TEST(PlanFetch, sizes_up_to_the_largest_are_taken) {
    Package package = foo();
    package.download_size = largest_package;
    EXPECT_TRUE(plan_fetch(installing({package}), {base_repo()}).has_value());
    package.download_size = largest_package + 1;
    const auto plan = plan_fetch(installing({package}), {base_repo()});
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().code, PackageErrc::bad_metadata);
}

TEST(PlanFetch, without_a_digest_nothing_is_fetched) {
    Package package = foo();
    package.digest.reset();
    const auto plan = plan_fetch(installing({package}), {base_repo()});
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().code, PackageErrc::no_digest);
    EXPECT_THAT(plan.error().cause, ::testing::AllOf(HasSubstr("foo-1-1.noarch"), HasSubstr("base")));
}

TEST(PlanFetch, a_digest_that_can_be_forged_needs_the_repositorys_leave) {
    Package package = foo();
    package.digest = Digest{DigestAlgorithm::sha1, std::string(40, 'a')};
    auto repo = base_repo();
    const auto refused = plan_fetch(installing({package}), {repo});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, PackageErrc::no_digest);
    repo.config.allow_weak_digests = true;
    const auto allowed = plan_fetch(installing({package}), {repo});
    ASSERT_TRUE(allowed.has_value());
    EXPECT_THAT(allowed->requests.front().digests, ElementsAre(*package.digest));
}

class BadLocation : public ::testing::TestWithParam<const char*> {};

TEST_P(BadLocation, is_refused_with_package_repository_and_location) {
    const auto plan = plan_fetch(installing({foo(GetParam())}), {base_repo()});
    ASSERT_FALSE(plan.has_value()) << plan->requests[0].urls[0];
    EXPECT_EQ(plan.error().code, PackageErrc::bad_location);
    EXPECT_THAT(plan.error().cause, ::testing::AllOf(HasSubstr("foo-1-1.noarch"), HasSubstr("repository base")));
    EXPECT_THAT(plan.error().cause, ::testing::Not(::testing::AnyOf(HasSubstr("\n"), HasSubstr("\x1b"))));
}

INSTANTIATE_TEST_SUITE_P(PlanFetch, BadLocation,
                         ::testing::Values("", ".", "..", "../foo.rpm", "a/../foo.rpm", "a/../../foo.rpm", "a/..", "/etc/foo.rpm",
                                           "//evil.example/foo.rpm", "%2e%2e/foo.rpm", "a/%2E%2e/foo.rpm", "./foo.rpm", "a//foo.rpm",
                                           "a\\..\\foo.rpm", "file:///etc/foo.rpm", "http://evil.example/foo.rpm", "ftp:foo.rpm",
                                           "foo.rpm\nX: y", "foo\x1b[31m.rpm", "foo\r.rpm", "foo%0a.rpm", "-rf.rpm", "a/-rf.rpm",
                                           ".hidden.rpm", "a/", "foo", "foo.txt", "foo bar.rpm", "a/foo%2f..%2fbar.rpm", "\xc3\xa9.rpm"));

TEST(PlanFetch, two_packages_with_one_file_name_are_refused) {
    Package other = foo("elsewhere/foo-1-1.noarch.rpm");
    other.nevra.name = "bar";
    const auto plan = plan_fetch(installing({foo(), other}), {base_repo()});
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().code, PackageErrc::bad_location);
    EXPECT_THAT(plan.error().cause, HasSubstr("foo-1-1.noarch"));
}

TEST(PlanFetch, one_file_name_in_two_repositories_is_fine) {
    Package other = foo();
    other.repo_id = "second";
    auto second = base_repo();
    second.config.id = "second";
    second.packages = "/cache/second/packages";
    EXPECT_TRUE(plan_fetch(installing({foo(), other}), {base_repo(), second}).has_value());
}

TEST(PlanFetch, a_repository_that_is_not_ready_is_an_error) {
    const auto plan = plan_fetch(installing({foo()}), {});
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().code, Errc::invalid_argument);
}

TEST(PlanFetch, an_absolute_base_replaces_the_mirrors) {
    EXPECT_THAT(urls(foo("foo.rpm", "https://cdn.example/pool/")), ElementsAre("https://cdn.example/pool/foo.rpm"));
    EXPECT_THAT(urls(foo("foo.rpm", "https://cdn.example")), ElementsAre("https://cdn.example/foo.rpm"));
}

TEST(PlanFetch, a_relative_base_is_resolved_below_each_mirror) {
    EXPECT_THAT(urls(foo("foo.rpm", "pool/x")),
                ElementsAre("http://one.example/repo/pool/x/foo.rpm", "https://two.example/pool/x/foo.rpm"));
}

TEST(PlanFetch, a_base_does_not_lose_the_user_of_the_repository) {
    EXPECT_THAT(urls(foo("foo.rpm", "pool"), base_repo({"https://u:p@one.example/repo"})),
                ElementsAre("https://u:p@one.example/repo/pool/foo.rpm"));
    EXPECT_THAT(urls(foo("foo.rpm", "https://cdn.example/"), base_repo({"https://u:p@one.example/repo"})),
                ElementsAre("https://cdn.example/foo.rpm"));
}

TEST(PlanFetch, the_repository_s_connection_carries_the_request) {
    auto repo = base_repo();
    repo.config.connection = {
        .tls = {.ca = "/ca"}, .proxy = {.url = "proxy", .username = {}, .password = {}, .tls = {}}, .username = "me", .password = "secret"};
    const auto plan = plan_fetch(installing({foo()}), {repo});
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->requests[0].options.connection, repo.config.connection);
}

TEST(PlanFetch, credentials_stay_behind_when_a_base_leads_to_another_server) {
    struct Row {
        const char* base;
        bool sent;
    };
    const Row rows[] = {
        {"", true},
        {"pool", true},
        {"https://one.example/other/", true},
        {"https://one.example:443/other/", true},
        {"https://one.example:444/", false},
        {"https://cdn.example/pool/", false},
        {"https://sub.one.example/", false},
    };
    for (const Row& row : rows) {
        auto repo = base_repo({"https://one.example/repo", "https://two.example/repo"});
        repo.config.connection = {.tls = {.verify = false, .ca = "/ca"}, .proxy = {}, .username = "me", .password = "secret"};
        const auto plan = plan_fetch(installing({foo("foo.rpm", row.base)}), {repo});
        ASSERT_TRUE(plan.has_value()) << row.base << describe(plan.error());
        const ConnectionOptions& connection = plan->requests[0].options.connection;
        EXPECT_EQ(connection.username, row.sent ? "me" : "") << row.base;
        EXPECT_EQ(connection.password, row.sent ? "secret" : "") << row.base;
        EXPECT_EQ(connection.tls, repo.config.connection.tls) << row.base;
    }
}

TEST(PlanFetch, repositories_do_not_lend_each_other_credentials) {
    auto first = base_repo({"https://one.example/repo"});
    first.config.connection.username = "first";
    auto second = base_repo({"https://one.example/second"});
    second.config.id = "second";
    second.packages = "/cache/second/packages";
    Package other = foo();
    other.repo_id = "second";
    const auto plan = plan_fetch(installing({foo(), other}), {first, second});
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->requests[0].options.connection.username, "first");
    EXPECT_EQ(plan->requests[1].options.connection.username, "");
}

class BadBase : public ::testing::TestWithParam<const char*> {};

TEST_P(BadBase, is_refused) {
    const auto plan = plan_fetch(installing({foo("foo.rpm", GetParam())}), {base_repo({"https://one.example/repo"})});
    ASSERT_FALSE(plan.has_value()) << plan->requests[0].urls[0];
    EXPECT_EQ(plan.error().code, PackageErrc::bad_location);
    EXPECT_THAT(describe(plan.error()), ::testing::Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(PlanFetch, BadBase,
                         ::testing::Values("file:///srv", "ftp://host/", "media:1#2", "../other", "/elsewhere", "//evil.example/x",
                                           "a/../../..", "http://one.example/repo/", "https://user:secret@cdn.example/",
                                           "//user:secret@one.example/repo/", "https://cdn.example/?q=", "?q", "https://cdn.example/a b",
                                           "https://", "http://one.example\nX: y"));

}  // namespace
}  // namespace lastack::package
