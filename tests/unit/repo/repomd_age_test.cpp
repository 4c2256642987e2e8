#include "repo/repomd_age.hpp"

#include "repo/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace lastack::repo {
namespace {

using testing::HasSubstr;

constexpr std::int64_t now = 1'700'000'000;  // 2023-11-14
constexpr std::int64_t day = 86'400;

// Values as they stand in the document; an empty timestamp: none. `packages` tells one primary from another.
Repomd repomd(const std::string& revision, const std::string& timestamp, char packages = 'a') {
    std::string text = "<repomd>";
    text += revision.empty() ? "" : "<revision>" + revision + "</revision>";
    text += "<data type=\"primary\"><checksum type=\"sha256\">" + std::string(64, packages) + "</checksum><location href=\"p\"/>";
    text += timestamp.empty() ? "" : "<timestamp>" + timestamp + "</timestamp>";
    return parse_repomd(text + "</data></repomd>", "test").value();
}

Generation generation(Repomd content) { return {.text = {}, .sha256 = {}, .repomd = std::move(content), .state = {}}; }

std::error_code judged(const Repomd& served, const Repomd& cached, const RepoConfig& config = {}) {
    const Generation at_hand = generation(cached);
    const auto checked = check_age(served, &at_hand, config, now);
    return checked ? std::error_code{} : checked.error().code;
}

TEST(RepomdAge, what_is_older_is_refused_by_revision_then_by_timestamp) {
    EXPECT_EQ(judged(repomd("2", "200", 'b'), repomd("1", "300")), std::error_code{});
    EXPECT_EQ(judged(repomd("1", "300", 'b'), repomd("2", "200")), RepoErrc::rolled_back);
    EXPECT_EQ(judged(repomd("1", "100", 'b'), repomd("1", "200")), RepoErrc::rolled_back);
    EXPECT_EQ(judged(repomd("1", "300", 'b'), repomd("1", "200")), std::error_code{});
    EXPECT_EQ(judged(repomd("", "100", 'b'), repomd("", "200")), RepoErrc::rolled_back);
    EXPECT_EQ(judged(repomd("0", "", 'b'), repomd("1", "")), RepoErrc::rolled_back);
}

TEST(RepomdAge, other_packages_under_the_same_revision_and_date_are_refused_and_both_are_told) {
    const Generation at_hand = generation(repomd("1690000000", "1690000001"));
    const auto checked = check_age(repomd("1690000000", "1690000001", 'b'), &at_hand, {}, now);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, RepoErrc::rolled_back);
    EXPECT_THAT(
        checked.error().cause,
        HasSubstr(
            "(revision 1690000000 of 2023-07-22 04:26:41 UTC) has the revision of the one we have (revision 1690000000 of 2023-07-22"));
    EXPECT_EQ(judged(repomd("1", "", 'b'), repomd("1", "")), RepoErrc::rolled_back);
    EXPECT_EQ(judged(repomd("1", "200"), repomd("1", "200")), std::error_code{}) << "notices were added to the same packages";
}

TEST(RepomdAge, what_comes_from_the_future_is_refused) {
    const auto later = [](std::int64_t seconds) { return std::to_string(now + seconds); };
    for (const auto& [served, refused] : {std::pair{repomd("1", later(3600)), false},
                                          {repomd("1", later(3601)), true},
                                          {repomd(later(3600), ""), false},
                                          {repomd(later(3601), ""), true},
                                          {repomd("1", "18446744073709551615"), true},
                                          {repomd("4070908800", "5"), true}}) {
        const auto checked = check_age(served, nullptr, {}, now);
        EXPECT_EQ(!checked, refused) << served.revision;
        EXPECT_TRUE(checked || checked.error().code == RepoErrc::rolled_back);
    }
    EXPECT_TRUE(check_age(repomd("20991231235959", ""), nullptr, {}, now)) << "a revision that counts otherwise is no time";
}

TEST(RepomdAge, fields_that_are_no_whole_numbers_are_ignored) {
    for (const char* odd : {"soon", "-5", "1.5", "4070908800.5", "99999999999999999999999", "0x7fffffff", ""}) {
        EXPECT_TRUE(check_age(repomd(odd, "1690000000", 'b'), nullptr, {}, now)) << odd;
        EXPECT_TRUE(check_age(repomd("2", odd, 'b'), nullptr, {}, now)) << odd;
        EXPECT_EQ(judged(repomd(odd, "1690000001", 'b'), repomd("7", "1690000000")), std::error_code{}) << odd;
        EXPECT_EQ(judged(repomd("2", odd, 'b'), repomd("1", "1690000000")), std::error_code{}) << odd;
    }
}

TEST(RepomdAge, allow_rollback_accepts_all_of_them) {
    RepoConfig config;
    config.allow_rollback = true;
    EXPECT_EQ(judged(repomd("1", "", 'b'), repomd("2", ""), config), std::error_code{});
    EXPECT_EQ(judged(repomd("1", "", 'b'), repomd("1", ""), config), std::error_code{});
    EXPECT_EQ(judged(repomd("4070908800", "4070908800", 'b'), repomd("2", ""), config), std::error_code{});
}

TEST(RepomdAge, max_age_refuses_what_is_older_or_has_no_date) {
    RepoConfig config;
    config.max_age = std::chrono::hours{24};
    EXPECT_TRUE(check_max_age(repomd("1", std::to_string(now - day)), config, now));
    const auto old = check_max_age(repomd("1", std::to_string(now - 3 * day)), config, now);
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().code, RepoErrc::too_old);
    EXPECT_THAT(old.error().cause, HasSubstr("is 3 days old, and max_age allows 1 day"));
    EXPECT_FALSE(check_max_age(repomd("1", ""), config, now));
    EXPECT_TRUE(check_max_age(repomd("1", ""), {}, now));
}

TEST(RepomdAge, two_weeks_without_a_change_are_stale) {
    EXPECT_FALSE(is_stale(repomd("1", std::to_string(now - 14 * day)), now));
    EXPECT_TRUE(is_stale(repomd("1", std::to_string(now - 14 * day - 1)), now));
    EXPECT_TRUE(is_stale(repomd(std::to_string(now - 15 * day), ""), now)) << "a revision that is a time will do";
    EXPECT_FALSE(is_stale(repomd("1", ""), now)) << "what has no date says nothing";
}

}  // namespace
}  // namespace lastack::repo
