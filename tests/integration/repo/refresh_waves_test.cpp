// How much of a refresh goes on at the same time: seen from the servers, by who waits for whom.
#include "integration/repo/refresh_scene.hpp"
#include "repo/error.hpp"
#include "support/polling.hpp"

#include <atomic>
#include <deque>
#include <fstream>
#include <thread>

namespace lastack::repo {
namespace {

constexpr int count = 10;

// Ten repositories on ten servers.
class RefreshWaves : public Refresh {
protected:
    RefreshWaves() {
        config.repos.clear();
        for (int i = 0; i < count; ++i) {
            config.repos.push_back(repo("r" + std::to_string(i), servers.emplace_back().url("/r")));
            serve_at(servers.back(), i);
        }
    }

    static std::string repomd(int generation) { return repomd_of({.primary = primary_of(generation)}); }
    static void serve_at(ScriptedOrigin& server, int generation) {
        server.serve_file("/r/repodata/repomd.xml", repomd(generation), {.etag = "\"1\""});
        server.serve_file("/r/repodata/primary.xml", primary_of(generation));
    }
    void expect_all(const Result<RefreshOutcome>& outcome) {
        ASSERT_TRUE(outcome) << describe(outcome.error());
        EXPECT_EQ(outcome->ready.size(), config.repos.size());
    }

