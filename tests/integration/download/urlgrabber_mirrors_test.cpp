// MirrorGroup's options and actions, and the callbacks of urlgrab, as docs/guide/urlgrabber.md maps them.
#include "client_fixture.hpp"
#include "download/error.hpp"
#include "http/error.hpp"

#include <algorithm>
#include <array>
#include <future>
#include <mutex>
#include <set>

namespace lastack::test {
namespace {

using download::DownloadErrc;
using http::HttpErrc;

class UrlgrabberMirrors : public ClientTest {
protected:
    UrlgrabberMirrors() {
        request_options.retries = 10;
        request_options.mirrors.order = MirrorOrder::listed;
        for (ScriptedOrigin* each : {&origin, &second}) {
            each->on("/good", Reply{.body = "good"});
            each->on("/missing", Reply{.status = 404});
        }
    }

    ScriptedOrigin second;
};

TEST_F(UrlgrabberMirrors, a_failure_callback_is_told_what_failed_where_and_how_often) {
    struct Told {
        std::string url;
        std::size_t mirror;
        unsigned tries;
        int status;
        bool operator==(const Told&) const = default;
    };
    std::vector<Told> told;
    request_options.mirrors.on_failure = [&](const MirrorFailure& failure) {
        told.push_back({failure.url, failure.mirror, failure.tries, failure.error.http_status});
        return MirrorAction::next;
    };
    ASSERT_THAT(download(file({origin.url("/missing"), second.url("/missing"), second.url("/good")})), Succeeded());
    const std::vector<Told> expected{{origin.url("/missing"), 0, 1, 404}, {second.url("/missing"), 1, 2, 404}};
    EXPECT_TRUE(told == expected);
}

TEST_F(UrlgrabberMirrors, the_action_fail_ends_the_file_with_that_error) {
    request_options.mirrors.on_failure = [](const MirrorFailure&) { return MirrorAction::fail; };
    EXPECT_THAT(download(file({origin.url("/missing"), second.url("/good")})), FailedWith(HttpErrc::not_found));
    EXPECT_TRUE(second.requests().empty());
}

TEST_F(UrlgrabberMirrors, the_action_retry_asks_the_same_mirror_again_whatever_the_error) {
    origin.once("/late", Reply{.status = 404});
    origin.on("/late", Reply{.body = "good"});
    request_options.mirrors.on_failure = [](const MirrorFailure&) { return MirrorAction::retry; };
    ASSERT_THAT(download(file({origin.url("/late"), second.url("/good")})), Succeeded());
    EXPECT_EQ(origin.record().requests_for("/late"), 2);
    EXPECT_TRUE(second.requests().empty());
}

TEST_F(UrlgrabberMirrors, the_action_retry_ends_with_the_retries) {
    request_options.retries = 4;
    request_options.mirrors.on_failure = [](const MirrorFailure&) { return MirrorAction::retry; };
    EXPECT_THAT(download(file(origin.url("/missing"))), FailedWith(HttpErrc::not_found));
    EXPECT_EQ(origin.requests().size(), 4u);
}

TEST_F(UrlgrabberMirrors, a_file_that_checkfunc_refuses_is_fetched_again_where_the_callback_says_retry) {
    origin.once("/f", Reply{.body = "bad"});
    origin.on("/f", Reply{.body = "good"});
    request_options.mirrors.on_failure = [](const MirrorFailure& failure) {
        return failure.error.code == DownloadErrc::check_failed ? MirrorAction::retry : MirrorAction::next;
    };
    auto request = file(origin.url("/f"));
    request.check = [](const std::filesystem::path& path) -> Result<void> {
        return std::filesystem::file_size(path) == 4 ? Result<void>{} : Failure{Error{.cause = "too short"}};
    };
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_EQ(stored(), "good");
    EXPECT_EQ(origin.record().requests_for("/f"), 2);
}

TEST_F(UrlgrabberMirrors, listed_ones_are_asked_in_their_order) {
    for (int round = 0; round < 5; ++round) {
        ASSERT_THAT(download(file({origin.url("/missing"), second.url("/good")}, "f" + std::to_string(round))), Succeeded());
    }
    EXPECT_EQ(origin.requests().size(), 5u);
}

TEST_F(UrlgrabberMirrors, random_ones_share_the_files) {
    request_options.mirrors.order = MirrorOrder::random;
    std::set<std::string> asked;
    for (int round = 0; round < 64 && asked.size() < 2; ++round) {
        const auto result = download(file({origin.url("/good"), second.url("/good")}, "f" + std::to_string(round)));
        ASSERT_THAT(result, Succeeded());
        asked.insert(result->url);
    }
    EXPECT_EQ(asked.size(), 2u);
}

TEST_F(UrlgrabberMirrors, one_that_was_removed_serves_as_long_as_no_other_is_left) {
    request_options.mirrors.on_failure = [](const MirrorFailure&) { return MirrorAction::remove; };
    ASSERT_THAT(download(file({origin.url("/missing"), second.url("/good")})), Succeeded());
    ASSERT_THAT(download(file({origin.url("/good"), second.url("/good")}, "b")), Succeeded());
    EXPECT_EQ(origin.requests().size(), 1u);
    EXPECT_THAT(download(file(origin.url("/good"), "c")), Succeeded());
}

TEST_F(UrlgrabberMirrors, max_connections_of_a_mirror_holds_for_that_mirror) {
    options.max_parallel_downloads = 4;
    options.max_connections_per_host = 4;
    options.mirrors = {{.url = origin.url(), .options = {.mirrors = {.max_connections = 1}}}};
    const Reply gated{.body = "x", .before = {WaitUntil{"go"}}};
    std::vector<DownloadRequest> requests;
    for (int i = 0; i < 4; ++i) {
        auto& from = i % 2 == 0 ? origin : second;
        const auto path = "/g" + std::to_string(i);
        from.on(path, gated);
        requests.push_back(file(from.url(path), "f" + std::to_string(i)));
    }
    auto results = std::async(std::launch::async, [&] { return client().download(requests); });
    EXPECT_TRUE(second.wait_at("go", 2));
    EXPECT_TRUE(origin.wait_at("go", 1));
    EXPECT_EQ(origin.accepted(), 1);
    second.open("go");
    origin.open("go");
    for (const auto& result : results.get()) {
        EXPECT_THAT(result, Succeeded());
    }
    EXPECT_EQ(origin.accepted(), 1);
}

TEST_F(UrlgrabberMirrors, each_attempt_is_told_with_what_comes_next) {
    std::mutex mutex;
    std::vector<AttemptEvent> events;
    options.on_attempt = [&](const AttemptEvent& event) {
        const std::scoped_lock lock(mutex);
        events.push_back(event);
    };
    ASSERT_THAT(download(file({origin.url("/missing"), second.url("/good")})), Succeeded());
    const std::scoped_lock lock(mutex);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].next, AfterAttempt::other_mirror);
    EXPECT_EQ(events[0].error.value().http_status, 404);
    EXPECT_EQ(events[1].next, AfterAttempt::done);
    EXPECT_EQ(events[1].address, "127.0.0.1:" + std::to_string(second.port()));
}

