#include "integration/repo/refresh_scene.hpp"
#include "repo/error.hpp"

namespace lastack::repo {
namespace {

TEST_F(Refresh, the_first_run_fetches_repomd_and_primary) {
    const ReadyRepo ready = expect_generation(1);
    EXPECT_TRUE(ready.refreshed);
    EXPECT_THAT(ready.base_urls, ElementsAre(origin.url("/r")));
    EXPECT_EQ(ready.packages, directory / "cache/r/packages");
    EXPECT_TRUE(fs::is_directory(ready.packages));
    EXPECT_THAT(requested(), ElementsAre("/r/repodata/repomd.xml", "/r/repodata/primary.xml"));
    EXPECT_NE(cached("refresh.state"), "");
}

TEST_F(Refresh, within_metadata_expire_no_server_is_asked) {
    expect_generation(1);
    serve(2);
    EXPECT_FALSE(expect_generation(1).refreshed);
    EXPECT_EQ(origin.requests().size(), 2u);
}

TEST_F(Refresh, unchanged_metadata_is_confirmed_by_304_alone) {
    expect_generation(1);
    EXPECT_FALSE(expect_generation(1, Expiry::ignore).refreshed);
    ASSERT_EQ(origin.requests().size(), 3u);
    EXPECT_TRUE(origin.requests()[2].has("If-None-Match"));
    first().metadata_expire = 0s;
    EXPECT_FALSE(expect_generation(1).refreshed);
    EXPECT_EQ(origin.requests().size(), 4u);
}

TEST_F(Refresh, a_304_counts_as_a_check) {
    expect_generation(1);
    std::string state = cached("refresh.state");
    const auto begin = state.find("checked_at=") + std::string_view{"checked_at="}.size();
    state.replace(begin, state.find('\n', begin) - begin, "1");
    directory.write("cache/r/refresh.state", state);
    expect_generation(1);
    EXPECT_EQ(origin.requests().size(), 3u);
    expect_generation(1);
    EXPECT_EQ(origin.requests().size(), 3u);
}

TEST_F(Refresh, changed_metadata_takes_the_place_of_the_old) {
    expect_generation(1);
    serve(2);
    EXPECT_TRUE(expect_generation(2, Expiry::ignore).refreshed);
    EXPECT_EQ(object(1), "") << "no longer referred to";
    EXPECT_EQ(object(2), primary_of(2));
    EXPECT_FALSE(expect_generation(2).refreshed);
}

TEST_F(Refresh, a_new_repomd_with_the_same_primary_downloads_nothing_else) {
    expect_generation(1);
    serve_repomd({.primary = primary_of(1), .revision = "2"});
    EXPECT_TRUE(expect_generation(1, Expiry::ignore).refreshed);
    EXPECT_THAT(requested(), ElementsAre("/r/repodata/repomd.xml", "/r/repodata/primary.xml", "/r/repodata/repomd.xml"));
}

TEST_F(Refresh, corrupt_cached_files_are_fetched_again) {
    expect_generation(1);
    directory.write(object_name(1), std::string(primary_of(1).size(), 'x'));
    expect_generation(1);
    EXPECT_EQ(requested().back(), "/r/repodata/primary.xml");
}

TEST_F(Refresh, a_damaged_repomd_or_state_in_the_cache_is_fetched_anew) {
    for (const char* name : {"cache/r/repomd.xml", "cache/r/refresh.state"}) {
        expect_generation(1);
        directory.write(name, "damaged");
        const auto before = origin.requests().size();
        expect_generation(1);
        ASSERT_EQ(origin.requests().size(), before + 1) << name;
        EXPECT_FALSE(origin.requests().back().has("If-None-Match")) << name;
    }
}

TEST_F(Refresh, a_moved_repository_is_asked_anew_and_unconditionally) {
    serve(5);
    expect_generation(5);
    serve(2, "/moved");
    first().baseurl = {origin.url("/moved")};
    expect_generation(2);
    EXPECT_FALSE(origin.requests()[2].has("If-None-Match"));
}

TEST_F(Refresh, an_older_repomd_is_refused_and_the_cache_stays) {
    serve(2);
    expect_generation(2);
    serve(1);
    EXPECT_THAT(expect_failure(RepoErrc::rolled_back).cause, HasSubstr("older than the one we have"));
    expect_generation(2);
}

TEST_F(Refresh, what_the_server_bends_is_refused_and_the_old_generation_stays) {
    expect_generation(1);
    const std::string wrong(64, '0');
    struct Row {
        const char* what;
        RepomdParts parts;
    };
    const Row rows[] = {
        {"wrong digest", {.primary = primary_of(2), .revision = "2", .digest = wrong}},
        {"wrong open digest", {.primary = primary_of(2), .revision = "2", .open_digest = wrong}},
        {"larger size", {.primary = primary_of(2), .revision = "2", .size = 9999}},
        {"smaller size", {.primary = primary_of(2), .revision = "2", .size = 10}},
        {"another file", {.primary = primary_of(3), .revision = "2"}},
        {"no such file", {.primary = primary_of(4), .revision = "2", .href = "repodata/missing.xml"}},
    };
    origin.serve_file("/r/repodata/primary.xml", primary_of(2));
    for (const Row& row : rows) {
        serve_repomd(row.parts);
        const auto outcome = run(Expiry::ignore);
        EXPECT_FALSE(outcome) << row.what;
        if (!outcome) {
            EXPECT_THAT(outcome.error().cause, HasSubstr("repository 'r'")) << row.what;
        }
        expect_generation(1);
    }
    serve(2);
    expect_generation(2, Expiry::ignore);
}

TEST_F(Refresh, a_repomd_that_is_none_is_refused) {
    const std::pair<const char*, RepoErrc> rows[] = {
        {"<html><body>please log in</body></html>", RepoErrc::bad_repomd},
        {"not XML", RepoErrc::bad_repomd},
        {"", RepoErrc::bad_repomd},
        {"<repomd></repomd>", RepoErrc::bad_repomd},
        {"<!DOCTYPE repomd><repomd></repomd>", RepoErrc::bad_repomd},
    };
    for (const auto& [text, code] : rows) {
        origin.on("/r/repodata/repomd.xml", Reply{.body = text});
        EXPECT_THAT(expect_failure(code).cause, HasSubstr("/r/repodata/repomd.xml")) << text;
    }
    origin.on("/r/repodata/repomd.xml", Reply{.body = repomd_of({.primary = primary_of(1), .href = "../../etc/passwd"})});
    expect_failure(RepoErrc::bad_location);
}

TEST_F(Refresh, an_endless_repomd_is_cut_off) {
    origin.on("/r/repodata/repomd.xml", Reply::steps({test::Send{"HTTP/1.1 200 OK\r\n\r\n<repomd>"}, test::SendEndless{"<!-- x -->", 0}}));
    const auto outcome = run();
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().cause, HasSubstr("repository 'r'"));
}

TEST_F(Refresh, a_server_that_says_404_is_named) {
    origin.forget("/r/repodata/repomd.xml");
    const auto outcome = run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().http_status, 404);
    EXPECT_THAT(describe(outcome.error()), HasSubstr(origin.url("/r/repodata/repomd.xml")));
    EXPECT_THAT(outcome.error().next_step, HasSubstr("--disablerepo=r"));
}

