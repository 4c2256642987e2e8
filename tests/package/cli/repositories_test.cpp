// repolist, repoinfo, cache, clean, -C and --refresh, as a user types them.
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace lastack::cli::test {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace fs = std::filesystem;

struct Shelf {
    ScratchRoot root;
    NginxServer nginx{NginxOptions{.root = root.served()}};

    Shelf() {
        root.add_repository(nginx, "core", {{.name = "tool", .version = "2.0"}, {.name = "fonts"}}, "gpgcheck=0\nname=The core\n");
        root.write_repo_file("off", "[off]\nname=Not now\nbaseurl=http://user:secret@127.0.0.1:9/\nenabled=0\n");
    }
    [[nodiscard]] json document(const std::vector<std::string>& arguments, int status = 0) const {
        const auto run = root.lastack(arguments);
        EXPECT_EQ(run.status, status) << told(run);
        auto parsed = json::parse(run.out, nullptr, false);
        EXPECT_FALSE(parsed.is_discarded()) << told(run);
        return parsed;
    }
};

TEST(Repolist, shows_enabled_repositories_and_with_all_the_others_too_and_asks_no_server) {
    const Shelf shelf;
    const auto enabled = shelf.root.lastack({"repolist"});
    EXPECT_EQ(enabled.status, 0) << told(enabled);
    EXPECT_THAT(enabled.out, ContainsRegex("^repo id +repo name\ncore +The core\n$"));
    for (const auto& words : {std::vector<std::string>{"repolist", "all"}, {"repolist", "--all"}}) {
        const auto all = shelf.root.lastack(words);
        EXPECT_THAT(all.out, ContainsRegex("core +The core +enabled\noff +Not now +disabled\n$")) << told(all);
    }
    EXPECT_THAT(shelf.root.lastack({"repolist", "--disabled"}).out, ContainsRegex("^repo id +repo name\noff +Not now\n$"));
    EXPECT_THAT(shelf.root.lastack({"repolist", "--all", "o*"}).out, Not(HasSubstr("core")));
    EXPECT_THAT(shelf.nginx.log(), IsEmpty());
}

TEST(Repolist, as_json_names_each_and_whether_it_is_enabled) {
    const Shelf shelf;
    EXPECT_EQ(shelf.document({"repolist", "--all", "--json"}), (json{{{"id", "core"}, {"name", "The core"}, {"is_enabled", true}},
                                                                     {{"id", "off"}, {"name", "Not now"}, {"is_enabled", false}}}));
    EXPECT_EQ(shelf.document({"repolist", "nothing*", "--json"}), json::array());
}

TEST(Repolist, wants_one_choice_only) {
    const ScratchRoot root;
    const auto run = root.lastack({"repolist", "--all", "--enabled"});
    EXPECT_EQ(run.status, 2);
    EXPECT_THAT(run.err, HasSubstr("exclude each other"));
}

TEST(Repoinfo, tells_where_a_repository_comes_from_and_what_is_in_it) {
    const Shelf shelf;
    const auto run = shelf.root.lastack({"repoinfo"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, ContainsRegex("Repo id +: core\n"));
    EXPECT_THAT(run.out, ContainsRegex("Packages +: 2\n"));
    EXPECT_THAT(run.out, ContainsRegex("Base URL +: " + shelf.nginx.url("/core")));
    EXPECT_THAT(run.out, ContainsRegex("Last check +: .* UTC \\(less than a minute ago\\)\n"));
    EXPECT_THAT(run.out, ContainsRegex("Defined in +: .*/core\\.repo:1\n"));
    EXPECT_THAT(run.out, Not(HasSubstr("off")));
}

TEST(Repoinfo, as_json_has_the_same_and_no_secret) {
    const Shelf shelf;
    const auto all = shelf.document({"repoinfo", "--all", "--json"});
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0]["id"], "core");
    EXPECT_EQ(all[0]["metadata"]["packages"], 2);
    EXPECT_EQ(all[0]["baseurl"], json{shelf.nginx.url("/core")});
    EXPECT_TRUE(all[0]["error"].is_null());
    EXPECT_EQ(all[1]["baseurl"], json{"http://127.0.0.1:9"});
    EXPECT_TRUE(all[1]["metadata"].is_null());
}

TEST(Repoinfo, knows_from_earlier_runs_which_mirrors_fail) {
    const Shelf shelf;
    shelf.root.write_repo_file(
        "core", "[core]\nname=The core\ngpgcheck=0\nretries=2\nbaseurl=http://127.0.0.1:1/core " + shelf.nginx.url("/core") + "\n");
    ASSERT_EQ(shelf.root.lastack({"makecache"}).status, 0);
    const auto info = shelf.document({"repoinfo", "core", "--json"});
    ASSERT_THAT(info[0]["mirrors"], SizeIs(2));
    unsigned failed = 0;
    for (const json& mirror : info[0]["mirrors"]) {
        failed += mirror["url"] == shelf.nginx.url("/core") ? 0 : mirror["fails"].get<unsigned>();
    }
    EXPECT_GE(failed, 1);
    EXPECT_TRUE(fs::exists(shelf.root.cache() / ".mirrors"));
}

