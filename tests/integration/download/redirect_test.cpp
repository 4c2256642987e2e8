#include "client_fixture.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

namespace lastack::test {
namespace {

using http::HttpErrc;

class Redirect : public ClientTest {};

class RedirectStatus : public ClientTest, public ::testing::WithParamInterface<int> {};

TEST_P(RedirectStatus, is_followed_on_the_same_connection) {
    origin.on("/old", Reply::redirect("/dir/new", GetParam()));
    origin.on("/dir/new", Reply{.body = "here"});
    const auto result = download(file(origin.url("/old")));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(stored(), "here");
    EXPECT_EQ(result->url, origin.url("/dir/new"));
    EXPECT_EQ(origin.requests().size(), 2u);
    EXPECT_EQ(origin.accepted(), 1);
}

INSTANTIATE_TEST_SUITE_P(All, RedirectStatus, ::testing::Values(301, 302, 303, 307, 308), ::testing::PrintToStringParamName());

TEST_F(Redirect, leads_to_another_host) {
    ScriptedOrigin other;
    other.on("/new", Reply{.body = "there"});
    origin.on("/old", Reply::redirect(other.url("/new")));
    const auto result = fetch(document(origin.url("/old")));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->body, "there");
    EXPECT_EQ(result->url, other.url("/new"));
    EXPECT_EQ(other.requests().at(0).header("Host"), "127.0.0.1:" + std::to_string(other.port()));
}

TEST_F(Redirect, ten_in_a_row_are_followed_and_eleven_are_too_many) {
    origin.on(When{}, [](const SeenRequest& request) {
        const int number = std::stoi(std::string(request.path().substr(1)));
        return number == 0 ? Reply{.body = "end"} : Reply::redirect("/" + std::to_string(number - 1));
    });
    const auto ten = fetch(document(origin.url("/10")));
    ASSERT_THAT(ten, Succeeded());
    EXPECT_EQ(ten->body, "end");
    EXPECT_EQ(origin.requests().size(), 11u);
    EXPECT_THAT(fetch(document(origin.url("/11"))), FailedWith(HttpErrc::too_many_redirects));
    EXPECT_EQ(origin.record().requests_for("/0"), 1) << "the eleventh is not followed";
}

TEST_F(Redirect, a_loop_ends_with_an_error_that_is_not_tried_again) {
    request_options.retries = 5;
    origin.on("/a", Reply::redirect("/b"));
    origin.on("/b", Reply::redirect("/a"));
    const auto result = fetch(document(origin.url("/a")));
    ASSERT_THAT(result, FailedWith(HttpErrc::too_many_redirects));
    EXPECT_EQ(result.error().url, origin.url("/a"));
    EXPECT_LE(origin.requests().size(), 11u);
}

TEST_F(Redirect, heads_are_limited_over_the_whole_chain) {
    origin.on(When{}, [](const SeenRequest& request) {
        const int number = std::stoi(std::string(request.path().substr(1)));
        Reply reply = number == 0 ? Reply{.body = "end"} : Reply::redirect("/" + std::to_string(number - 1));
        reply.headers.push_back({"X-Padding", std::string(50'000, 'x')});
        return reply;
    });
    EXPECT_THAT(fetch(document(origin.url("/3"))), Succeeded());
    EXPECT_THAT(fetch(document(origin.url("/9"))), FailedWith(HttpErrc::head_too_large));
}

TEST_F(Redirect, to_itself_is_a_loop) {
    origin.on("/a", Reply::redirect("/a"));
    EXPECT_THAT(fetch(document(origin.url("/a"))), FailedWith(HttpErrc::too_many_redirects));
}

TEST_F(Redirect, to_a_missing_file_names_both_urls) {
    origin.on("/a", Reply::redirect("/missing"));
    const auto result = fetch(document(origin.url("/a")));
    ASSERT_THAT(result, FailedWith(HttpErrc::not_found));
    EXPECT_EQ(result.error().url, origin.url("/a"));
    EXPECT_EQ(result.error().mirror, origin.url("/missing"));
    EXPECT_EQ(result.error().http_status, 404);
    EXPECT_EQ(result.error().address, "127.0.0.1:" + std::to_string(origin.port()));
}

struct BadRedirect {
    const char* name;
    std::vector<Header> fields;
    std::error_code code;
    friend void PrintTo(const BadRedirect& each, std::ostream* out) { *out << each.name; }
};

class BadRedirects : public ClientTest, public ::testing::WithParamInterface<BadRedirect> {};

TEST_P(BadRedirects, cost_the_mirror_and_are_not_followed) {
    request_options.retries = 5;
    origin.on("/bad", Reply{.status = 302, .headers = GetParam().fields});
    origin.on("/good", Reply{.body = "good"});
    EXPECT_THAT(fetch(document(origin.url("/bad"))), FailedWith(GetParam().code));
    EXPECT_EQ(origin.requests().size(), 1u);
    const auto second = fetch(document({origin.url("/bad"), origin.url("/good")}));
    ASSERT_THAT(second, Succeeded());
    EXPECT_EQ(second->body, "good");
    EXPECT_EQ(origin.requests().size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(All, BadRedirects,
                         ::testing::Values(BadRedirect{"no_location", {}, HttpErrc::bad_redirect},
                                           BadRedirect{"empty_location", {{"Location", ""}}, HttpErrc::bad_redirect},
                                           BadRedirect{"two_locations", {{"Location", "/a"}, {"Location", "/b"}}, HttpErrc::bad_redirect},
                                           BadRedirect{"to_file", {{"Location", "file:///etc/passwd"}}, HttpErrc::bad_redirect},
                                           BadRedirect{"to_ftp", {{"Location", "ftp://127.0.0.1/f"}}, HttpErrc::bad_redirect},
                                           BadRedirect{"with_space", {{"Location", "/a b"}}, HttpErrc::bad_redirect}),
                         [](const ::testing::TestParamInfo<BadRedirect>& info) { return std::string(info.param.name); });

TEST_F(Redirect, passwords_of_the_url_do_not_appear_in_errors) {
    const auto result = fetch(document("http://user:secret@127.0.0.1:" + std::to_string(origin.port()) + "/missing"));
    ASSERT_THAT(result, FailedWith(HttpErrc::not_found));
    EXPECT_EQ(describe(result.error()).find("secret"), std::string::npos) << describe(result.error());
    EXPECT_EQ(result.error().url, origin.url("/missing"));
}

}  // namespace
}  // namespace lastack::test
