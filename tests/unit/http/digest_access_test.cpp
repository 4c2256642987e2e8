#include "http/digest_access.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace lastack::http {
namespace {

std::optional<DigestChallenge> usable(const std::string& field) {
    Fields fields;
    fields.add("WWW-Authenticate", field);
    const auto challenges = parse_challenges(fields, "WWW-Authenticate");
    return challenges.size() == 1 ? usable_digest(challenges.front()) : std::nullopt;
}

DigestChallenge digest(const std::string& field) { return usable(field).value_or(DigestChallenge{}); }

const Credentials mufasa{"Mufasa", "Circle of Life"};
const Credentials mufasa_of_2617{"Mufasa", "Circle Of Life"};
const std::string nonce_of_2617 = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
const DigestRequest request_of_2617{.method = "GET", .target = "/dir/index.html", .cnonce = "0a4f113b", .count = 1};

std::string response_in(const std::optional<std::string>& value) {
    constexpr std::string_view name = ", response=\"";
    const auto begin = value ? value->find(name) : std::string::npos;
    return begin == std::string::npos ? "none"
                                      : value->substr(begin + name.size(), value->find('"', begin + name.size()) - begin - name.size());
}

TEST(DigestAccess, sha_256_and_md5_are_as_in_rfc_7616_section_3_9_1) {
    const std::string rest =
        "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
        "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
    const DigestRequest request{
        .method = "GET", .target = "/dir/index.html", .cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", .count = 1};
    EXPECT_EQ(digest_value(digest("Digest algorithm=MD5, " + rest), mufasa, request),
              "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
              "uri=\"/dir/index.html\", cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", nc=00000001, qop=auth, "
              "response=\"8ca523f5e9506fed4657c9700eebdbec\", algorithm=MD5, opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
    EXPECT_EQ(response_in(digest_value(digest("Digest algorithm=SHA-256, " + rest), mufasa, request)),
              "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

// The RFC prints values of an early SHA-512/256; these are those of its erratum 4897.
TEST(DigestAccess, sha_512_256_with_userhash_is_as_in_rfc_7616_section_3_9_2) {
    const auto value =
        digest_value(digest("Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
                            "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
                            "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true"),
                     {"J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?"},
                     {.method = "GET", .target = "/doe.json", .cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", .count = 1});
    EXPECT_EQ(value,
              "Digest username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", realm=\"api@example.org\", "
              "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", uri=\"/doe.json\", "
              "cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", nc=00000001, qop=auth, "
              "response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\", algorithm=SHA-512-256, "
              "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", userhash=true");
}

TEST(DigestAccess, md5_without_an_algorithm_is_as_in_rfc_2617_and_names_none) {
    const auto value = digest_value(digest("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"" + nonce_of_2617 +
                                           "\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""),
                                    mufasa_of_2617, request_of_2617);
    EXPECT_EQ(value,
              "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
              "uri=\"/dir/index.html\", cnonce=\"0a4f113b\", nc=00000001, qop=auth, response=\"6629fae49393a05397450978507c4ef1\", "
              "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"");
}

TEST(DigestAccess, without_qop_it_is_rfc_2069_without_count_and_cnonce) {
    EXPECT_EQ(digest_value(digest("Digest realm=\"testrealm@host.com\", nonce=\"" + nonce_of_2617 + "\""), mufasa_of_2617, request_of_2617),
              "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
              "uri=\"/dir/index.html\", response=\"670fd8c2df070c60b045671b8b24ff02\"");
}

TEST(DigestAccess, session_variants_mix_both_nonces_into_the_key) {
    const std::pair<const char*, const char*> rows[] = {
        {"md5-SESS", "8e3825c57e897f5a0dec6c2d4e5059d0"},
        {"SHA-256-sess", "b8822e12417cb7750f4e2b8515f0dcf25b7dd26993e80bee1426201446a7f59b"},
        {"SHA-512-256-sess", "0d21f0db3ec5cda5b850c0afa3bc29b4a3c5a6191959ff1baf511d4b38eb6b1e"},
    };
    for (const auto& [algorithm, response] : rows) {
        const auto challenge =
            digest("Digest realm=\"testrealm@host.com\", qop=auth, nonce=\"" + nonce_of_2617 + "\", algorithm=\"" + algorithm + "\"");
        EXPECT_EQ(response_in(digest_value(challenge, mufasa_of_2617, request_of_2617)), response) << algorithm;
    }
}

TEST(DigestAccess, quotes_and_backslashes_are_escaped_in_the_field_but_not_in_the_hash) {
    const auto value = digest_value(digest("Digest realm=\"r\\\"s\\\\t\", nonce=\"n\\\"o\", qop=\"auth\", opaque=\"\\\\\""),
                                    {"a\"b\\c", "p"}, {.method = "GET", .target = "/", .cnonce = "c", .count = 1});
    EXPECT_EQ(value,
              "Digest username=\"a\\\"b\\\\c\", realm=\"r\\\"s\\\\t\", nonce=\"n\\\"o\", uri=\"/\", cnonce=\"c\", nc=00000001, qop=auth, "
              "response=\"28ec7cce9b443e4381ca63c9fc639ef4\", opaque=\"\\\\\"");
}

TEST(DigestAccess, count_has_eight_hex_digits) {
    DigestRequest request = request_of_2617;
    request.count = 0xABCDEF;
    EXPECT_NE(digest_value(digest("Digest realm=a, nonce=b, qop=auth"), mufasa, request)->find("nc=00abcdef,"), std::string::npos);
    request.count = 0xFFFFFFFF;
    EXPECT_NE(digest_value(digest("Digest realm=a, nonce=b, qop=auth"), mufasa, request)->find("nc=ffffffff,"), std::string::npos);
}

TEST(DigestAccess, control_characters_of_credentials_never_reach_a_field) {
    const auto challenge = digest("Digest realm=a, nonce=b, qop=auth");
    EXPECT_EQ(digest_value(challenge, {"a\r\nX: y", "p"}, request_of_2617), std::nullopt);
    EXPECT_EQ(digest_value(challenge, {"a", "p\n"}, request_of_2617), std::nullopt);
}

TEST(DigestAccess, usable_is_what_can_be_answered) {
    for (const char* field :
         {"Digest realm=a, nonce=b", "digest realm=\"\", nonce=b, qop=\"auth-int, AUTH\"", "Digest realm=a, nonce=b, algorithm=sha-256",
          "Digest realm=a, nonce=b, qop=auth, algorithm=MD5-sess", "Digest realm=a, nonce=b, charset=ISO-8859-1, domain=\"/x\""}) {
        EXPECT_TRUE(usable(field)) << field;
    }
    for (const char* field :
         {"Basic realm=a, nonce=b", "Digest", "Digest abc==", "Digest realm=a", "Digest nonce=b", "Digest realm=a, nonce=b, qop=auth-int",
          "Digest realm=a, nonce=b, qop=\"\"", "Digest realm=a, nonce=b, qop=\"authx\"", "Digest realm=a, nonce=b, algorithm=SHA-1",
          "Digest realm=a, nonce=b, algorithm=\"\"", "Digest realm=a, nonce=b, algorithm=token",
          "Digest realm=a, nonce=b, algorithm=MD5-sess"}) {
        EXPECT_FALSE(usable(field)) << field;
    }
}

TEST(DigestAccess, flags_are_true_only_when_they_say_so) {
    EXPECT_TRUE(digest("Digest realm=a, nonce=b, stale=TRUE").stale);
    EXPECT_TRUE(digest("Digest realm=a, nonce=b, stale=\"true\"").stale);
    EXPECT_FALSE(digest("Digest realm=a, nonce=b, stale=false").stale);
    EXPECT_FALSE(digest("Digest realm=a, nonce=b, stale=1").stale);
    EXPECT_FALSE(digest("Digest realm=a, nonce=b, userhash=false").user_hash);
}

}  // namespace
}  // namespace lastack::http