TEST(Repoinfo, of_one_that_cannot_be_had_says_why_and_shows_the_others_and_exits_with_1) {
    const Shelf shelf;
    shelf.root.write_repo_file("gone", "[gone]\nbaseurl=" + shelf.nginx.url("/gone") + "\n");
    const auto all = shelf.document({"repoinfo", "--json"}, 1);
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0]["metadata"]["packages"], 2);
    EXPECT_THAT(all[1]["error"].get<std::string>(), HasSubstr("404"));
}

TEST(CacheOnly, uses_what_is_there_however_old_and_asks_no_server) {
    const Shelf shelf;
    shelf.root.write_main_configuration("metadata_expire=0\n");
    const auto before = shelf.root.lastack({"-C", "list", "available"});
    EXPECT_EQ(before.status, 1) << told(before);
    EXPECT_THAT(before.err, HasSubstr("is in the cache"));
    EXPECT_THAT(shelf.nginx.log(), IsEmpty());
    ASSERT_EQ(shelf.root.lastack({"makecache"}).status, 0);
    const auto asked = shelf.nginx.wait_for_log(2).size();
    const auto after = shelf.root.lastack({"-C", "list", "available"});
    EXPECT_EQ(after.status, 0) << told(after);
    EXPECT_THAT(after.out, HasSubstr("tool.noarch"));
    EXPECT_THAT(shelf.nginx.log(), SizeIs(asked));
}

TEST(Refresh, asks_although_nothing_has_expired) {
    const Shelf shelf;
    ASSERT_EQ(shelf.root.lastack({"makecache"}).status, 0);
    const auto asked = shelf.nginx.wait_for_log(2).size();
    EXPECT_EQ(shelf.root.lastack({"list", "available"}).status, 0);
    EXPECT_THAT(shelf.nginx.log(), SizeIs(asked));
    EXPECT_EQ(shelf.root.lastack({"--refresh", "list", "available"}).status, 0);
    EXPECT_EQ(shelf.nginx.wait_for_log(asked + 1).back().status, 304);
    EXPECT_EQ(shelf.root.lastack({"makecache", "--timer"}).status, 0);
    EXPECT_THAT(shelf.nginx.log(), SizeIs(asked + 1));
    EXPECT_EQ(shelf.root.lastack({"-C", "--refresh", "list"}).status, 2);
}

// The last byte of each file; all keep their sizes.
void damage_objects(const ScratchRoot& root) {
    for (const fs::directory_entry& object : fs::directory_iterator{root.cache() / "objects"}) {
        std::fstream file{object.path(), std::ios::in | std::ios::out | std::ios::binary};
        file.seekg(-1, std::ios::end);
        const char last = static_cast<char>(file.get());
        file.seekp(-1, std::ios::end);
        file.put(static_cast<char>(last ^ 1));
    }
}

TEST(Cache, that_was_damaged_is_told_of_and_fetched_again_and_with_cache_only_an_error) {
    const Shelf shelf;
    ASSERT_EQ(shelf.root.lastack({"makecache"}).status, 0);
    damage_objects(shelf.root);
    const auto online = shelf.root.lastack({"list", "available"});
    EXPECT_EQ(online.status, 0) << told(online);
    EXPECT_THAT(online.out, HasSubstr("tool.noarch"));
    EXPECT_THAT(online.err, HasSubstr("was changed since it was downloaded"));
    damage_objects(shelf.root);
    const auto offline = shelf.root.lastack({"-C", "list", "available"});
    EXPECT_EQ(offline.status, 1) << told(offline);
    EXPECT_THAT(offline.err, HasSubstr("was changed since it was downloaded"));
    ASSERT_EQ(shelf.root.lastack({"makecache"}).status, 0);
    EXPECT_EQ(shelf.root.lastack({"-C", "list", "available"}).status, 0);
}

TEST(Refresh, asks_when_the_configuration_is_newer_than_the_metadata) {
    const Shelf shelf;
    ASSERT_EQ(shelf.root.lastack({"makecache"}).status, 0);
    const auto asked = shelf.nginx.wait_for_log(2).size();
    const fs::path state = shelf.root.cache() / "core/refresh.state";
    std::ifstream in{state};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    const auto at = text.find("checked_at=") + std::string{"checked_at="}.size();
    const auto end = text.find('\n', at);
    text.replace(at, end - at, std::to_string(std::stoll(text.substr(at, end - at)) - 100));
    std::ofstream{state} << text;
    EXPECT_EQ(shelf.root.lastack({"--setopt=core.check_config_file_age=0", "list", "available"}).status, 0);
    EXPECT_THAT(shelf.nginx.log(), SizeIs(asked));
    EXPECT_EQ(shelf.root.lastack({"list", "available"}).status, 0);
    EXPECT_EQ(shelf.nginx.wait_for_log(asked + 1).back().status, 304);
    EXPECT_EQ(shelf.root.lastack({"list", "available"}).status, 0);
    EXPECT_THAT(shelf.nginx.log(), SizeIs(asked + 1));
}

