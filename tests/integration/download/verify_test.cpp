#include "client_fixture.hpp"
#include "download/error.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <future>

namespace lastack::test {
namespace {

using download::DownloadErrc;
using http::HttpErrc;

class Verify : public ClientTest {};

TEST_F(Verify, a_file_with_the_right_size_and_digests_gets_its_name) {
    const auto content = content_of(50'000);
    origin.serve_file("/f", content);
    auto request = file(origin.url("/f"));
    request.size = content.size();
    request.digests = {sha256(content), digest_of(DigestAlgorithm::sha512, content)};
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_TRUE(stored() == content);
}

TEST_F(Verify, a_length_other_than_the_size_is_refused_before_the_body) {
    origin.on("/f", Reply{.body = "12345"});
    auto request = file(origin.url("/f"));
    for (const std::uint64_t size : {4u, 6u}) {
        request.size = size;
        const auto result = download(request);
        ASSERT_THAT(result, FailedWith(DownloadErrc::size_mismatch));
        EXPECT_EQ(result.error().url, origin.url("/f"));
        EXPECT_EQ(result.error().address, "127.0.0.1:" + std::to_string(origin.port()));
    }
    EXPECT_FALSE(exists("file"));
    EXPECT_FALSE(exists("file.part")) << "nothing to resume";
    EXPECT_FALSE(exists("file.part.journal"));
}

class WrongSize : public ClientTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(WrongSize, of_a_body_of_unsaid_length_costs_the_mirror) {
    const std::string good = "0123456789";
    origin.on("/bad", Reply{.body = std::string(GetParam(), 'x'), .framing = Framing::chunked});
    origin.on("/good", Reply{.body = good});
    auto request = file(origin.url("/bad"));
    request.size = good.size();
    EXPECT_THAT(download(request), FailedWith(DownloadErrc::size_mismatch));
    EXPECT_FALSE(exists("file"));
    request.urls = {origin.url("/bad"), origin.url("/good")};
    request.digests = {sha256(good)};
    request.options.retries = 3;
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_EQ(stored(), good);
}

INSTANTIATE_TEST_SUITE_P(All, WrongSize, ::testing::Values(0, 9, 11, 100'000), ::testing::PrintToStringParamName());

TEST_F(Verify, a_wrong_digest_costs_the_mirror_and_leaves_nothing_to_resume) {
    origin.on("/bad", Reply{.body = "evil"});
    origin.on("/good", Reply{.body = "good"});
    auto request = file(origin.url("/bad"));
    request.size = 4;
    request.digests = {sha256("good")};
    const auto failed = download(request);
    ASSERT_THAT(failed, FailedWith(DownloadErrc::digest_mismatch));
    EXPECT_EQ(failed.error().phase, Phase::verifying);
    EXPECT_FALSE(exists("file"));
    EXPECT_FALSE(exists("file.part"));
    EXPECT_EQ(origin.record().requests_for("/bad"), 1) << "the same mirror is not asked again";
    request.urls.push_back(origin.url("/good"));
    request.options.retries = 10;
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(stored(), "good");
    EXPECT_EQ(result->url, origin.url("/good"));
    EXPECT_EQ(origin.record().requests_for("/bad"), 2);
    EXPECT_FALSE(origin.requests().back().has("Range")) << "bad bytes must not be continued";
}

TEST_F(Verify, every_digest_must_match) {
    origin.on("/f", Reply{.body = "good"});
    auto request = file(origin.url("/f"));
    request.digests = {sha256("good"), digest_of(DigestAlgorithm::sha1, std::string_view("other"))};
    EXPECT_THAT(download(request), FailedWith(DownloadErrc::digest_mismatch));
    EXPECT_FALSE(exists("file"));
}

TEST_F(Verify, a_failed_download_leaves_the_file_that_was_there) {
    directory.write("file", "old");
    origin.on("/f", Reply{.body = "evil"});
    auto request = file(origin.url("/f"));
    request.digests = {sha256("good")};
    EXPECT_THAT(download(request), FailedWith(DownloadErrc::digest_mismatch));
    EXPECT_EQ(stored(), "old");
}

TEST_F(Verify, a_file_that_is_already_there_needs_no_request) {
    directory.write("file", "good");
    auto request = file(origin.url("/f"));
    request.size = 4;
    request.digests = {sha256("good")};
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->outcome, DownloadOutcome::already_there);
    EXPECT_EQ(result->size, 4u);
    EXPECT_EQ(result->fetched, 0u);
    EXPECT_EQ(result->path, request.path);
    EXPECT_EQ(origin.accepted(), 0);
}

TEST_F(Verify, a_file_that_is_there_with_other_content_is_replaced) {
    directory.write("file", "evil");
    origin.on("/f", Reply{.body = "good"});
    auto request = file(origin.url("/f"));
    request.size = 4;
    request.digests = {sha256("good")};
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->outcome, DownloadOutcome::downloaded);
    EXPECT_EQ(stored(), "good");
}

TEST_F(Verify, two_downloads_to_one_name_do_not_write_over_each_other) {
    origin.on("/slow", Reply{.body = "slow", .before = {WaitUntil{"go"}}});
    origin.on("/other", Reply{.body = "other"});
    auto& shared = client();
    auto first = std::async(std::launch::async, [&] { return shared.download({file(origin.url("/slow"))}); });
    ASSERT_TRUE(origin.wait_at("go"));
    EXPECT_THAT(download(file(origin.url("/other"))), FailedWith(Errc::locked));
    origin.open("go");
    EXPECT_THAT(first.get().at(0), Succeeded());
    EXPECT_EQ(stored(), "slow");
}

TEST_F(Verify, a_missing_directory_is_our_fault_and_no_mirrors) {
    origin.on("/f", Reply{.body = "x"});
    auto request = file({origin.url("/f"), origin.url("/f")}, "missing/file");
    request.options.retries = 10;
    EXPECT_THAT(download(request), FailedWith(Errc::not_found));
    EXPECT_EQ(origin.requests().size(), 0u);
}

TEST_F(Verify, requests_that_make_no_sense_are_told_so) {
    EXPECT_THAT(download(file(std::vector<std::string>{})), FailedWith(Errc::invalid_argument));
    EXPECT_THAT(download(file("no url")), FailedWith(Errc::invalid_argument));
    EXPECT_THAT(fetch(document(std::vector<std::string>{})), FailedWith(Errc::invalid_argument));
    auto request = document(origin.url("/f"));
    request.options.user_agent = "evil\r\nX: y";
    EXPECT_THAT(fetch(request), FailedWith(Errc::invalid_argument));
    EXPECT_EQ(origin.accepted(), 0);
}

TEST_F(Verify, nothing_to_do_is_done_at_once) {
    EXPECT_TRUE(client().download({}).empty());
    EXPECT_TRUE(client().fetch(std::vector<FetchRequest>{}).empty());
}

TEST_F(Verify, one_failure_does_not_end_the_others_and_results_keep_their_order) {
    origin.on("/a", Reply{.body = "a"});
    origin.on("/c", Reply{.body = "c"});
    const auto results = client().download({file(origin.url("/a"), "a"), file(origin.url("/b"), "b"), file(origin.url("/c"), "c")});
    ASSERT_EQ(results.size(), 3u);
    EXPECT_THAT(results[0], Succeeded());
    EXPECT_THAT(results[1], FailedWith(HttpErrc::not_found));
    EXPECT_THAT(results[2], Succeeded());
    EXPECT_EQ(stored("a") + stored("c"), "ac");
}

}  // namespace
}  // namespace lastack::test