    std::deque<ScriptedOrigin> servers;
};

TEST_F(RefreshWaves, ten_unchanged_repositories_are_asked_in_one_round_with_one_request_each) {
    expect_all(run());
    for (ScriptedOrigin& server : servers) {
        server.on("/r/repodata/repomd.xml", Reply{.status = 304, .before = {test::WaitUntil{"all"}}});
    }
    std::jthread opener{[&] {
        // None is answered before all have been asked: with a second round this would wait in vain.
        for (ScriptedOrigin& server : servers) {
            EXPECT_TRUE(server.wait_at("all"));
        }
        for (ScriptedOrigin& server : servers) {
            server.open("all");
        }
    }};
    expect_all(run(Expiry::ignore));
    opener.join();
    for (const ScriptedOrigin& server : servers) {
        EXPECT_EQ(server.requests().size(), 3u) << "two of the first run, one of this";
    }
}

TEST_F(RefreshWaves, a_cold_refresh_opens_one_connection_per_host) {
    expect_all(run());
    for (const ScriptedOrigin& server : servers) {
        EXPECT_EQ(server.accepted(), 1);
    }
}

TEST_F(RefreshWaves, ten_repositories_of_one_host_open_no_more_connections_than_it_may_have) {
    serve_at(origin, 1);
    for (RepoConfig& each : config.repos) {
        each.baseurl = {origin.url("/r")};
    }
    expect_all(run());
    EXPECT_LE(origin.accepted(), 3);
    EXPECT_EQ(origin.record().requests_for("/r/repodata/primary.xml"), 1) << "the same file is had once for all of them";
}

TEST_F(RefreshWaves, a_slow_repository_does_not_keep_the_others_from_being_published) {
    ScriptedOrigin& slow = servers.front();
    slow.on("/r/repodata/repomd.xml", Reply{.body = repomd(0), .before = {test::WaitUntil{"late"}}});
    std::jthread opener{[&] {
        for (int i = 1; i < count; ++i) {
            const fs::path state = directory / ("cache/r" + std::to_string(i) + "/refresh.state");
            EXPECT_TRUE(test::becomes_true([&] { return fs::exists(state); })) << i;
        }
        slow.open("late");
    }};
    expect_all(run());
}

class RefreshList : public Refresh {
protected:
    RefreshList() {
        first().baseurl.clear();
        first().mirrorlist = origin.url("/mirrors");
        origin.on("/mirrors", Reply{.body = origin.url("/r") + "\n"});
        now = 1'700'000'000;
    }
};

TEST_F(RefreshList, an_expired_list_is_asked_for_beside_the_mirrors_known_from_last_time) {
    expect_generation(1);
    now += 25 * 3600;
    origin.on("/mirrors", Reply{.body = origin.url("/r") + "\n" + origin.url("/more") + "\n", .before = {test::WaitUntil{"both"}}});
    origin.on("/r/repodata/repomd.xml", Reply{.status = 304, .before = {test::WaitUntil{"both"}}});
    std::jthread opener{[&] {
        EXPECT_TRUE(origin.wait_at("both", 2));
        origin.open("both");
    }};
    EXPECT_THAT(expect_generation(1).base_urls, ElementsAre(origin.url("/r"), origin.url("/more")));
}

TEST_F(RefreshList, a_list_that_has_not_expired_is_not_asked_for) {
    expect_generation(1);
    now += 7 * 3600;
    const auto before = origin.requests().size();
    expect_generation(1);
    ASSERT_EQ(origin.requests().size(), before + 1);
    EXPECT_EQ(requested().back(), "/r/repodata/repomd.xml");
}

TEST_F(RefreshList, when_no_known_mirror_will_do_the_new_list_is_waited_for) {
    expect_generation(1);
    origin.forget("/r/repodata/repomd.xml");
    serve(2, "/new");
    origin.on("/mirrors", Reply{.body = origin.url("/new") + "\n"});
    EXPECT_THAT(expect_generation(2, Expiry::ignore).base_urls, ElementsAre(origin.url("/new")));
}

class RefreshFiles : public Refresh {
protected:
    static std::string with_filelists(int generation, const std::string& filelists) {
        std::string text = repomd_of({.primary = primary_of(generation), .revision = std::to_string(generation)});
        text.insert(text.find("</repomd>"), "<data type=\"filelists\"><checksum type=\"sha256\">" +
                                                digest_of(DigestAlgorithm::sha256, filelists).hex +
                                                "</checksum><location href=\"repodata/filelists.xml\"/></data>");
        return text;
    }
    // What is announced, and what is sent in its place.
    void serve_both(int generation, const std::string& announced, const std::string& sent) {
        serve(generation);
        origin.on("/r/repodata/repomd.xml", Reply{.body = with_filelists(generation, announced)});
        origin.serve_file("/r/repodata/filelists.xml", sent);
    }
};

TEST_F(RefreshFiles, those_that_a_command_needs_are_fetched_and_no_others) {
    serve_both(1, "<filelists/>", "<filelists/>");
    EXPECT_EQ(expect_generation(1).file("filelists"), nullptr);
    EXPECT_THAT(requested(), ElementsAre("/r/repodata/repomd.xml", "/r/repodata/primary.xml"));
    types = {"primary", "filelists", "updateinfo"};
    const ReadyRepo ready = expect_generation(1);
    ASSERT_NE(ready.file("filelists"), nullptr);
    EXPECT_EQ(content(ready.file("filelists")->path), "<filelists/>");
    EXPECT_EQ(ready.file("updateinfo"), nullptr);
    EXPECT_EQ(requested().back(), "/r/repodata/filelists.xml");
    EXPECT_EQ(origin.requests().size(), 3u) << "repomd.xml had not expired";
}

TEST_F(RefreshFiles, one_that_is_gone_from_the_servers_brings_the_next_generation) {
    serve_both(1, "<filelists/>", "<filelists/>");
    expect_generation(1);
    serve_both(2, "<filelists>2</filelists>", "<filelists>2</filelists>");
    types = {"primary", "filelists"};
    expect_generation(2);
}

TEST_F(RefreshFiles, a_generation_of_which_one_file_is_another_s_is_refused_whole) {
    types = {"primary", "filelists"};
    serve_both(1, "<filelists>1</filelists>", "<filelists>1</filelists>");
    expect_generation(1);
    serve_both(2, "<filelists>2</filelists>", "<filelists>1</filelists>");
    EXPECT_FALSE(run(Expiry::ignore));
    const ReadyRepo ready = expect_generation(1);
    EXPECT_EQ(content(ready.file("filelists")->path), "<filelists>1</filelists>");
}

// Keeps what it is asked for.
class RecordingIndexer final : public Indexer {
public:
    [[nodiscard]] bool has(const MetadataFile&) const override { return indexed; }
    [[nodiscard]] Result<void> build(const RepoConfig&, std::span<const MetadataFile> files, std::stop_token) override {
        ++calls;
        for (const MetadataFile& file : files) {
            EXPECT_TRUE(fs::exists(file.path));
        }
        return refuse ? Result<void>{std::unexpected(Error{.code = RepoErrc::bad_metadata, .cause = "unreadable"})} : Result<void>{};
    }
    std::atomic<int> calls = 0;
    std::atomic<bool> refuse = false;
    std::atomic<bool> indexed = false;
};

TEST_F(RefreshFiles, what_cannot_be_indexed_never_becomes_current) {
    RecordingIndexer recording;
    indexer = &recording;
    expect_generation(1);
    EXPECT_EQ(recording.calls, 1);
    serve(2);
    recording.refuse = true;
    EXPECT_THAT(expect_failure(RepoErrc::bad_metadata).cause, HasSubstr("unreadable"));
    EXPECT_EQ(object(2), "") << "it is of no use";
    recording.refuse = false;
    expect_generation(1);
}

TEST_F(RefreshFiles, what_has_an_index_is_read_again_only_when_every_server_is_asked) {
    RecordingIndexer recording;
    indexer = &recording;
    expect_generation(1);
    const fs::path path = run()->ready.front().file("primary")->path;
    std::string damaged = primary_of(1);
    damaged.back() = '!';
    const auto damage = [&] { std::ofstream{path, std::ios::binary | std::ios::trunc} << damaged; };
    damage();
    recording.indexed = true;
    ASSERT_TRUE(run());
    EXPECT_EQ(object(1), damaged) << "only its size was looked at";
    ASSERT_TRUE(run(Expiry::ignore));
    EXPECT_EQ(object(1), primary_of(1));
    damage();
    recording.indexed = false;
    ASSERT_TRUE(run());
    EXPECT_EQ(object(1), primary_of(1));
    fs::resize_file(path, 3);
    recording.indexed = true;
    ASSERT_TRUE(run());
    EXPECT_EQ(object(1), primary_of(1)) << "a wrong size is seen at once";
}

TEST_F(RefreshFiles, what_another_repository_names_is_not_removed) {
    config.repos.push_back(repo("s", origin.url("/s")));
    serve(1, "/s");
    ASSERT_TRUE(run());
    serve(2);
    const auto outcome = run(Expiry::ignore);
    ASSERT_TRUE(outcome) << describe(outcome.error());
    EXPECT_EQ(object(1), primary_of(1)) << "s is of that generation";
    serve(2, "/s");
    ASSERT_TRUE(run(Expiry::ignore));
    EXPECT_EQ(object(1), "");
    EXPECT_EQ(object(2), primary_of(2));
}

TEST_F(RefreshFiles, a_repository_of_local_files_is_read) {
    directory.write("local/repodata/repomd.xml", repomd_of({.primary = primary_of(7)}));
    directory.write("local/repodata/primary.xml", primary_of(7));
    first().baseurl = {"file://" + (directory / "local").string()};
    expect_generation(7);
    expect_generation(7, Expiry::ignore);
}

TEST_F(RefreshFiles, a_second_process_cannot_clean_what_a_refresh_works_on) {
    origin.on("/r/repodata/primary.xml", Reply{.body = primary_of(1), .before = {test::WaitUntil{"meanwhile"}}});
    std::jthread other{[&] {
        EXPECT_TRUE(origin.wait_at("meanwhile"));
        const auto cache = Cache::open(directory / "cache");
        EXPECT_TRUE(!cache && cache.error().code == RepoErrc::cache_locked);
        origin.open("meanwhile");
    }};
    expect_generation(1);
    other.join();
    {
        auto cache = Cache::open(directory / "cache");
        ASSERT_TRUE(cache);
        ASSERT_TRUE(cache->clean(Cache::Clean::metadata));
    }
    EXPECT_EQ(object(1), "");
    expect_generation(1);
}

// Says that all is signed, and counts.
class RecordingTrust final : public RepomdTrust {
public:
    [[nodiscard]] Result<TrustState> check(const RepoConfig&, std::string_view, const FetchSignature& fetch, std::stop_token) override {
        ++calls;
        auto signature = fetch();
        return signature ? Result<TrustState>{TrustState{.fingerprint = "ABCD", .signature = *signature}}
                         : std::unexpected(std::move(signature.error()));
    }
    std::atomic<int> calls = 0;
};

TEST_F(RefreshFiles, a_signature_is_asked_for_with_each_new_repomd_and_who_signed_is_remembered) {
    RecordingTrust recording;
    trust = &recording;
    first().repo_gpgcheck = true;
    EXPECT_FALSE(run()) << "there is none";
    origin.serve_file("/r/repodata/repomd.xml.asc", "signature");
    EXPECT_EQ(expect_generation(1).state.signed_by, "ABCD");
    EXPECT_EQ(cached("repomd.xml.asc"), "signature");
    EXPECT_EQ(expect_generation(1, Expiry::ignore).state.signed_by, "ABCD");
    EXPECT_EQ(recording.calls, 2) << "what is unchanged was checked before";
}

TEST_F(RefreshFiles, what_was_cached_unsigned_is_not_current_once_signatures_are_wanted) {
    expect_generation(1);
    RecordingTrust recording;
    trust = &recording;
    first().repo_gpgcheck = true;
    origin.serve_file("/r/repodata/repomd.xml.asc", "signature");
    EXPECT_EQ(expect_generation(1).state.signed_by, "ABCD");
    EXPECT_EQ(recording.calls, 1);
    EXPECT_EQ(cached("repomd.xml.asc"), "signature");
}

}  // namespace
}  // namespace lastack::repo
