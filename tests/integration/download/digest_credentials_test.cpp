// Digest, against an origin that does its arithmetic anew.
#include "http/error.hpp"
#include "proxy_fixture.hpp"
#include "support/openssl_handles.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>

namespace lastack::test {
namespace {

using http::HttpErrc;

// RFC 7616, MD5 and qop=auth, with its arithmetic done anew.
class DigestGuard {
public:
    Reply answer(const SeenRequest& request) {
        const auto field = std::string(request.header("Authorization"));
        if (field.empty()) {
            return challenge(false);
        }
        const auto given = parameters(field);
        if (given.at("nonce") != nonce()) {
            return challenge(true);
        }
        ++uses_;
        const auto a1 = md5("user:r:" + std::string(kSecret));
        const auto a2 = md5(request.method + ":" + given.at("uri"));
        const auto expected = md5(a1 + ":" + nonce() + ":" + given.at("nc") + ":" + given.at("cnonce") + ":auth:" + a2);
        const bool good = given.at("uri") == request.target && given.at("username") == "user" && given.at("realm") == "r" &&
                          given.at("opaque") == "o" && given.at("qop") == "auth" && number(given.at("nc")) == uses_ &&
                          given.at("response") == expected;
        return good ? Reply{.body = "body"} : challenge(false);
    }
    void forget_nonce() {
        ++generation_;
        uses_ = 0;
    }

private:
    [[nodiscard]] std::string nonce() const { return "nonce" + std::to_string(generation_); }
    [[nodiscard]] Reply challenge(bool stale) const {
        const auto value =
            "Digest realm=\"r\", qop=\"auth\", opaque=\"o\", nonce=\"" + nonce() + "\"" + std::string(stale ? ", stale=true" : "");
        return Reply{.status = 401, .headers = {{"WWW-Authenticate", value}}, .body = "who?"};
    }
    static unsigned long number(const std::string& hex) { return std::stoul(hex, nullptr, 16); }
    static std::map<std::string, std::string> parameters(std::string text) {
        std::map<std::string, std::string> found{{"nonce", ""}, {"uri", ""},    {"nc", "0"}, {"cnonce", ""},  {"username", ""},
                                                 {"realm", ""}, {"opaque", ""}, {"qop", ""}, {"response", ""}};
        text.erase(0, std::string("Digest ").size());
        while (!text.empty()) {
            const auto equals = text.find('=');
            const auto comma = std::min(text.find(", "), text.size());
            auto value = text.substr(equals + 1, comma - equals - 1);
            std::erase(value, '"');
            found[text.substr(0, equals)] = value;
            text.erase(0, comma + 2);
        }
        return found;
    }
    static std::string md5(const std::string& text) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
        unsigned size = 0;
        openssl_must(EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_md5(), nullptr) == 1, "EVP_Digest");
        std::string hex;
        for (const unsigned char byte : std::span(bytes).first(size)) {
            hex += "0123456789abcdef"[byte >> 4U];
            hex += "0123456789abcdef"[byte & 15U];
        }
        return hex;
    }

    int generation_ = 1;
    unsigned long uses_ = 0;
};

class DigestTest : public ProxyTest {
protected:
    DigestTest() {
        origin.on(When{}, [this](const SeenRequest& request) { return guard.answer(request); });
    }
    void log_in(std::string password = kSecret) {
        request_options.connection.username = "user";
        request_options.connection.password = std::move(password);
    }
    DigestGuard guard;  // touched on the origin's thread; by the test only while nothing runs
};

TEST_F(DigestTest, proves_the_password_without_saying_it_and_counts_the_nonces_uses) {
    log_in();
    for (const char* target : {"/a", "/b?c=d", "/e%20f"}) {
        ASSERT_THAT(fetch_url(origin.url(target)), Succeeded()) << target;
    }
    const auto seen = origin.requests();
    ASSERT_EQ(seen.size(), 4u);
    EXPECT_FALSE(seen[0].has("Authorization"));
    for (const auto& request : seen) {
        EXPECT_EQ(request.header("Authorization").find(kSecret), std::string_view::npos);
    }
}

TEST_F(DigestTest, follows_a_nonce_that_went_stale) {
    log_in();
    ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded());
    guard.forget_nonce();
    ASSERT_THAT(fetch_url(origin.url("/b")), Succeeded());
    EXPECT_EQ(origin.requests().size(), 4u);
}

TEST_F(DigestTest, a_wrong_password_is_tried_once) {
    log_in("wrong-secret");
    request_options.retries = 10;
    const auto result = fetch_url(origin.url("/a"));
    ASSERT_THAT(result, FailedWith(HttpErrc::forbidden));
    EXPECT_THAT(result.error(), SaysNothingOf("wrong-secret"));
    EXPECT_EQ(origin.requests().size(), 2u);
}

TEST_F(DigestTest, that_was_offered_is_not_weakened_to_basic) {
    log_in();
    ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded());
    origin.on(When{}, Reply{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}});
    EXPECT_THAT(fetch_url(origin.url("/b")), FailedWith(HttpErrc::forbidden));
    for (const auto& request : origin.requests()) {
        EXPECT_FALSE(request.header("Authorization").starts_with("Basic"));
    }
}

}  // namespace
}  // namespace lastack::test
