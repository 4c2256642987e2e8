// Metadata from another time than it should be from, and servers that cannot be asked.
#include "integration/repo/refresh_scene.hpp"
#include "repo/error.hpp"

namespace lastack::repo {
namespace {

constexpr std::int64_t day = 86'400;

class RefreshAge : public Refresh {
protected:
    RefreshAge() { now = 1'700'000'000; }

    // A generation whose date is its revision.
    void serve_dated(int generation, std::int64_t date, const std::string& path = "/r") {
        serve_repomd({.primary = primary_of(generation), .revision = std::to_string(date)}, path);
        origin.serve_file(path + "/repodata/primary.xml", primary_of(generation));
    }
    std::vector<std::string> warnings(Expiry expiry) {
        const auto outcome = run(expiry);
        EXPECT_TRUE(outcome) << describe(outcome.error());
        return outcome ? outcome->warnings : std::vector<std::string>{};
    }
};

TEST_F(RefreshAge, older_metadata_is_accepted_when_the_user_says_so) {
    serve(2);
    expect_generation(2);
    serve(1);
    expect_failure(RepoErrc::rolled_back);
    first().allow_rollback = true;
    EXPECT_TRUE(expect_generation(1, Expiry::ignore).refreshed);
}

TEST_F(RefreshAge, other_packages_under_the_same_revision_are_refused_and_both_are_told) {
    serve_dated(1, now - day);
    expect_generation(1);
    serve_dated(2, now - day);
    EXPECT_THAT(expect_failure(RepoErrc::rolled_back).cause,
                testing::ContainsRegex("revision 1699913600 of .* we have .revision 1699913600 of "));
    expect_generation(1);
}

TEST_F(RefreshAge, what_comes_from_the_future_is_refused) {
    serve_dated(1, now + 7200);
    EXPECT_THAT(expect_failure(RepoErrc::rolled_back).cause, HasSubstr("is from the future"));
    serve_dated(1, now + 3000);
    expect_generation(1);
}

TEST_F(RefreshAge, metadata_that_did_not_change_for_two_weeks_brings_a_warning_with_each_check) {
    serve_dated(1, now - 10 * day);
    EXPECT_THAT(warnings(Expiry::ignore), testing::IsEmpty());
    EXPECT_THAT(warnings(Expiry::ignore), testing::IsEmpty());
    now += 10 * day;
    EXPECT_THAT(warnings(Expiry::ignore), ElementsAre(HasSubstr("repository 'r' has not changed for 20 days")));
    EXPECT_THAT(warnings(Expiry::honour), testing::IsEmpty()) << "nobody was asked";
}

TEST_F(RefreshAge, max_age_refuses_frozen_metadata_from_the_server_and_from_the_cache) {
    serve_dated(1, now - 10 * day);
    first().max_age = std::chrono::hours{24 * 12};
    expect_generation(1);
    now += 3 * day;
    EXPECT_THAT(expect_failure(RepoErrc::too_old).cause, HasSubstr("is 13 days old, and max_age allows 12 days"));
    const auto outcome = run();
    ASSERT_FALSE(outcome) << "nor is it used because nothing better can be had";
    EXPECT_EQ(outcome.error().code, RepoErrc::too_old);
    serve_dated(2, now - day);
    expect_generation(2);
}

TEST_F(RefreshAge, of_several_mirrors_the_newest_valid_answer_wins) {
    serve_dated(1, now - 100 * day, "/old");
    origin.on("/garbage/repodata/repomd.xml", Reply{.body = "<html>"});
    serve_dated(3, now - day, "/new");
    first().baseurl = {origin.url("/old"), origin.url("/garbage"), origin.url("/new")};
    EXPECT_EQ(expect_generation(3).base_urls.front(), origin.url("/new"));
}

TEST_F(RefreshAge, what_is_old_everywhere_is_used_all_the_same) {
    serve_dated(1, now - 100 * day, "/a");
    serve_dated(1, now - 100 * day, "/b");
    first().baseurl = {origin.url("/a"), origin.url("/b")};
    expect_generation(1);
    const auto before = origin.requests().size();
    EXPECT_FALSE(expect_generation(1, Expiry::ignore).refreshed);
    EXPECT_EQ(origin.requests().size(), before + 1) << "an unchanged answer is not confirmed by another mirror";
}

TEST_F(RefreshAge, a_mirror_that_is_behind_ours_is_passed_over) {
    serve_dated(2, now - day, "/a");
    first().baseurl = {origin.url("/a"), origin.url("/b")};
    expect_generation(2);
    serve_dated(1, now - 2 * day, "/a");
    serve_dated(3, now, "/b");
    expect_generation(3, Expiry::ignore);
}

TEST_F(RefreshAge, expired_metadata_is_used_with_a_warning_when_no_server_can_be_asked) {
    expect_generation(1);
    origin.stop_listening();
    now += 2 * day;
    const auto outcome = run();
    ASSERT_TRUE(outcome) << describe(outcome.error());
    EXPECT_EQ(content(outcome->ready[0].files.front().path), primary_of(1));
    EXPECT_FALSE(outcome->ready[0].refreshed);
    EXPECT_THAT(
        outcome->warnings,
        ElementsAre(testing::AllOf(HasSubstr("repository 'r' could not be refreshed, its cached metadata (checked 2 days ago) is used: "),
                                   HasSubstr(origin.url("/r/repodata/repomd.xml")), HasSubstr("refused"))));
    EXPECT_FALSE(run(Expiry::ignore)) << "fresh metadata was asked for";
}

TEST_F(RefreshAge, a_broken_refresh_leaves_the_old_generation_in_use) {
    expect_generation(1);
    serve(2);
    origin.serve_file("/r/repodata/primary.xml", primary_of(3));
    now += day;
    EXPECT_THAT(warnings(Expiry::honour), ElementsAre(HasSubstr("its cached metadata (checked 1 day ago) is used")));
    expect_generation(1);
}

TEST_F(RefreshAge, the_cache_alone_is_used_however_old_and_nobody_is_asked) {
    const auto missing = run(Expiry::never);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, RepoErrc::not_cached);
    EXPECT_TRUE(origin.requests().empty());
    expect_generation(1);
    now += 1000 * day;
    const auto before = origin.requests().size();
    expect_generation(1, Expiry::never);
    types = {"primary", "filelists"};
    expect_generation(1, Expiry::never);  // the repository has none
    EXPECT_EQ(origin.requests().size(), before);
}

TEST_F(RefreshAge, a_changed_configuration_makes_metadata_expire_that_is_older) {
    expect_generation(1);
    serve(2);
    now += 100;
    first().configured_at = now - 100;
    expect_generation(1);
    first().configured_at = now + 1;
    expect_generation(1);
    first().configured_at = now - 50;
    first().check_config_file_age = false;
    expect_generation(1);
    first().check_config_file_age = true;
    expect_generation(2);
    serve(3);
    expect_generation(2);
}

TEST_F(RefreshAge, a_filter_lets_commands_that_do_not_need_the_newest_use_what_is_there) {
    first().metadata_expire_filter = ExpireFilter::present;
    timeliness = Timeliness::present;
    expect_generation(1);
    serve(2);
    now += 3 * day;
    expect_generation(1);
    first().configured_at = now - day;
    expect_generation(1);
    expect_generation(2, Expiry::ignore);
    serve(3);
    now += 20 * day;
    EXPECT_THAT(warnings(Expiry::honour), ElementsAre(HasSubstr("repository 'r' was checked 20 days ago")));
    expect_generation(2);
    timeliness = Timeliness::future;
    expect_generation(3);
}

TEST_F(RefreshAge, a_filter_has_no_say_when_repositories_were_checked_more_than_five_days_apart) {
    serve(1, "/s");
    first().metadata_expire_filter = ExpireFilter::future;
    expect_generation(1);
    config.repos.push_back(repo("s", origin.url("/s")));
    const auto refreshed = [&] {
        const auto outcome = run();
        EXPECT_TRUE(outcome);
        return outcome ? std::pair{outcome->ready.at(0).refreshed, outcome->ready.at(1).refreshed} : std::pair{false, false};
    };
    timeliness = Timeliness::present;
    now += 2 * day;
    serve(2);
    EXPECT_EQ(refreshed(), (std::pair{true, true})) << "nothing of s was there";
    now += day;
    serve(3);
    serve(3, "/s");
    EXPECT_EQ(refreshed(), (std::pair{false, true})) << "s has no filter";
    now += 6 * day;
    serve(4, "/s");
    config.repos[0].enabled = false;
    EXPECT_TRUE(run());
    config.repos[0].enabled = true;
    EXPECT_TRUE(refreshed().first) << "r was checked seven days before s";
}

}  // namespace
}  // namespace lastack::repo
