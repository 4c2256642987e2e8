#include "client_fixture.hpp"
#include "download/error.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <fstream>

namespace lastack::test {
namespace {

using download::DownloadErrc;
using http::HttpErrc;

constexpr std::size_t kSize = 200'000;
constexpr std::size_t kPart = 70'000;
const std::string kTag = "\"v1\"";
const std::string kDate = "Mon, 02 Mar 2026 10:00:00 GMT";

class Resume : public ClientTest {
protected:
    // The last request that the origin saw for the file.
    [[nodiscard]] SeenRequest last_request() const { return origin.requests().back(); }
    void expect_complete(const Result<DownloadResult>& result, const std::string& expected) {
        ASSERT_THAT(result, Succeeded());
        EXPECT_TRUE(stored() == expected) << "the content is not the right one";
        EXPECT_EQ(result->size, expected.size());
        EXPECT_FALSE(exists("file.part"));
        EXPECT_FALSE(exists("file.part.journal"));
    }
    // An answer to a range with this Content-Range, whatever was asked for.
    [[nodiscard]] static Reply part(std::string content_range, std::string body) {
        return Reply{.status = 206, .headers = {{"Content-Range", std::move(content_range)}, {"ETag", kTag}}, .body = std::move(body)};
    }

    std::string content = content_of(kSize);
    std::string rest = content.substr(kPart);
};

TEST_F(Resume, asks_for_the_rest_with_the_entity_tag_it_got) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}, {"Last-Modified", kDate}});
    origin.serve_file("/f", content, {.etag = kTag, .last_modified = kDate});
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_EQ(result->fetched, kSize - kPart);
    EXPECT_EQ(last_request().header("Range"), "bytes=70000-");
    EXPECT_EQ(last_request().header("If-Range"), kTag);
    EXPECT_EQ(origin.record().requests_for("/f"), 2);
}

TEST_F(Resume, of_another_client_continues_as_well) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    origin.serve_file("/f", content, {.etag = kTag});
    Client other;
    auto results = other.download({request});
    expect_complete(results.at(0), content);
    EXPECT_EQ(results.at(0)->fetched, kSize - kPart);
}

TEST_F(Resume, uses_the_date_when_there_is_no_strong_tag) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", "W/" + kTag}, {"Last-Modified", kDate}});
    origin.serve_file("/f", content, {.etag = "W/" + kTag, .last_modified = kDate});
    expect_complete(download(request), content);
    EXPECT_EQ(last_request().header("If-Range"), kDate);
    EXPECT_EQ(last_request().header("Range"), "bytes=70000-");
}

TEST_F(Resume, starts_over_when_nothing_could_tell_a_changed_file) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart);
    origin.serve_file("/f", content);
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_FALSE(last_request().has("Range"));
    EXPECT_EQ(result->fetched, kSize);
}

TEST_F(Resume, needs_no_validator_when_a_digest_will_tell) {
    auto request = file(origin.url("/f"));
    request.size = kSize;
    request.digests = {sha256(content)};
    leave_partial(request, "/f", content, kPart);
    origin.serve_file("/f", content);
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_EQ(last_request().header("Range"), "bytes=70000-");
    EXPECT_EQ(result->fetched, kSize - kPart);
}

TEST_F(Resume, takes_the_whole_file_when_the_server_ignores_the_range) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    origin.serve_file("/f", content, {.ranges = false, .etag = kTag});
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_TRUE(last_request().has("Range"));
    EXPECT_EQ(result->fetched, kSize);
}

TEST_F(Resume, takes_the_new_file_when_the_tag_changed_between) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    const auto changed = content_of(150'000, 2);
    origin.serve_file("/f", changed, {.etag = "\"v2\""});
    const auto result = download(request);
    expect_complete(result, changed);
    EXPECT_EQ(result->fetched, changed.size());
}

TEST_F(Resume, an_interrupted_whole_answer_is_resumed_with_its_own_tag) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    const auto changed = content_of(kSize, 2);
    leave_partial(request, "/f", changed, 30'000, {{"ETag", "\"v2\""}});
    origin.serve_file("/f", changed, {.etag = "\"v2\""});
    expect_complete(download(request), changed);
    EXPECT_EQ(last_request().header("Range"), "bytes=30000-");
    EXPECT_EQ(last_request().header("If-Range"), "\"v2\"");
}

TEST_F(Resume, a_truncated_body_is_continued_in_the_next_attempt) {
    request_options.retries = 3;
    origin.once("/f", Reply::steps({Send{.bytes = response_head(Reply{.headers = {{"Content-Length", "200000"}, {"ETag", kTag}}}) +
                                                  content.substr(0, kPart)},
                                    CloseFin{}}));
    origin.serve_file("/f", content, {.etag = kTag});
    const auto result = download(file(origin.url("/f")));
    expect_complete(result, content);
    EXPECT_EQ(result->fetched, kSize);
    EXPECT_EQ(origin.record().requests_for("/f"), 2);
    EXPECT_EQ(last_request().header("Range"), "bytes=70000-");
}