class UrlgrabberCall : public ClientTest {};

TEST_F(UrlgrabberCall, urlopen_knows_url_and_size_before_the_body_has_come) {
    origin.on("/old", Reply::redirect("/new"));
    origin.on("/new", Reply::steps({Send{.bytes = response_head(Reply{.headers = {{"Content-Length", "6"}}}) + "abc"}, WaitUntil{"go"},
                                    Send{.bytes = "def"}}));
    auto reader = client().open(document(origin.url("/old")));
    ASSERT_TRUE(reader) << describe(reader.error());
    EXPECT_EQ(reader->url(), origin.url("/new"));
    EXPECT_EQ(reader->size(), 6u);
    std::array<std::byte, 16> room{};
    ASSERT_EQ(reader->read(room).value(), 3u);
    origin.open("go");
    EXPECT_EQ(reader->read(room).value(), 3u);
    EXPECT_EQ(reader->read(room).value(), 0u);
}

TEST_F(UrlgrabberCall, urlopen_of_a_range_reads_only_that) {
    origin.serve_file("/f", "0123456789");
    request_options.range = ByteRange{.first = 2, .last = 4};
    auto reader = client().open(document(origin.url("/f")));
    ASSERT_TRUE(reader) << describe(reader.error());
    std::array<std::byte, 16> room{};
    ASSERT_EQ(reader->read(room).value(), 3u);
    EXPECT_EQ(static_cast<char>(room[0]), '2');
    EXPECT_EQ(origin.requests().back().header("Range"), "bytes=2-4");
}

TEST_F(UrlgrabberCall, many_urlgrabs_at_a_time_need_no_process_and_no_wait_call) {
    options.max_parallel_downloads = 2;
    origin.on("/a", Reply{.body = "a", .before = {WaitUntil{"go"}}});
    origin.on("/b", Reply{.body = "b", .before = {WaitUntil{"go"}}});
    auto first = client().start(file(origin.url("/a"), "a"));
    auto other = client().start(file(origin.url("/b"), "b"));
    EXPECT_TRUE(origin.wait_at("go", 2));
    origin.open("go");
    EXPECT_THAT(first.get(), Succeeded());
    EXPECT_THAT(other.get(), Succeeded());
    EXPECT_TRUE(own_sockets_to(origin.port()).empty());
}

}  // namespace
}  // namespace lastack::test
