#include "http/challenge.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastack::http {
namespace {

std::vector<Challenge> parse(const std::vector<std::string>& values) {
    Fields fields;
    for (const std::string& value : values) {
        fields.add("WWW-Authenticate", value);
    }
    return parse_challenges(fields, "www-authenticate");
}

// "scheme token68 name=<value> ..." of each challenge, one per line: easy to read in a table.
std::string shown(const std::vector<Challenge>& challenges) {
    std::string out;
    for (const Challenge& challenge : challenges) {
        out += out.empty() ? "" : "\n";
        out += challenge.scheme;
        out += challenge.token68.empty() ? "" : " " + challenge.token68;
        for (const auto& [name, value] : challenge.parameters) {
            out += " " + name + "=<" + value + ">";
        }
    }
    return out;
}

struct ChallengeRow {
    std::string field;
    std::string expected;
};

class Challenges : public testing::TestWithParam<ChallengeRow> {};

TEST_P(Challenges, are_read_as_the_grammar_says_and_junk_is_skipped) {
    EXPECT_EQ(shown(parse({GetParam().field})), GetParam().expected) << GetParam().field;
}

INSTANTIATE_TEST_SUITE_P(
    Grammar, Challenges,
    testing::Values(ChallengeRow{"Basic realm=\"simple\"", "basic realm=<simple>"}, ChallengeRow{"Basic", "basic"},
                    ChallengeRow{"Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
                                 "newauth realm=<apps> type=<1> title=<Login to \"apps\">\nbasic realm=<simple>"},
                    ChallengeRow{"Digest realm=\"Squid proxy\", nonce=\"abc==\", qop=\"auth\", stale=false",
                                 "digest realm=<Squid proxy> nonce=<abc==> qop=<auth> stale=<false>"},
                    ChallengeRow{"Negotiate, NTLM, Basic realm=\"x\"", "negotiate\nntlm\nbasic realm=<x>"},
                    ChallengeRow{"Negotiate YIIabc+/==, Basic realm=x", "negotiate YIIabc+/==\nbasic realm=<x>"},
                    ChallengeRow{"NTLM TlRMTVNTUAAC", "ntlm TlRMTVNTUAAC"},
                    ChallengeRow{"Digest qop=\"auth,auth-int\", realm=\"a, Basic b=\\\"c\"",
                                 "digest qop=<auth,auth-int> realm=<a, Basic b=\"c>"},
                    ChallengeRow{"Digest REALM = \"a\" ,\tNonce\t=\tb", "digest realm=<a> nonce=<b>"},
                    ChallengeRow{"Basic realm=\"\\\\\\a\"", "basic realm=<\\a>"}, ChallengeRow{"Basic realm=\"\"", "basic realm=<>"},
                    ChallengeRow{" , ,, Basic ,, realm=\"x\" , ", "basic realm=<x>"},
                    ChallengeRow{"Basic realm=\"gr\xc3\xbc\xc3\x9f\"", "basic realm=<gr\xc3\xbc\xc3\x9f>"},
                    ChallengeRow{"Digest realm=\"a\", Digest realm=\"b\"", "digest realm=<a>\ndigest realm=<b>"}));

INSTANTIATE_TEST_SUITE_P(
    Hostile, Challenges,
    testing::Values(
        ChallengeRow{"", ""}, ChallengeRow{" ", ""}, ChallengeRow{",,,", ""}, ChallengeRow{"=", ""}, ChallengeRow{"\"", ""},
        ChallengeRow{"\"Basic\" realm=x", ""}, ChallengeRow{"realm=\"x\"", ""}, ChallengeRow{"realm=\"x\", Basic", "basic"},
        ChallengeRow{"Basic realm=My Server, Digest nonce=x", "basic realm=<My>\ndigest nonce=<x>"},
        ChallengeRow{"Basic realm=\"a\" junk \"b, c\", charset=d", "basic realm=<a> charset=<d>"}, ChallengeRow{"Basic realm=\"a", "basic"},
        ChallengeRow{"Basic realm=\"a\\", "basic"}, ChallengeRow{"Basic realm=\"a\\\"", "basic"},
        ChallengeRow{"Digest realm=\"a\", nonce=\"b, qop=\"auth\"", "digest realm=<a> nonce=<b, qop=>"},
        ChallengeRow{"Basic realm=", "basic realm="}, ChallengeRow{"Basic realm=, a=b", "basic realm= a=<b>"},
        ChallengeRow{"Basic =x, a=b", ""}, ChallengeRow{"Basic a==b", "basic a=<=b>"},
        ChallengeRow{"Basic realm=\"first\", realm=\"second\"", "basic realm=<first>"},
        ChallengeRow{"Basic realm=\"a\r\nX: y\", b=c", "basic b=<c>"}, ChallengeRow{"Basic realm=\"a\\\nb\", b=c", "basic b=<c>"},
        ChallengeRow{std::string("Basic realm=\"a\0b\"", 17), "basic"}, ChallengeRow{"Basic realm=a\x01, b=c", "basic realm=<a> b=<c>"},
        ChallengeRow{"Basic realm=\"a\x7f\"", "basic"}, ChallengeRow{"Basic realm=\"a\tb\"", "basic realm=<a\tb>"},
        ChallengeRow{"B@sic realm=x, Basic realm=y", "basic realm=<y>"}, ChallengeRow{"\xff\xfe Basic, Basic a=b", "basic a=<b>"},
        ChallengeRow{"Basic realm=\xc3\xbc, b=c", "basic b=<c>"}, ChallengeRow{"Basic r@lm=x, b=c", "basic b=<c>"},
        ChallengeRow{"Basic ;;;, Digest a=b", "basic\ndigest a=<b>"}, ChallengeRow{"Basic,realm=x", "basic realm=<x>"},
        ChallengeRow{"Digest qop=auth,auth-int", "digest qop=<auth>\nauth-int"}));

TEST(Challenge, several_fields_follow_each_other_and_none_reaches_into_the_next) {
    EXPECT_EQ(shown(parse({"Digest realm=\"a", "nonce=b, Basic realm=\"c\"", "NTLM"})), "digest\nbasic realm=<c>\nntlm");
}

TEST(Challenge, only_the_named_field_is_read) {
    Fields fields;
    fields.add("WWW-Authenticate", "Basic");
    fields.add("PROXY-AUTHENTICATE", "Digest");
    EXPECT_EQ(shown(parse_challenges(fields, "Proxy-Authenticate")), "digest");
    EXPECT_TRUE(parse_challenges(fields, "Authorization").empty());
}

TEST(Challenge, there_are_limits_for_everything) {
    std::string many = "Basic";
    std::string parameters = "Digest a=b";
    for (int i = 0; i < 1000; ++i) {
        many += ", Basic realm=\"x\"";
        parameters += ", p" + std::to_string(i) + "=\"x\"";
    }
    EXPECT_EQ(parse({many, many}).size(), max_challenges);
    const auto wide = parse({parameters + ", Basic realm=y"});
    ASSERT_EQ(wide.size(), 2u);
    EXPECT_EQ(wide[0].parameters.size(), max_challenge_parameters);
    EXPECT_EQ(shown({wide[1]}), "basic realm=<y>");

    const std::string fits(max_parameter_length, 'r');
    EXPECT_EQ(shown(parse({"Basic realm=\"" + fits + "\""})), "basic realm=<" + fits + ">");
    EXPECT_EQ(shown(parse({"Basic realm=\"" + fits + "r\", a=" + fits + "r, b=c"})), "basic b=<c>");
    EXPECT_TRUE(parse({"Basic " + std::string(1 << 20, '\\'), std::string(1 << 20, '"'), std::string(1 << 20, ',')}).size() == 1);
}

TEST(AuthenticationInfo, is_a_bare_list_of_parameters) {
    Fields fields;
    fields.add("Authentication-Info", "NextNonce=\"a,b\", qop=auth, junk, =, rspauth=\"x");
    const Parameters parameters = parse_authentication_info(fields, "Authentication-Info");
    EXPECT_EQ(parameters, (Parameters{{"nextnonce", "a,b"}, {"qop", "auth"}}));
    EXPECT_EQ(find_parameter(parameters, "nextnonce"), "a,b");
    EXPECT_EQ(find_parameter(parameters, "rspauth"), std::nullopt);
    EXPECT_TRUE(parse_authentication_info(fields, "Proxy-Authentication-Info").empty());
}

}  // namespace
}  // namespace lastack::http