TEST_F(Resume, continues_at_another_mirror_when_the_digest_will_tell) {
    ScriptedOrigin other;
    other.serve_file("/f", content, {.etag = "\"another\""});
    auto request = file({origin.url("/f"), other.url("/f")});
    request.size = kSize;
    request.digests = {sha256(content)};
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    origin.on("/f", Reply{.status = 404});
    request.options.retries = 2;
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_EQ(other.requests().at(0).header("Range"), "bytes=70000-");
    EXPECT_FALSE(other.requests().at(0).has("If-Range")) << "a tag of one server means nothing to another";
    EXPECT_EQ(result->fetched, kSize - kPart);
    EXPECT_EQ(result->url, other.url("/f"));
}

TEST_F(Resume, a_mirror_with_other_content_is_asked_for_all_of_it_before_it_is_given_up) {
    auto request = file({origin.url("/wrong"), origin.url("/f")});
    request.size = kSize;
    request.digests = {sha256(content)};
    leave_partial(request, "/wrong", content, kPart);
    origin.serve_file("/wrong", content_of(kSize, 2));
    origin.serve_file("/f", content);
    request.options.retries = 2;
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_EQ(origin.record().requests_for("/wrong"), 3) << "the interrupted one, the rest, the whole";
    EXPECT_EQ(result->url, origin.url("/f"));
}

// Nothing but the announced size tells that the end came too early.
TEST_F(Resume, a_body_until_close_that_ends_early_is_continued) {
    auto request = file(origin.url("/f"));
    request.size = kSize;
    request.digests = {sha256(content)};
    request.options.retries = 3;
    origin.once("/f", Reply{.headers = {{"ETag", kTag}}, .body = content.substr(0, kPart), .framing = Framing::until_close});
    origin.serve_file("/f", content, {.etag = kTag});
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_EQ(last_request().header("Range"), "bytes=70000-");
}

struct BadPart {
    const char* name;
    const char* content_range;
    std::size_t from;
    std::size_t length;
    friend void PrintTo(const BadPart& each, std::ostream* out) { *out << each.name; }
};

class BadParts : public Resume, public ::testing::WithParamInterface<BadPart> {};

TEST_P(BadParts, are_refused_and_the_bytes_at_hand_stay) {
    auto request = file(origin.url("/f"));
    request.size = kSize;
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    Reply reply{.status = 206, .headers = {{"ETag", kTag}}, .body = content.substr(GetParam().from, GetParam().length)};
    if (*GetParam().content_range != '\0') {
        reply.headers.push_back({"Content-Range", GetParam().content_range});
    }
    origin.on("/f", reply);
    const auto result = download(request);
    ASSERT_FALSE(result.has_value());
    EXPECT_TRUE(result.error().code == HttpErrc::bad_range || result.error().code == DownloadErrc::size_mismatch)
        << describe(result.error());
    EXPECT_TRUE(stored("file.part") == content.substr(0, kPart));
    EXPECT_FALSE(exists("file"));
    EXPECT_EQ(result.error().http_status, 206);
}

INSTANTIATE_TEST_SUITE_P(All, BadParts,
                         ::testing::Values(BadPart{"from_the_start", "bytes 0-199999/200000", 0, kSize},
                                           BadPart{"too_late", "bytes 70001-199999/200000", 70'001, 129'999},
                                           BadPart{"too_early", "bytes 69999-199999/200000", 69'999, 130'001},
                                           BadPart{"without_content_range", "", kPart, kSize - kPart},
                                           BadPart{"nonsense", "bytes x-y/z", kPart, kSize - kPart},
                                           BadPart{"another_unit", "lines 70000-199999/200000", kPart, kSize - kPart},
                                           BadPart{"another_total", "bytes 70000-199999/300000", kPart, kSize - kPart},
                                           BadPart{"length_differs_from_range", "bytes 70000-199999/200000", kPart, 1000},
                                           BadPart{"backwards", "bytes 199999-70000/200000", kPart, kSize - kPart}),
                         [](const ::testing::TestParamInfo<BadPart>& info) { return std::string(info.param.name); });

TEST_F(Resume, a_part_that_nobody_asked_for_is_refused) {
    origin.on("/f", part("bytes 0-199999/200000", content));
    EXPECT_THAT(download(file(origin.url("/f"))), FailedWith(HttpErrc::bad_range));
    EXPECT_THAT(fetch(document(origin.url("/f"))), FailedWith(HttpErrc::bad_range));
    EXPECT_FALSE(exists("file"));
}

