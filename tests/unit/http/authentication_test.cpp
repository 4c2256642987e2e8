#include "http/authentication.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastack::http {
namespace {

using BasicUnasked = Authenticator::BasicUnasked;

const std::string basic_of_u_p = "Basic dTpw";

std::vector<Challenge> challenges(const std::vector<std::string>& values) {
    Fields fields;
    for (const std::string& value : values) {
        fields.add("WWW-Authenticate", value);
    }
    return parse_challenges(fields, "WWW-Authenticate");
}

std::string digest_with(const std::string& nonce, const std::string& rest = "") {
    return "Digest realm=\"r\", nonce=\"" + nonce + "\", qop=\"auth\"" + (rest.empty() ? "" : ", " + rest);
}

Authenticator authenticator(BasicUnasked basic_unasked = BasicUnasked::no, Credentials credentials = {"u", "p"}) {
    return Authenticator{std::move(credentials), basic_unasked,
                         [n = 0]() mutable -> std::optional<std::string> { return "c" + std::to_string(++n); }};
}

bool holds(const std::optional<std::string>& value, std::string_view part) { return value && value->find(part) != std::string::npos; }

// One request and what it sends and hears.
struct Exchange {
    explicit Exchange(Authenticator& owner) : authenticator{owner} {}

    std::optional<std::string> send(std::string_view method = "GET", std::string_view target = "/") {
        return authenticator.value_for(attempts, method, target);
    }
    Verdict hear(const std::vector<std::string>& values) { return authenticator.challenged(attempts, challenges(values)); }