TEST_F(Refresh, skip_if_unavailable_goes_on_without_it) {
    serve(1, "/s");
    config.repos.push_back(repo("s", origin.url("/s")));
    first().baseurl = {origin.url("/missing")};
    first().skip_if_unavailable = true;
    const auto outcome = run();
    ASSERT_TRUE(outcome) << describe(outcome.error());
    ASSERT_EQ(outcome->ready.size(), 1u);
    EXPECT_EQ(outcome->ready[0].config.id, "s");
    ASSERT_EQ(outcome->skipped.size(), 1u);
    EXPECT_EQ(outcome->skipped[0].repo_id, "r");
    EXPECT_EQ(outcome->skipped[0].error.http_status, 404);
}

TEST_F(Refresh, one_needed_failure_does_not_throw_away_what_the_others_brought) {
    serve(1, "/s");
    config.repos.push_back(repo("s", origin.url("/s")));
    first().baseurl = {origin.url("/missing")};
    EXPECT_FALSE(run());
    EXPECT_NE(directory.read("cache/s/repomd.xml"), "");
}

TEST_F(Refresh, disabled_repositories_are_not_touched) {
    first().enabled = false;
    const auto outcome = run();
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->ready.empty());
    EXPECT_TRUE(origin.requests().empty());
    EXPECT_FALSE(fs::exists(directory / "cache/r"));
}