// RFC 9110 section 15.3.7: a server may send less than was asked for.
TEST_F(Resume, a_part_that_ends_before_the_file_does_not_pass_for_the_whole) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    origin.once("/f", part("bytes 70000-99999/200000", content.substr(kPart, 30'000)));
    origin.serve_file("/f", content, {.etag = kTag});
    const auto result = download(request);
    if (result) {
        expect_complete(result, content);
    } else {
        EXPECT_FALSE(exists("file"));
        EXPECT_GE(stored("file.part").size(), kPart) << "what was at hand stays";
    }
}

TEST_F(Resume, a_part_beyond_the_size_limit_is_refused) {
    auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    origin.serve_file("/f", content, {.etag = kTag});
    request.size_limit = kSize - 1;
    EXPECT_THAT(download(request), FailedWith(DownloadErrc::too_large));
    EXPECT_FALSE(exists("file"));
    request.size_limit = kSize;
    expect_complete(download(request), content);
}

TEST_F(Resume, nothing_behind_the_bytes_at_hand_means_that_they_are_all) {
    const auto request = file(origin.url("/f"));
    // All bytes came, the last chunk did not.
    origin.once("/f", Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: \"v1\"\r\n\r\n" +
                                                  chunked(content).substr(0, chunked(content).size() - 5)},
                                    CloseFin{}}));
    EXPECT_THAT(download(request), FailedWith(HttpErrc::truncated));
    origin.serve_file("/f", content, {.etag = kTag});
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_EQ(last_request().header("Range"), "bytes=200000-");
    EXPECT_EQ(result->fetched, 0u);
}

TEST_F(Resume, a_range_that_fits_no_file_starts_over_at_once) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    const auto shorter = content_of(10'000, 2);
    origin.once("/f", Reply{.status = 416, .headers = {{"Content-Range", "bytes */10000"}}});
    origin.serve_file("/f", shorter, {.etag = "\"v2\""});
    const auto result = download(request);
    expect_complete(result, shorter);
    EXPECT_EQ(origin.record().requests_for("/f"), 3);
    EXPECT_FALSE(last_request().has("Range"));
}

TEST_F(Resume, an_unsatisfiable_range_that_was_not_asked_for_is_an_error) {
    request_options.retries = 5;
    origin.on("/f", Reply{.status = 416});
    const auto result = download(file(origin.url("/f")));
    ASSERT_THAT(result, FailedWith(HttpErrc::client_error));
    EXPECT_EQ(result.error().http_status, 416);
    EXPECT_EQ(origin.requests().size(), 1u);
}

TEST_F(Resume, a_server_that_always_says_unsatisfiable_ends_the_attempt) {
    const auto request = file(origin.url("/f"));
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    origin.on("/f", Reply{.status = 416, .headers = {{"Content-Range", "bytes */10"}}});
    EXPECT_THAT(download(request), FailedWith(HttpErrc::client_error));
    EXPECT_EQ(origin.record().requests_for("/f"), 3);
}

TEST_F(Resume, a_partial_file_without_its_journal_is_not_trusted) {
    directory.write("file.part", content_of(kPart, 9));
    origin.serve_file("/f", content, {.etag = kTag});
    const auto result = download(file(origin.url("/f")));
    expect_complete(result, content);
    EXPECT_FALSE(last_request().has("Range"));
}

TEST_F(Resume, a_partial_file_of_another_expectation_is_not_used) {
    auto request = file(origin.url("/f"));
    request.size = kSize;
    request.digests = {sha256(content)};
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    const auto changed = content_of(kSize, 2);
    request.digests = {sha256(changed)};
    origin.serve_file("/f", changed, {.etag = kTag});
    expect_complete(download(request), changed);
    EXPECT_FALSE(last_request().has("Range"));
}

TEST_F(Resume, a_partial_file_that_is_complete_needs_no_request) {
    auto request = file(origin.url("/f"));
    request.size = kSize;
    request.digests = {sha256(content)};
    leave_partial(request, "/f", content, kPart, {{"ETag", kTag}});
    std::ofstream(directory / "file.part", std::ios::app | std::ios::binary) << rest;
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_EQ(result->fetched, 0u);
    EXPECT_EQ(origin.record().requests_for("/f"), 1);
}

TEST_F(Resume, resumes_through_a_redirect) {
    const auto request = file(origin.url("/f"));
    origin.on("/f", Reply::redirect("/real"));
    origin.once("/real", Reply::steps({Send{.bytes = response_head(Reply{.headers = {{"Content-Length", "200000"}, {"ETag", kTag}}}) +
                                                     content.substr(0, kPart)},
                                       CloseFin{}}));
    origin.serve_file("/real", content, {.etag = kTag});
    ASSERT_FALSE(download(request).has_value());
    const auto result = download(request);
    expect_complete(result, content);
    EXPECT_EQ(last_request().target, "/real");
    EXPECT_EQ(last_request().header("Range"), "bytes=70000-");
}

}  // namespace
}  // namespace lastack::test