TEST(Refresh, is_for_commands_that_need_the_newest_when_metadata_expire_filter_says_so) {
    const Shelf shelf;
    ASSERT_EQ(shelf.root.lastack({"makecache"}).status, 0);
    auto asked = shelf.nginx.wait_for_log(2).size();
    const auto run = [&](const std::string& filter, const std::vector<std::string>& command) {
        std::vector<std::string> arguments{"--setopt=metadata_expire=0", "--setopt=metadata_expire_filter=" + filter};
        arguments.insert(arguments.end(), command.begin(), command.end());
        const auto ended = shelf.root.lastack(arguments);
        EXPECT_EQ(ended.status, 0) << told(ended);
    };
    const auto expect_asks = [&](const std::string& filter, const std::vector<std::string>& command) {
        run(filter, command);
        EXPECT_EQ(shelf.nginx.wait_for_log(++asked).size(), asked) << filter << " " << command.front();
    };
    const auto expect_does_not_ask = [&](const std::string& filter, const std::vector<std::string>& command) {
        run(filter, command);
        EXPECT_EQ(shelf.nginx.log().size(), asked) << filter << " " << command.front();
    };
    expect_asks("never", {"repoinfo", "core"});
    expect_does_not_ask("read-only:past", {"repoinfo", "core"});
    expect_asks("read-only:past", {"list", "available"});
    expect_does_not_ask("read-only:present", {"list", "available"});
    expect_asks("read-only:present", {"list", "updates"});
    expect_asks("read-only:present", {"check-update"});
    expect_does_not_ask("read-only:future", {"check-update"});
    expect_asks("read-only:future", {"update"});
}

TEST(CacheCommand, shows_whose_files_lie_in_the_cache) {
    const Shelf shelf;
    ASSERT_EQ(shelf.root.lastack({"makecache"}).status, 0);
    const auto report = shelf.document({"cache", "--json"});
    ASSERT_THAT(report["repositories"], SizeIs(1));
    EXPECT_EQ(report["repositories"][0]["id"], "core");
    EXPECT_GT(report["repositories"][0]["metadata"]["bytes"], 0);
    EXPECT_EQ(report["objects"]["files"], 1);
    EXPECT_EQ(report["unreferenced"]["files"], 0);
    const auto text = shelf.root.lastack({"cache"});
    EXPECT_EQ(text.status, 0) << told(text);
    EXPECT_THAT(text.out, ContainsRegex("core +0  B +[0-9.]+ [kM ]?B +less than a minute ago"));
}

TEST(Clean, of_metadata_removes_what_the_repositories_share_and_takes_the_kinds_of_yum_and_dnf) {
    const Shelf shelf;
    ASSERT_EQ(shelf.root.lastack({"makecache"}).status, 0);
    for (const char* kind : {"headers", "plugins", "rpmdb", "dbcache", "expire-cache", "expire_cache"}) {
        EXPECT_EQ(shelf.root.lastack({"clean", kind}).status, 0) << kind;
    }
    EXPECT_EQ(shelf.document({"cache", "--json"})["objects"]["files"], 1);
    EXPECT_EQ(shelf.root.lastack({"clean", "metadata"}).status, 0);
    EXPECT_EQ(shelf.document({"cache", "--json"})["objects"]["files"], 0);
    const auto wrong = shelf.root.lastack({"clean", "everything"});
    EXPECT_EQ(wrong.status, 2);
    EXPECT_THAT(wrong.err, HasSubstr("not 'everything'"));
}

TEST(List, as_json_names_packages_by_their_parts) {
    const Shelf shelf;
    const auto available = shelf.document({"list", "available", "tool", "--json"});
    ASSERT_THAT(available["available"], SizeIs(1));
    EXPECT_EQ(available["available"][0]["name"], "tool");
    EXPECT_EQ(available["available"][0]["version"], "2.0");
    EXPECT_EQ(available["available"][0]["repository"], "core");
    EXPECT_EQ(shelf.document({"check-update", "--json"}), (json{{"updates", json::array()}}));
}

// What a repository calls itself is somebody else's text.
TEST(Repolist, shows_what_a_terminal_would_obey_as_text_and_keeps_its_columns_beside_wide_characters) {
    const Shelf shelf;
    shelf.root.write_repo_file("evil",
                               "[evil]\nname=\xe2\x80\xae\xc2\x9b"
                               "31m \xe6\xbc\xa2\xe5\xad\x97\nbaseurl=http://127.0.0.1:9/\n");
    const auto run = shelf.root.lastack({"repolist", "--all"});
    for (const char* byte : {"\xe2\x80\xae", "\xc2\x9b"}) {
        EXPECT_THAT(run.out, Not(HasSubstr(byte)));
    }
    EXPECT_THAT(run.out, HasSubstr("\xe6\xbc\xa2\xe5\xad\x97"));
    const auto listed = shelf.document({"repolist", "evil", "--json"});
    EXPECT_THAT(listed[0]["name"].get<std::string>(), HasSubstr("31m"));
}

}  // namespace
}  // namespace lastack::cli::test
