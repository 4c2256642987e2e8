#include "cli/repo_table.hpp"

#include "base/text.hpp"
#include "cli/cache_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

repo::RepoConfig repository(std::string id, std::string name, bool enabled = true) {
    return {.id = std::move(id), .name = std::move(name), .enabled = enabled, .baseurl = {"http://u:pass@h/r"}, .origin = "f.repo:1"};
}

TEST(RepoTable, columns_are_as_wide_as_their_content_and_wide_characters_count_twice) {
    EXPECT_EQ(repo_list({repository("a", "Plain"), repository("b", "漢字", false)}, StatusColumn::yes, 40),
              "repo id     repo name       status\n"
              "a           Plain           enabled\n"
              "b           漢字            disabled\n");
    EXPECT_EQ(repo_list({}, StatusColumn::yes, 80), "");
}

TEST(RepoTable, a_combining_mark_takes_no_column) {
    const auto text = repo_list({repository("a", "e\xcc\x81"), repository("b", "x")}, StatusColumn::yes, 40);
    EXPECT_THAT(text, HasSubstr("\na            e\xcc\x81              enabled\n"));
}

TEST(RepoTable, info_has_no_secret_and_says_what_is_not_at_hand) {
    const auto text = repo_info({{.config = repository("a", "A"), .mirrors = {{.url = "http://u:pass@h/r"}}, .trouble = "not found"}}, 100);
    EXPECT_THAT(text, Not(HasSubstr("pass")));
    EXPECT_THAT(text, HasSubstr("At hand           : no: not found\n"));
    EXPECT_THAT(repo_info_json({{.config = repository("a", "A")}}), Not(HasSubstr("pass")));
}

TEST(RepoTable, info_tells_a_check_in_the_future) {
    RepoFacts facts{.config = repository("a", "A"), .repomd = repo::Repomd{.revision = "7", .files = {}}};
    facts.state.checked_at = 5000;
    EXPECT_THAT(repo_info({facts}, 100), HasSubstr("(in the future)"));
    EXPECT_THAT(repo_info({facts}, 5000 + 7200), HasSubstr("(2 hours ago)"));
}

TEST(CacheTable, says_how_much_of_what_lies_there) {
    repo::CacheReport report;
    report.repositories.push_back({.id = "a", .checked_at = 100, .revision = "7", .packages = {2, 2048}, .metadata = {1, 10}});
    report.total = {4, 5000};
    const auto text = cache_table(report, "/c\x1b", 160, 60);
    EXPECT_THAT(text, HasSubstr("Cache: /c\\x1b\n"));
    EXPECT_THAT(text, HasSubstr("2.0 kB"));
    EXPECT_THAT(text, HasSubstr("1 minute ago"));
    EXPECT_THAT(cache_json(report, "/c"), HasSubstr(R"("packages":{"files":2,"bytes":2048})"));
}

TEST(RepoInfo, tells_what_is_known_of_each_mirror) {
    const std::vector<RepoFacts> facts{
        {.config = repository("a", "A"),
         .mirrors = {{.url = "http://fast/", .rate = 2'500'000}, {.url = "http://new/"}, {.url = "http://gone/", .fails = 3}}}};
    const auto text = repo_info(facts, 100);
    EXPECT_THAT(text, HasSubstr("http://fast/ (" + format_number(2'500'000) + "B/s)\n"));
    EXPECT_THAT(text, HasSubstr("http://new/\n"));
    EXPECT_THAT(text, HasSubstr("http://gone/ (failed 3 times)\n"));
    EXPECT_THAT(repo_info_json(facts),
                HasSubstr(R"("mirrors":[{"url":"http://fast/","rate":2500000,"fails":0},{"url":"http://new/","rate":null,"fails":0},)"
                          R"({"url":"http://gone/","rate":null,"fails":3}])"));
}

}  // namespace
}  // namespace lastack::cli
