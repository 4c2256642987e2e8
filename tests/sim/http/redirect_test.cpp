// Redirects on the wire: which connections they use, and where they end.
#include "client_fixture.hpp"

namespace lastack::http {
namespace {

class RedirectSim : public ClientSim {
protected:
    RedirectSim() {
        make_client();
        pool->expect_more(true);
    }
};

TEST_F(RedirectSim, is_followed_to_another_host_on_a_connection_of_its_own) {
    network.listen("a", 80,
                   sim::keep_alive([](const sim::SimRequest&) { return sim::answer(302, "moved", {"Location: http://b:81/x?y"}); }));
    std::string asked;
    network.listen("b", 81, sim::keep_alive([&asked](const sim::SimRequest& request) {
                       asked = request.target + " at " + request.field("Host");
                       return sim::answer(200, "good");
                   }));
    const Outcome outcome = get("http://a/");
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome.sink.body, "good");
    EXPECT_EQ(outcome.sink.begun, 1);
    EXPECT_EQ(asked, "/x?y at b:81");
    EXPECT_EQ((*outcome.result)->url.str(), "http://b:81/x?y");
    EXPECT_EQ(pool->counts().idle, 2u);
}

TEST_F(RedirectSim, ten_are_followed_and_eleven_are_not) {
    network.listen("a", 80, sim::keep_alive([](const sim::SimRequest& request) {
                       const int left = std::stoi(request.target.substr(1));
                       return left == 0 ? sim::answer(200, "good") : sim::answer(302, "", {"Location: /" + std::to_string(left - 1)});
                   }));
    EXPECT_TRUE(get("http://a/10").ok());
    const Outcome outcome = get("http://a/11");
    EXPECT_EQ(outcome.error().code, HttpErrc::too_many_redirects);
    EXPECT_EQ(outcome.error().url, "http://a/11");
    EXPECT_EQ(outcome.error().mirror, "http://a/1");
    EXPECT_EQ(outcome.error().http_status, 302);
}

TEST_F(RedirectSim, in_a_circle_ends) {
    network.listen("a", 80, sim::keep_alive([](const sim::SimRequest&) { return sim::answer(301, "", {"Location: /"}); }));
    EXPECT_EQ(get("http://a/").error().code, HttpErrc::too_many_redirects);
    EXPECT_EQ(network.records()[0].requests, 11u);
}

TEST_F(RedirectSim, to_a_forbidden_place_names_it_and_shows_no_body) {
    network.listen("a", 80,
                   sim::keep_alive([](const sim::SimRequest&) { return sim::answer(302, "evil", {"Location: file:///etc/passwd"}); }));
    const Outcome outcome = get("http://a/");
    EXPECT_EQ(outcome.error().code, HttpErrc::bad_redirect);
    EXPECT_EQ(outcome.error().http_status, 302);
    EXPECT_EQ(outcome.sink.begun, 0);
}

TEST_F(RedirectSim, heads_of_all_answers_together_have_a_limit) {
    network.listen("a", 80, sim::keep_alive([](const sim::SimRequest& request) {
                       std::vector<std::string> fields(4, "X: " + std::string(50'000, 'x'));
                       if (request.target != "/9") {
                           fields.push_back("Location: /" + std::to_string(request.target[1] - '0' + 1));
                       }
                       return sim::answer(request.target == "/9" ? 200 : 302, "", fields);
                   }));
    EXPECT_EQ(get("http://a/0").error().code, HttpErrc::head_too_large);
}

}  // namespace
}  // namespace lastack::http
