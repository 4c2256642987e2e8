#include "client_fixture.hpp"
#include "download/error.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

namespace lastack::test {
namespace {

using download::DownloadErrc;
using http::HttpErrc;

class Body : public ClientTest {};

struct GoodBody {
    const char* name;
    Framing framing;
    std::size_t size;
    std::size_t chunk_size;
    bool reusable;
    friend void PrintTo(const GoodBody& each, std::ostream* out) { *out << each.name; }
};

class BodyFraming : public ClientTest, public ::testing::WithParamInterface<GoodBody> {};

TEST_P(BodyFraming, is_stored_byte_for_byte) {
    const auto& body = GetParam();
    const auto content = content_of(body.size);
    origin.on("/f", Reply{.body = content, .framing = body.framing, .chunk_size = body.chunk_size});
    client().expect_more(true);
    for (int round = 1; round <= 2; ++round) {
        const auto result = download(file(origin.url("/f")));
        ASSERT_THAT(result, Succeeded());
        EXPECT_EQ(result->outcome, DownloadOutcome::downloaded);
        EXPECT_EQ(result->size, body.size);
        EXPECT_EQ(result->fetched, body.size);
        EXPECT_EQ(result->url, origin.url("/f"));
        EXPECT_TRUE(stored() == content);
        EXPECT_FALSE(exists("file.part"));
        EXPECT_FALSE(exists("file.part.journal"));
    }
    EXPECT_EQ(origin.accepted(), body.reusable ? 1 : 2);
}

INSTANTIATE_TEST_SUITE_P(All, BodyFraming,
                         ::testing::Values(GoodBody{"length", Framing::content_length, 300'000, 0, true},
                                           GoodBody{"empty", Framing::content_length, 0, 0, true},
                                           GoodBody{"chunked", Framing::chunked, 300'000, 4096, true},
                                           GoodBody{"chunked_by_byte", Framing::chunked, 2'000, 1, true},
                                           GoodBody{"chunked_empty", Framing::chunked, 0, 1, true},
                                           GoodBody{"until_close", Framing::until_close, 300'000, 0, false},
                                           GoodBody{"large", Framing::content_length, 8'000'000, 0, true}),
                         [](const ::testing::TestParamInfo<GoodBody>& info) { return std::string(info.param.name); });

TEST_F(Body, trailers_and_chunk_extensions_are_passed_over) {
    origin.on("/f", Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                                "3;name=\"value\"\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"}}));
    client().expect_more(true);
    expect_fetched("/f", "abcde");
    expect_fetched("/f", "abcde");
    EXPECT_EQ(origin.accepted(), 1);
}

TEST_F(Body, an_http_1_0_answer_is_not_reused) {
    origin.on("/f", Reply::steps({Send{.bytes = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"}}));
    client().expect_more(true);
    expect_fetched("/f", "abc");
    expect_fetched("/f", "abc");
    EXPECT_EQ(origin.accepted(), 2);
}

TEST_F(Body, provisional_answers_are_passed_over) {
    const Send hint{.bytes = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"};
    origin.on("/f", Reply{.body = "x", .before = {hint, hint, hint}});
    client().expect_more(true);
    expect_fetched("/f", "x");
    expect_fetched("/f", "x");
    EXPECT_EQ(origin.accepted(), 1);
}

struct BadAnswer {
    const char* name;
    Steps steps;
    std::error_code code;
    friend void PrintTo(const BadAnswer& each, std::ostream* out) { *out << each.name; }
};

class BadAnswers : public ClientTest, public ::testing::WithParamInterface<BadAnswer> {};

const std::string kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

// Each is refused, costs the mirror, and the next mirror serves the file.
TEST_P(BadAnswers, are_refused_and_the_next_mirror_serves) {
    origin.on("/bad", Reply::steps(GetParam().steps));
    origin.on("/good", Reply{.body = "good"});
    EXPECT_THAT(fetch(document(origin.url("/bad"))), FailedWith(GetParam().code));
    EXPECT_THAT(download(file(origin.url("/bad"))), FailedWith(GetParam().code));
    EXPECT_FALSE(exists("file"));
    request_options.retries = 2;
    auto request = file({origin.url("/bad"), origin.url("/good")});
    request.size = 4;
    request.digests = {sha256("good")};
    const auto result = download(std::move(request));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(stored(), "good");
    EXPECT_EQ(result->url, origin.url("/good"));
    EXPECT_TRUE(origin.wait_until_all_closed());
}

INSTANTIATE_TEST_SUITE_P(
    All, BadAnswers,
    ::testing::Values(
        BadAnswer{"garbage", {Send{.bytes = "SSH-2.0-OpenSSH_9.2\r\n"}}, HttpErrc::bad_head},
        BadAnswer{"binary", {Send{.bytes = std::string("\x16\x03\x01\x00\x05hello\r\n\r\n", 14)}}, HttpErrc::bad_head},
        BadAnswer{"http_2", {Send{.bytes = "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"}}, HttpErrc::bad_head},
        BadAnswer{"space_before_colon", {Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx"}}, HttpErrc::bad_head},
        BadAnswer{
            "two_lengths", {Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy"}}, HttpErrc::bad_framing},
        BadAnswer{"negative_length", {Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}}, HttpErrc::bad_framing},
        BadAnswer{
            "huge_length", {Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"}}, HttpErrc::bad_framing},
        BadAnswer{"unknown_coding",
                  {Send{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"}},
                  HttpErrc::bad_framing},
        BadAnswer{"chunk_size_no_number", {Send{.bytes = kChunkedHead + "xyz\r\nabc\r\n0\r\n\r\n"}}, HttpErrc::bad_chunk},
        BadAnswer{"chunk_size_overflow", {Send{.bytes = kChunkedHead + "fffffffffffffffff\r\nabc"}}, HttpErrc::bad_chunk},
        BadAnswer{"chunk_longer_than_said", {Send{.bytes = kChunkedHead + "3\r\nabcdef\r\n0\r\n\r\n"}}, HttpErrc::bad_chunk},
        BadAnswer{"head_cut", {Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Le"}, CloseFin{}}, net::NetErrc::closed},
        BadAnswer{"no_answer", {CloseFin{}}, net::NetErrc::closed}, BadAnswer{"reset", {Reset{}}, net::NetErrc::reset},
        BadAnswer{"body_cut", {Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}, CloseFin{}}, HttpErrc::truncated},
        BadAnswer{"chunks_cut", {Send{.bytes = kChunkedHead + "3\r\nabc\r\n"}, CloseFin{}}, HttpErrc::truncated},
        BadAnswer{"trailers_cut", {Send{.bytes = kChunkedHead + "3\r\nabc\r\n0\r\nTrail"}, CloseFin{}}, HttpErrc::truncated},
        BadAnswer{"endless_provisional", {SendEndless{.pattern = "HTTP/1.1 100 Continue\r\n\r\n"}}, HttpErrc::unexpected_status},
        BadAnswer{"endless_line", {Send{.bytes = "HTTP/1.1 200 OK\r\nX: "}, SendEndless{.pattern = "x"}}, HttpErrc::head_too_large},
        BadAnswer{"endless_fields", {Send{.bytes = "HTTP/1.1 200 OK\r\n"}, SendEndless{.pattern = "X: y\r\n"}}, HttpErrc::head_too_large},
        BadAnswer{
            "endless_trailers", {Send{.bytes = kChunkedHead + "1\r\nx\r\n0\r\n"}, SendEndless{.pattern = "X: y\r\n"}}, HttpErrc::bad_chunk},
        BadAnswer{"endless_chunk_extension", {Send{.bytes = kChunkedHead + "1;"}, SendEndless{.pattern = "x"}}, HttpErrc::bad_chunk},
        BadAnswer{"unasked_not_modified", {Send{.bytes = "HTTP/1.1 304 Not Modified\r\n\r\n"}}, HttpErrc::unexpected_status},
        BadAnswer{"no_content", {Send{.bytes = "HTTP/1.1 204 No Content\r\n\r\n"}}, HttpErrc::unexpected_status}),
    [](const ::testing::TestParamInfo<BadAnswer>& info) { return std::string(info.param.name); });

TEST_F(Body, an_endless_body_is_stopped_at_the_size) {
    origin.on("/f", Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\n\r\n"}, SendEndless{.pattern = "0123456789"}}));
    auto request = file(origin.url("/f"));
    request.size = 100'000;
    EXPECT_THAT(download(request), FailedWith(DownloadErrc::size_mismatch));
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_LT(origin.record().connections[0].sent, 16u << 20);
    EXPECT_FALSE(exists("file"));
    EXPECT_LE(stored("file.part").size(), 100'000u);
}

TEST_F(Body, an_endless_body_is_stopped_at_the_size_limit) {
    origin.on("/f", Reply::steps({Send{.bytes = kChunkedHead}, SendEndless{.pattern = "a\r\n0123456789\r\n"}}));
    auto request = file(origin.url("/f"));
    request.size_limit = 100'000;
    EXPECT_THAT(download(request), FailedWith(DownloadErrc::too_large));
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_LT(origin.record().connections[0].sent, 16u << 20);
    EXPECT_LE(stored("file.part").size(), 100'000u);
}

TEST_F(Body, an_endless_document_is_stopped_at_its_limit) {
    origin.on("/f", Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\n\r\n"}, SendEndless{.pattern = "0123456789"}}));
    auto request = document(origin.url("/f"));
    request.size_limit = 10'000;
    EXPECT_THAT(fetch(request), FailedWith(DownloadErrc::too_large));
    EXPECT_TRUE(origin.wait_until_all_closed());
}

TEST_F(Body, a_document_of_exactly_the_limit_is_taken_and_one_byte_more_is_not) {
    origin.on("/f", Reply{.body = std::string(1000, 'x')});
    origin.on("/chunked", Reply{.body = std::string(1000, 'x'), .framing = Framing::chunked});
    for (const char* path : {"/f", "/chunked"}) {
        auto request = document(origin.url(path));
        request.size_limit = 1000;
        EXPECT_THAT(fetch(request), Succeeded()) << path;
        request.size_limit = 999;
        EXPECT_THAT(fetch(request), FailedWith(DownloadErrc::too_large)) << path;
    }
}

TEST_F(Body, a_length_beyond_the_limit_is_refused_before_the_body_is_taken) {
    origin.on("/f", Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n"}, WaitForPeerClose{}}));
    auto request = file(origin.url("/f"));
    request.size_limit = 1'000'000;
    EXPECT_THAT(download(request), FailedWith(DownloadErrc::too_large));
    EXPECT_TRUE(origin.wait_until_all_closed());
}

// The status says all; what happens to the rest of such an answer must not hide it, nor be waited for.
struct RefusedBody {
    const char* name;
    const char* head;
    Steps body;
    std::error_code code;
    friend void PrintTo(const RefusedBody& each, std::ostream* out) { *out << each.name; }
};

class RefusedBodies : public ClientTest, public ::testing::WithParamInterface<RefusedBody> {};

TEST_P(RefusedBodies, do_not_hide_the_refusal) {
    request_options.timeout = 2s;
    Steps steps = {Send{.bytes = GetParam().head}};
    steps.insert(steps.end(), GetParam().body.begin(), GetParam().body.end());
    origin.on("/f", Reply::steps(steps));
    auto request = file(origin.url("/f"));
    request.size_limit = 1'000'000;
    const auto begin = Clock::now();
    EXPECT_THAT(download(request), FailedWith(GetParam().code));
    EXPECT_THAT(fetch(document(origin.url("/f"))), FailedWith(GetParam().code));
    EXPECT_LT(Clock::now() - begin, 1s) << "nobody waits for a body that is not wanted";
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedBodies,
    ::testing::Values(
        RefusedBody{"cut", "HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nabc", {CloseFin{}}, HttpErrc::not_found},
        RefusedBody{"reset", "HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nabc", {Reset{}}, HttpErrc::not_found},
        RefusedBody{"bad_chunk", "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {}, HttpErrc::not_found},
        RefusedBody{"huge", "HTTP/1.1 404 Not Found\r\nContent-Length: 5000000000\r\n\r\nabc", {WaitForPeerClose{}}, HttpErrc::not_found},
        RefusedBody{"endless", "HTTP/1.1 404 Not Found\r\n\r\n", {SendEndless{.pattern = "x"}}, HttpErrc::not_found},
        RefusedBody{
            "too_large", "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\nabc", {WaitForPeerClose{}}, DownloadErrc::too_large}),
    [](const ::testing::TestParamInfo<RefusedBody>& info) { return std::string(info.param.name); });

TEST_F(Body, a_redirect_is_followed_whatever_becomes_of_its_body) {
    request_options.timeout = 2s;
    origin.on("/there", Reply{.body = "there"});
    const std::string head = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 5000000\r\n\r\nabc";
    for (const Steps& end : {Steps{CloseFin{}}, Steps{Reset{}}, Steps{WaitForPeerClose{}}}) {
        Steps steps = {Send{.bytes = head}};
        steps.insert(steps.end(), end.begin(), end.end());
        origin.on("/f", Reply::steps(steps));
        const auto begin = Clock::now();
        expect_fetched("/f", "there");
        EXPECT_LT(Clock::now() - begin, 1s);
    }
}

TEST_F(Body, all_bytes_with_the_right_digest_are_enough_though_the_trailers_are_cut) {
    origin.on("/f", Reply::steps({Send{.bytes = kChunkedHead + "4\r\ngood\r\n0\r\nTrail"}, CloseFin{}}));
    auto request = file(origin.url("/f"));
    request.size = 4;
    request.digests = {sha256("good")};
    request.options.retries = 2;
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_EQ(stored(), "good");
    EXPECT_EQ(origin.requests().size(), 1u);
}

}  // namespace
}  // namespace lastack::test
