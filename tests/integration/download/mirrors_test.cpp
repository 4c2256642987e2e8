#include "client_fixture.hpp"
#include "http/error.hpp"
#include "net/error.hpp"
#include "support/listening_socket.hpp"

namespace lastack::test {
namespace {

using http::HttpErrc;

class Mirrors : public ClientTest {
protected:
    Mirrors() {
        origin.on("/good", Reply{.body = "good"});
        origin.on("/missing", Reply{.status = 404});
        origin.on("/gone", Reply{.status = 410});
        origin.on("/forbidden", Reply{.status = 403});
        origin.on("/broken", Reply{.status = 500});
        origin.on("/busy", Reply{.status = 503});
        origin.on("/closed_for_an_hour", Reply{.status = 503, .headers = {{"Retry-After", "3600"}}});
        origin.on("/teapot", Reply{.status = 418});
        origin.on("/hangs_up", Reply::steps({CloseFin{}}));
    }
};

struct FirstMirror {
    const char* name;
    const char* path;
    std::error_code code;
    int status;
    int requests;  // when it is the only mirror and three attempts are allowed
    friend void PrintTo(const FirstMirror& each, std::ostream* out) { *out << each.name; }
};

class FailingMirror : public Mirrors, public ::testing::WithParamInterface<FirstMirror> {};

TEST_P(FailingMirror, gives_way_to_the_next_one) {
    // A refusal for good uses up no attempt.
    request_options.retries = GetParam().requests == 1 ? 1 : 2;
    const auto result = download(file({origin.url(GetParam().path), origin.url("/good")}));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(stored(), "good");
    EXPECT_EQ(result->url, origin.url("/good"));
    EXPECT_EQ(origin.record().requests_for(GetParam().path), 1);
}

TEST_P(FailingMirror, alone_is_tried_as_often_as_it_makes_sense) {
    request_options.retries = 3;
    const auto result = download(file(origin.url(GetParam().path)));
    ASSERT_THAT(result, FailedWith(GetParam().code));
    EXPECT_EQ(result.error().http_status, GetParam().status);
    EXPECT_EQ(result.error().url, origin.url(GetParam().path));
    EXPECT_EQ(origin.record().requests_for(GetParam().path), GetParam().requests);
    EXPECT_FALSE(exists("file.part"));
}

INSTANTIATE_TEST_SUITE_P(All, FailingMirror,
                         ::testing::Values(FirstMirror{"not_found", "/missing", HttpErrc::not_found, 404, 1},
                                           FirstMirror{"gone", "/gone", HttpErrc::not_found, 410, 1},
                                           FirstMirror{"forbidden", "/forbidden", HttpErrc::forbidden, 403, 1},
                                           FirstMirror{"server_error", "/broken", HttpErrc::server_error, 500, 3},
                                           FirstMirror{"unavailable", "/busy", HttpErrc::unavailable, 503, 3},
                                           FirstMirror{"other_client_error", "/teapot", HttpErrc::client_error, 418, 1},
                                           FirstMirror{"hangs_up", "/hangs_up", net::NetErrc::closed, 0, 3}),
                         [](const ::testing::TestParamInfo<FirstMirror>& info) { return std::string(info.param.name); });

TEST_F(Mirrors, one_that_wants_to_be_left_alone_for_long_gives_way_to_the_next_on_the_same_host) {
    request_options.retries = 2;
    const auto result = download(file({origin.url("/closed_for_an_hour"), origin.url("/good")}));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->url, origin.url("/good"));
    EXPECT_EQ(origin.record().requests_for("/closed_for_an_hour"), 1);
}

TEST_F(Mirrors, a_refused_connection_gives_way_to_the_next) {
    const RefusingPort closed;
    request_options.retries = 2;
    const auto result = download(file({closed.url("/f"), origin.url("/good")}));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->url, origin.url("/good"));
    const auto failed = fetch([&] {
        auto request = document(closed.url("/f"));
        request.options.retries = 1;
        return request;
    }());
    ASSERT_THAT(failed, FailedWith(net::NetErrc::connect_refused));
    EXPECT_EQ(failed.error().phase, Phase::connecting);
    EXPECT_EQ(failed.error().address, "127.0.0.1:" + std::to_string(closed.port()));
}

TEST_F(Mirrors, an_unknown_host_gives_way_to_the_next) {
    request_options.retries = 2;
    const auto result = download(file({"http://no-such-host.invalid/f", origin.url("/good")}));
    ASSERT_THAT(result, Succeeded());
    request_options.retries = 1;
    const auto failed = fetch(document("http://no-such-host.invalid/f"));
    ASSERT_FALSE(failed.has_value());
    // Where no name server is reachable the resolver cannot say that the name does not exist.
    EXPECT_TRUE(failed.error().code == net::NetErrc::name_not_found || failed.error().code == net::NetErrc::name_failed)
        << describe(failed.error());
    EXPECT_EQ(failed.error().phase, Phase::resolving);
}

TEST_F(Mirrors, a_url_that_does_not_parse_gives_way_to_the_next) {
    request_options.retries = 2;
    EXPECT_THAT(download(file({"gopher://x/", origin.url("/good")})), Succeeded());
}

TEST_F(Mirrors, https_gives_way_to_the_next) {
    request_options.retries = 2;
    EXPECT_THAT(download(file({"https://127.0.0.1:1/f", origin.url("/good")})), Succeeded());
}

TEST_F(Mirrors, the_first_that_works_is_the_only_one_asked) {
    EXPECT_THAT(download(file({origin.url("/good"), origin.url("/missing")})), Succeeded());
    EXPECT_EQ(origin.requests().size(), 1u);
}

TEST_F(Mirrors, when_all_fail_each_is_named) {
    request_options.retries = 10;
    const auto result = download(file({origin.url("/missing"), origin.url("/forbidden"), origin.url("/gone")}));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(origin.requests().size(), 3u) << "none of these is asked twice";
    const auto text = describe(result.error());
    for (const char* word : {"404", "403", "410"}) {
        EXPECT_NE(text.find(word), std::string::npos) << text;
    }
}

TEST_F(Mirrors, a_mirror_that_struck_out_is_not_asked_again_while_another_is_retried) {
    request_options.retries = 3;
    const auto result = download(file({origin.url("/missing"), origin.url("/broken")}));
    ASSERT_THAT(result, FailedWith(HttpErrc::server_error));
    EXPECT_EQ(origin.record().requests_for("/missing"), 1) << "and this one used up no attempt";
    EXPECT_EQ(origin.record().requests_for("/broken"), 3);
}

TEST_F(Mirrors, a_mirror_that_fails_once_is_fine_in_the_next_round) {
    request_options.retries = 2;
    origin.once("/moody", Reply{.status = 503});
    origin.on("/moody", Reply{.body = "good"});
    const auto result = download(file({origin.url("/moody"), origin.url("/missing")}));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(origin.record().requests_for("/moody"), 2);
}

TEST_F(Mirrors, a_document_takes_the_next_one_too) {
    request_options.retries = 2;
    const auto result = fetch(document({origin.url("/missing"), origin.url("/good")}));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->body, "good");
    EXPECT_EQ(result->url, origin.url("/good"));
}

}  // namespace
}  // namespace lastack::test