TEST_F(Refresh, a_repository_without_urls_is_an_error) {
    first().baseurl.clear();
    expect_failure(RepoErrc::no_urls);
}

TEST_F(Refresh, the_mirror_list_is_used_and_kept) {
    first().baseurl.clear();
    first().mirrorlist = origin.url("/mirrors");
    origin.on("/mirrors", Reply{.body = "# mirrors\n" + origin.url("/r/") + "\n" + origin.url("/other") + "\n"});
    EXPECT_THAT(expect_generation(1).base_urls, ElementsAre(origin.url("/r"), origin.url("/other")));
    EXPECT_THAT(cached("mirrorlist.txt"), HasSubstr("# mirrors"));
    const auto before = origin.requests().size();
    EXPECT_THAT(expect_generation(1).base_urls, ElementsAre(origin.url("/r"), origin.url("/other")));
    EXPECT_EQ(origin.requests().size(), before) << "the kept list serves while the metadata is current";

    origin.on("/mirrors", Reply{.status = 404});
    expect_generation(1, Expiry::ignore);
}

TEST_F(Refresh, a_mirror_list_without_urls_is_an_error_that_says_what_it_is) {
    first().baseurl.clear();
    first().mirrorlist = origin.url("/mirrors");
    origin.on("/mirrors", Reply{.body = "ftp://h/\n"});
    EXPECT_THAT(expect_failure(RepoErrc::no_urls).cause, HasSubstr("no http or https URL"));
    origin.on("/mirrors", Reply{.body = "<?xml version=\"1.0\"?><metalink/>"});
    EXPECT_THAT(expect_failure(RepoErrc::no_urls).cause, HasSubstr("metalink"));
    origin.on("/mirrors", Reply{.body = "# repo = r arch = x error: invalid repo or arch\n"});
    EXPECT_THAT(expect_failure(RepoErrc::no_urls).cause, HasSubstr("it begins with '# repo = r arch = x error: invalid repo or arch'"));
    origin.on("/mirrors", Reply{.body = "<html>\nhttp://hotel/login\n"});
    EXPECT_THAT(expect_failure(RepoErrc::no_urls).cause, HasSubstr("HTML page"));
}

TEST_F(Refresh, a_mirror_with_an_unusable_repomd_is_passed_over) {
    serve(1, "/good");
    origin.on("/r/repodata/repomd.xml", Reply{.body = "<html>hotel login</html>"});
    first().baseurl = {origin.url("/r"), origin.url("/good")};
    EXPECT_THAT(expect_generation(1).base_urls, ElementsAre(origin.url("/good"), origin.url("/r")));
    EXPECT_THAT(requested(), ElementsAre("/r/repodata/repomd.xml", "/good/repodata/repomd.xml", "/good/repodata/primary.xml"));
}

TEST_F(Refresh, a_run_killed_between_the_files_and_repomd_uses_the_old_generation) {
    expect_generation(1);
    directory.write(object_name(2), primary_of(2));
    expect_generation(1);
    EXPECT_EQ(origin.requests().size(), 2u);
}

TEST_F(Refresh, a_run_killed_between_repomd_and_its_state_asks_again) {
    expect_generation(1);
    serve(2);
    directory.write("cache/r/repomd.xml", repomd_of({.primary = primary_of(2), .revision = "2"}));
    expect_generation(2);
    EXPECT_FALSE(origin.requests()[2].has("If-None-Match")) << "the state is that of another repomd.xml";
}

TEST_F(Refresh, a_stop_request_ends_it) {
    std::stop_source stop;
    stop.request_stop();
    const auto outcome = run(Expiry::ignore, stop.get_token());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Errc::cancelled);
    EXPECT_TRUE(origin.requests().empty());
}

TEST_F(Refresh, options_of_the_repository_reach_the_requests) {
    config.main.user_agent = "test-agent/7";
    expect_generation(1);
    for (const auto& request : origin.requests()) {
        EXPECT_EQ(request.header("User-Agent"), "test-agent/7");
    }
}

}  // namespace
}  // namespace lastack::repo
