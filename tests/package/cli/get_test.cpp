#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// `get` needs no root; ScratchRoot keeps the host's configuration out.
struct Get {
    Get() {
        nginx.publish("a", "content of a");
        nginx.publish("b", "content of b");
        nginx.publish("c", "content of c");
    }

    [[nodiscard]] ProcessResult run(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "get");
        auto options = root.command(arguments);
        options.directory = here.path().string();
        return lastack::test::run(options);
    }

    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(here.path()), {}));
    }

    ScratchRoot root;
    NginxServer nginx;
    TempDirectory here;
};

TEST(Get, writes_a_file_named_like_the_url) {
    const Get get;
    const auto run = get.run({get.nginx.url("/a")});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(get.here.read("a"), "content of a");
    EXPECT_EQ(get.files(), 1U);  // nothing else is left
}

TEST(Get, takes_several_urls_and_a_directory_over_no_more_than_three_connections) {
    const Get get;
    std::filesystem::create_directory(get.here / "into");
    const auto run = get.run({"-d", "into", get.nginx.url("/a"), get.nginx.url("/b"), get.nginx.url("/c")});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(get.here.read("into/a") + get.here.read("into/b") + get.here.read("into/c"), "content of acontent of bcontent of c");
    EXPECT_LE(distinct_connections(get.nginx.wait_for_log(3)), 3U);
}

TEST(Get, names_the_file_with_o) {
    const Get get;
    const auto run = get.run({"-o", "other", get.nginx.url("/a")});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(get.here.read("other"), "content of a");
    EXPECT_EQ(get.files(), 1U);
}

TEST(Get, of_what_is_not_there_exits_with_1_and_writes_nothing_but_the_others) {
    const Get get;
    const auto run = get.run({get.nginx.url("/missing"), get.nginx.url("/a")});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("404"));
    EXPECT_THAT(run.err, HasSubstr(get.nginx.url("/missing")));
    EXPECT_EQ(get.here.read("a"), "content of a");
    EXPECT_EQ(get.files(), 1U);
}

TEST(Get, of_a_url_that_is_none_is_wrong_usage) {
    const Get get;
    EXPECT_EQ(get.run({"no url"}).status, 2);
    EXPECT_EQ(get.run({"-o", "x", get.nginx.url("/a"), get.nginx.url("/b")}).status, 2);
    EXPECT_EQ(get.run({get.nginx.url("/a"), get.nginx.url("/a?other")}).status, 2);  // both would be `a`
    EXPECT_EQ(get.files(), 0U);
}

TEST(Get, of_a_proxy_that_is_none_is_wrong_usage_and_shows_no_password) {
    const Get get;
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"--proxy", "socks4://me:hunter2@127.0.0.1:1"}, {"--proxy=me:hunter2"}, {"--unheard-of=http://me:hunter2@127.0.0.1:1"}}) {
        auto arguments = words;
        arguments.push_back(get.nginx.url("/a"));
        const auto run = get.run(arguments);
        EXPECT_EQ(run.status, 2) << told(run);
        EXPECT_THAT(run.out + run.err, testing::Not(HasSubstr("hunter2")));
        EXPECT_THAT(run.err, HasSubstr(words.front().substr(0, words.front().find('='))));
    }
    EXPECT_EQ(get.files(), 0U);
}

TEST(Get, passes_over_the_proxy_of_the_configuration_with_no_proxy) {
    const Get get;
    get.root.write_main_configuration("proxy=http://me:hunter2@127.0.0.1:1\nsslcacert=/no/such/file\n");
    const auto run = get.run({"--no-proxy", "-4", get.nginx.url("/a")});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(get.here.read("a"), "content of a");
}

TEST(Get, says_nothing_with_q) {
    const Get get;
    const auto run = get.run({"-q", get.nginx.url("/a")});
    EXPECT_EQ(run.status, 0);
    EXPECT_EQ(run.out + run.err, "");
}

}  // namespace
}  // namespace lastack::cli::test