    Authenticator& authenticator;
    AuthenticationAttempts attempts;
};

TEST(Authentication, nothing_is_sent_before_a_challenge_and_basic_after_it) {
    auto owner = authenticator();
    Exchange first{owner};
    EXPECT_EQ(first.send(), std::nullopt);
    EXPECT_EQ(first.hear({"Basic realm=\"WallyWorld\""}), Verdict::try_again);
    EXPECT_EQ(first.send(), basic_of_u_p);
    Exchange second{owner};
    EXPECT_EQ(second.send(), basic_of_u_p);
}

TEST(Authentication, basic_goes_out_unasked_when_told_so) {
    auto owner = authenticator(BasicUnasked::yes);
    Exchange request{owner};
    EXPECT_EQ(request.send(), basic_of_u_p);
    EXPECT_EQ(request.hear({"Basic realm=x"}), Verdict::rejected);
}

TEST(Authentication, basic_is_tried_once_and_not_unasked_after_it_was_refused) {
    auto owner = authenticator();
    Exchange request{owner};
    (void)request.send();
    EXPECT_EQ(request.hear({"Basic realm=x"}), Verdict::try_again);
    (void)request.send();
    EXPECT_EQ(request.hear({"Basic realm=y"}), Verdict::rejected);
    EXPECT_EQ(Exchange{owner}.send(), std::nullopt);
}

struct PickRow {
    std::vector<std::string> fields;
    std::string answer;  // how the value goes on; empty: unsupported
};

class Pick : public testing::TestWithParam<PickRow> {};

TEST_P(Pick, is_the_strongest_challenge_that_can_be_answered) {
    auto owner = authenticator();
    Exchange request{owner};
    const Verdict verdict = request.hear(GetParam().fields);
    if (GetParam().answer.empty()) {
        EXPECT_EQ(verdict, Verdict::unsupported);
        EXPECT_EQ(request.send(), std::nullopt);
        return;
    }
    EXPECT_EQ(verdict, Verdict::try_again);
    const auto value = request.send();
    EXPECT_TRUE(holds(value, GetParam().answer)) << value.value_or("nothing");
}

INSTANTIATE_TEST_SUITE_P(
    Table, Pick,
    testing::Values(PickRow{{"Basic realm=x", digest_with("n")}, "nonce=\"n\""},
                    PickRow{{digest_with("m") + ", " + digest_with("s", "algorithm=SHA-256") + ", Basic realm=x"}, "nonce=\"s\""},
                    PickRow{{digest_with("s", "algorithm=SHA-256"), digest_with("t", "algorithm=SHA-512-256"), digest_with("m")},
                            "nonce=\"t\""},
                    PickRow{{digest_with("a"), digest_with("b")}, "nonce=\"a\""},
                    PickRow{{digest_with("z", "algorithm=SHA-999"), "Basic realm=x"}, basic_of_u_p},
                    PickRow{{"Digest realm=r, nonce=n, qop=\"auth-int\", Basic realm=x"}, basic_of_u_p},
                    PickRow{{"Negotiate, NTLM", "Basic"}, basic_of_u_p}, PickRow{{"Bearer realm=x", "Negotiate abc=="}, ""},
                    PickRow{{"Digest realm=r, nonce=n, qop=auth-int"}, ""}, PickRow{{"Digest realm=r"}, ""}, PickRow{{}, ""},
                    PickRow{{"\"\"\",,;", "=="}, ""}));

TEST(Authentication, each_use_of_a_nonce_counts_and_has_a_cnonce_of_its_own) {
    auto owner = authenticator();
    Exchange first{owner};
    (void)first.send();
    EXPECT_EQ(first.hear({digest_with("n")}), Verdict::try_again);
    EXPECT_TRUE(holds(first.send(), "cnonce=\"c1\", nc=00000001"));
    EXPECT_TRUE(holds(Exchange{owner}.send(), "cnonce=\"c2\", nc=00000002"));
    EXPECT_TRUE(holds(Exchange{owner}.send(), "cnonce=\"c3\", nc=00000003"));
}

TEST(Authentication, session_variant_keeps_its_cnonce_as_long_as_its_nonce) {
    Authenticator fixed{{"Mufasa", "Circle Of Life"}, BasicUnasked::no, [n = 0]() mutable -> std::optional<std::string> {
                            return ++n == 1 ? "0a4f113b" : "another";
                        }};
    Exchange first{fixed};
    const std::string rest = "qop=auth, algorithm=MD5-sess, nonce=";
    EXPECT_EQ(first.hear({"Digest realm=\"testrealm@host.com\", " + rest + "dcd98b7102dd2f0e8b11d0f600bfb0c093"}), Verdict::try_again);
    EXPECT_TRUE(holds(first.send("GET", "/dir/index.html"), "response=\"8e3825c57e897f5a0dec6c2d4e5059d0\""));
    Exchange second{fixed};
    EXPECT_TRUE(holds(second.send("GET", "/dir/index.html"), "response=\"d16df0df0d92cef8935129145e21b5e1\""));
    EXPECT_EQ(second.hear({"Digest realm=\"testrealm@host.com\", stale=true, " + rest + "other"}), Verdict::try_again);
    EXPECT_TRUE(holds(second.send(), "cnonce=\"another\", nc=00000001"));
}

TEST(Authentication, method_and_target_are_those_of_the_request_line) {
    auto owner = authenticator();
    Exchange get{owner};
    EXPECT_EQ(get.hear({"Digest realm=\"Squid proxy\", nonce=\"abc\", qop=\"auth\", stale=false"}), Verdict::try_again);
    const auto forward = get.send("GET", "http://h:81/a?b=c");
    EXPECT_TRUE(holds(forward, "uri=\"http://h:81/a?b=c\"") && holds(forward, "response=\"5d44d426ff3ef0d1efdd3f45e61efdd4\""));
    const auto tunnel = Exchange{owner}.send("CONNECT", "h:443");
    EXPECT_TRUE(holds(tunnel, "uri=\"h:443\"") && holds(tunnel, "response=\"ac51693320b40a0403f28980fcd42b0c\""));
}

TEST(Authentication, a_wrong_password_is_tried_once_with_the_same_and_with_a_new_nonce) {
    for (const char* second_nonce : {"n1", "n2"}) {
        auto owner = authenticator();
        Exchange request{owner};
        (void)request.send();
        EXPECT_EQ(request.hear({digest_with("n1")}), Verdict::try_again);
        EXPECT_TRUE(request.send());
        EXPECT_EQ(request.hear({digest_with(second_nonce)}), Verdict::rejected);
        EXPECT_EQ(Exchange{owner}.send(), std::nullopt) << "what was refused is not sent unasked";
    }
}

TEST(Authentication, a_stale_nonce_is_renewed_three_times_in_a_row_and_no_more) {
    auto owner = authenticator();
    Exchange request{owner};
    (void)request.send();
    EXPECT_EQ(request.hear({digest_with("n0")}), Verdict::try_again);
    for (const char* nonce : {"n1", "n2", "n3"}) {
        EXPECT_TRUE(request.send());
        EXPECT_EQ(request.hear({digest_with(nonce, "stale=true")}), Verdict::try_again) << nonce;
    }
    EXPECT_TRUE(holds(request.send(), "nonce=\"n3\", uri=\"/\", cnonce=\"c4\", nc=00000001"));
    EXPECT_EQ(request.hear({digest_with("n4", "stale=true")}), Verdict::rejected);
}

TEST(Authentication, stale_three_times_is_also_the_limit_for_a_value_sent_unasked) {
    auto owner = authenticator();
    Exchange first{owner};
    EXPECT_EQ(first.hear({digest_with("n")}), Verdict::try_again);
    Exchange request{owner};
    for (const char* nonce : {"n1", "n2", "n3"}) {
        EXPECT_TRUE(request.send());
        EXPECT_EQ(request.hear({digest_with(nonce, "stale=true")}), Verdict::try_again) << nonce;
    }
    EXPECT_TRUE(request.send());
    EXPECT_EQ(request.hear({digest_with("n4", "stale=true")}), Verdict::rejected);
}

TEST(Authentication, stale_with_the_nonce_that_was_sent_is_a_loop) {
    auto owner = authenticator();
    Exchange request{owner};
    EXPECT_EQ(request.hear({digest_with("n")}), Verdict::try_again);
    EXPECT_TRUE(request.send());
    EXPECT_EQ(request.hear({digest_with("n", "stale=true")}), Verdict::rejected);
}

TEST(Authentication, a_forgotten_nonce_of_an_earlier_request_is_worth_one_more_try) {
    auto owner = authenticator();
    Exchange first{owner};
    EXPECT_EQ(first.hear({digest_with("n1")}), Verdict::try_again);
    EXPECT_TRUE(first.send());
    Exchange later{owner};
    EXPECT_TRUE(holds(later.send(), "n1"));
    EXPECT_EQ(later.hear({digest_with("n2")}), Verdict::try_again);
    EXPECT_TRUE(holds(later.send(), "nonce=\"n2\", uri=\"/\", cnonce=\"c3\", nc=00000001"));
    EXPECT_EQ(later.hear({digest_with("n3")}), Verdict::rejected);
}

TEST(Authentication, a_server_that_invents_realms_for_ever_gets_four_tries) {
    auto owner = authenticator();
    Exchange request{owner};
    int tries = 0;
    while (tries < 100 &&
           request.hear({"Digest qop=auth, realm=r" + std::to_string(tries) + ", nonce=n" + std::to_string(tries)}) == Verdict::try_again) {
        EXPECT_TRUE(request.send());
        ++tries;
    }
    EXPECT_EQ(tries, 4);
}

TEST(Authentication, a_caller_that_cannot_send_is_stopped_too) {
    Authenticator owner{{"u", "p"}, BasicUnasked::no, [] { return std::optional<std::string>{}; }};
    for (const std::string& field : {digest_with("n"), std::string{"Basic realm=x"}}) {
        Authenticator fresh = owner;
        Exchange request{fresh};
        int tries = 0;
        while (tries < 100 && request.hear({field}) == Verdict::try_again) {
            ++tries;
        }
        EXPECT_EQ(tries, 4) << field;
    }
}

TEST(Authentication, requests_under_way_together_are_each_judged_by_what_they_sent) {
    auto owner = authenticator();
    Exchange a{owner};
    Exchange b{owner};
    Exchange c{owner};
    EXPECT_FALSE(a.send() || b.send() || c.send());
    EXPECT_EQ(a.hear({digest_with("n")}), Verdict::try_again);
    EXPECT_TRUE(holds(a.send(), "nc=00000001"));
    EXPECT_EQ(b.hear({digest_with("n")}), Verdict::try_again);
    EXPECT_TRUE(holds(b.send(), "nc=00000002")) << "a nonce handed out twice goes on counting";
    EXPECT_EQ(c.hear({digest_with("m")}), Verdict::try_again);
    EXPECT_TRUE(holds(c.send(), "nonce=\"m\", uri=\"/\", cnonce=\"c3\", nc=00000001"));
    EXPECT_EQ(a.hear({digest_with("x")}), Verdict::rejected);
    EXPECT_TRUE(holds(Exchange{owner}.send(), "nonce=\"m\"")) << "what another request brought stays";
}

TEST(Authentication, basic_that_went_out_unasked_gives_way_to_digest_and_never_comes_back) {
    auto owner = authenticator(BasicUnasked::yes);
    Exchange request{owner};
    EXPECT_EQ(request.send(), basic_of_u_p);
    EXPECT_EQ(request.hear({"Basic realm=x", digest_with("n")}), Verdict::try_again);
    EXPECT_TRUE(holds(request.send(), "Digest "));
    EXPECT_EQ(request.hear({"Basic realm=x"}), Verdict::unsupported);
    Exchange refused{owner};
    EXPECT_TRUE(holds(refused.send(), "Digest "));
    EXPECT_EQ(refused.hear({digest_with("n")}), Verdict::rejected);
    Exchange later{owner};
    EXPECT_EQ(later.send(), std::nullopt);
    EXPECT_EQ(later.hear({"Basic realm=x"}), Verdict::unsupported);
}

TEST(Authentication, nextnonce_is_used_by_the_requests_that_follow) {
    auto owner = authenticator();
    Exchange request{owner};
    EXPECT_EQ(request.hear({digest_with("n1")}), Verdict::try_again);
    EXPECT_TRUE(request.send());
    owner.answered(request.attempts, {{"nextnonce", "n2"}});
    EXPECT_TRUE(holds(Exchange{owner}.send(), "nonce=\"n2\", uri=\"/\", cnonce=\"c2\", nc=00000001"));
    owner.answered(request.attempts, {{"nextnonce", "n3"}});
    EXPECT_TRUE(holds(Exchange{owner}.send(), "nonce=\"n2\"")) << "late: the nonce that it follows is gone";
}

TEST(Authentication, nextnonce_that_is_empty_or_unasked_for_changes_nothing) {
    auto owner = authenticator();
    Exchange nobody{owner};
    (void)nobody.send();
    owner.answered(nobody.attempts, {{"nextnonce", "x"}});
    EXPECT_EQ(Exchange{owner}.send(), std::nullopt);
    EXPECT_EQ(nobody.hear({digest_with("n")}), Verdict::try_again);
    owner.answered(nobody.attempts, {{"nextnonce", "x"}});
    EXPECT_TRUE(nobody.send());
    owner.answered(nobody.attempts, {{"nextnonce", ""}});
    EXPECT_TRUE(holds(Exchange{owner}.send(), "nonce=\"n\", uri=\"/\", cnonce=\"c2\", nc=00000002"));
}

TEST(Authentication, credentials_that_cannot_be_sent_are_told_apart) {
    auto colon = authenticator(BasicUnasked::yes, {"a:b", "p"});
    Exchange request{colon};
    EXPECT_EQ(request.send(), std::nullopt);
    EXPECT_EQ(request.hear({"Basic realm=x"}), Verdict::unusable_credentials);
    EXPECT_EQ(request.hear({"Basic realm=x", digest_with("n")}), Verdict::try_again);
    EXPECT_TRUE(holds(request.send(), "username=\"a:b\""));

    auto control = authenticator(BasicUnasked::yes, {"a", "p\r\nX: y"});
    Exchange injected{control};
    EXPECT_EQ(injected.send(), std::nullopt);
    EXPECT_EQ(injected.hear({digest_with("n")}), Verdict::unusable_credentials);
    EXPECT_EQ(injected.send(), std::nullopt);
}

TEST(Authentication, the_generator_of_the_system_is_the_default) {
    Authenticator owner{{"u", "p"}};
    Exchange request{owner};
    EXPECT_EQ(request.hear({digest_with("n")}), Verdict::try_again);
    const auto value = request.send();
    ASSERT_TRUE(value);
    const auto begin = value->find("cnonce=\"") + 8;
    EXPECT_EQ(value->find('"', begin) - begin, 32u);
}

TEST(Authentication, every_verdict_has_words_of_its_own) {
    const Verdict all[] = {Verdict::try_again, Verdict::rejected, Verdict::unsupported, Verdict::unusable_credentials};
    for (const Verdict a : all) {
        for (const Verdict b : all) {
            EXPECT_EQ(a == b, std::string_view{to_string(a)} == to_string(b));
        }
    }
}

}  // namespace
}  // namespace lastack::http
