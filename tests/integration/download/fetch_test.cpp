#include "client_fixture.hpp"
#include "http/error.hpp"

namespace lastack::test {
namespace {

using http::HttpErrc;

class Fetch : public ClientTest {
protected:
    const std::string date = "Mon, 02 Mar 2026 10:00:00 GMT";
};

TEST_F(Fetch, brings_the_document_with_its_validators) {
    origin.serve_file("/repomd.xml", "<repomd/>", {.etag = "\"v1\"", .last_modified = date});
    const auto result = fetch(document(origin.url("/repomd.xml")));
    ASSERT_THAT(result, Succeeded());
    EXPECT_FALSE(result->not_modified);
    EXPECT_EQ(result->body, "<repomd/>");
    EXPECT_EQ(result->etag, "\"v1\"");
    EXPECT_EQ(result->last_modified, date);
    EXPECT_EQ(result->url, origin.url("/repomd.xml"));
    EXPECT_FALSE(origin.requests().at(0).has("If-None-Match"));
    EXPECT_FALSE(origin.requests().at(0).has("If-Modified-Since"));
}

TEST_F(Fetch, a_copy_at_hand_that_is_current_is_not_sent_again) {
    origin.serve_file("/f", "body", {.etag = "\"v1\"", .last_modified = date});
    client().expect_more(true);
    auto by_tag = document(origin.url("/f"));
    by_tag.if_none_match = "\"v1\"";
    auto by_date = document(origin.url("/f"));
    by_date.if_modified_since = date;
    for (const auto& request : {by_tag, by_date}) {
        const auto result = fetch(request);
        ASSERT_THAT(result, Succeeded());
        EXPECT_TRUE(result->not_modified);
        EXPECT_EQ(result->body, "");
        EXPECT_EQ(result->etag, "\"v1\"");
    }
    EXPECT_EQ(origin.requests()[0].header("If-None-Match"), "\"v1\"");
    EXPECT_EQ(origin.requests()[1].header("If-Modified-Since"), date);
    EXPECT_EQ(origin.accepted(), 1) << "304 keeps the connection";
}

TEST_F(Fetch, a_copy_at_hand_that_is_old_is_replaced) {
    origin.serve_file("/f", "new", {.etag = "\"v2\"", .last_modified = date});
    auto request = document(origin.url("/f"));
    request.if_none_match = "\"v1\"";
    request.if_modified_since = date;
    const auto result = fetch(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_FALSE(result->not_modified);
    EXPECT_EQ(result->body, "new");
    EXPECT_EQ(result->etag, "\"v2\"");
}

TEST_F(Fetch, an_unasked_not_modified_is_an_error) {
    origin.on("/f", Reply{.status = 304});
    EXPECT_THAT(fetch(document(origin.url("/f"))), FailedWith(HttpErrc::unexpected_status));
}

TEST_F(Fetch, a_tag_that_would_inject_a_field_is_refused) {
    auto request = document(origin.url("/f"));
    request.if_none_match = "\"x\"\r\nX-Evil: 1";
    EXPECT_THAT(fetch(request), FailedWith(Errc::invalid_argument));
    EXPECT_EQ(origin.accepted(), 0);
}

TEST_F(Fetch, a_truncated_document_begins_anew) {
    request_options.retries = 2;
    origin.once("/f", Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nxx"}, CloseFin{}}));
    origin.on("/f", Reply{.body = "good"});
    const auto result = fetch(document(origin.url("/f")));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->body, "good");
    EXPECT_FALSE(origin.requests().back().has("Range"));
}

}  // namespace
}  // namespace lastack::test
