#include "repo/signature_check.hpp"

#include "repo/error.hpp"
#include "repo/openpgp_armour.hpp"
#include "support/gpg_home.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

namespace lastack::repo {
namespace {

using test::GpgHome;
using testing::HasSubstr;

constexpr std::string_view data = "<repomd>of the repository</repomd>\n";

class SignatureCheck : public testing::Test {
protected:
    Result<Signer> check(const std::string& signature, const std::vector<std::string>& keys, std::string_view bytes = data,
                         WeakDigests weak = WeakDigests::refused) {
        std::vector<Certificate> certificates;
        for (const std::string& key : keys) {
            auto parsed = parse_key_file(gpg_.armoured(key));
            EXPECT_TRUE(parsed) << parsed.error();
            certificates.insert(certificates.end(), parsed->begin(), parsed->end());
        }
        return check_signature(
            {.data = bytes, .armoured = signature, .keys = certificates, .weak_digests = weak, .now = std::time(nullptr)});
    }

    std::string packets(const std::string& key) { return *dearmour_signature(gpg_.sign(key, data)); }
    static std::string armour(const std::string& packets) {
        auto text = armour_key(packets);
        for (auto at = text.find("PUBLIC KEY BLOCK"); at != std::string::npos; at = text.find("PUBLIC KEY BLOCK")) {
            text.replace(at, 16, "SIGNATURE");
        }
        return text;
    }

    GpgHome gpg_;
};

TEST_F(SignatureCheck, a_signature_of_the_repositorys_key_is_good_whatever_its_curve) {
    for (const char* algorithm : {"rsa2048", "ed25519", "nistp256"}) {
        const auto key = gpg_.make_key(algorithm, algorithm);
        const auto signer = check(gpg_.sign(key, data), {key});
        ASSERT_TRUE(signer) << signer.error().cause;
        EXPECT_EQ(signer->fingerprint, key);
        EXPECT_THAT(signer->user_id, HasSubstr(algorithm));
    }
}

TEST_F(SignatureCheck, a_changed_file_is_badly_signed) {
    const auto key = gpg_.make_key("vendor");
    const auto changed = check(gpg_.sign(key, data), {key}, "<repomd>of somebody else</repomd>\n");
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, RepoErrc::bad_signature);
    EXPECT_FALSE(check(gpg_.sign(key, data), {key}, std::string(data) + "\n")) << "one byte more";
}

TEST_F(SignatureCheck, another_keys_signature_is_of_an_unknown_key) {
    const auto key = gpg_.make_key("vendor");
    const auto other = gpg_.make_key("other");
    const auto foreign = check(gpg_.sign(other, data), {key});
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().code, RepoErrc::unknown_key);
    EXPECT_THAT(foreign.error().cause, HasSubstr(other.substr(24)));
    const auto none = check(gpg_.sign(key, data), {});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, RepoErrc::unknown_key);
}

TEST_F(SignatureCheck, an_expired_keys_signature_is_refused) {
    const auto key = gpg_.make_key("old", "ed25519", "sign", "1y", "20200101T000000");
    const auto expired = check(gpg_.sign(key, data, {"--faked-system-time", "20200201T000000!"}), {key});
    ASSERT_FALSE(expired);
    EXPECT_EQ(expired.error().code, RepoErrc::expired_key);
}

TEST_F(SignatureCheck, a_revoked_keys_signature_is_refused) {
    const auto key = gpg_.make_key("gone");
    const auto signature = gpg_.sign(key, data);
    ASSERT_TRUE(check(signature, {key}));
    gpg_.revoke(key);
    const auto revoked = check(signature, {key});
    ASSERT_FALSE(revoked);
    EXPECT_EQ(revoked.error().code, RepoErrc::revoked_key);
}

TEST_F(SignatureCheck, an_expired_signature_is_refused) {
    const auto key = gpg_.make_key("vendor", "ed25519", "sign", "never", "20200101T000000");
    const auto signature = gpg_.sign(key, data, {"--faked-system-time", "20200201T000000!", "--default-sig-expire", "1d"});
    const auto expired = check(signature, {key});
    ASSERT_FALSE(expired);
    EXPECT_EQ(expired.error().code, RepoErrc::expired_signature);
}

TEST_F(SignatureCheck, a_signature_from_the_future_is_refused) {
    const auto key = gpg_.make_key("vendor");
    const auto future = check(gpg_.sign(key, data, {"--faked-system-time", "20990101T000000!"}), {key});
    ASSERT_FALSE(future);
    EXPECT_EQ(future.error().code, RepoErrc::bad_signature);
    EXPECT_THAT(future.error().cause, HasSubstr("future"));
}

TEST_F(SignatureCheck, a_sha1_signature_is_refused_unless_allowed) {
    const auto key = gpg_.make_key("vendor", "rsa2048");
    const auto signature = gpg_.sign(key, data, {"--digest-algo", "SHA1"});
    const auto weak = check(signature, {key});
    ASSERT_FALSE(weak);
    EXPECT_EQ(weak.error().code, RepoErrc::weak_signature);
    EXPECT_TRUE(check(signature, {key}, data, WeakDigests::allowed));
}

TEST_F(SignatureCheck, a_signature_of_text_is_refused) {
    const auto key = gpg_.make_key("vendor");
    const auto text = check(gpg_.sign(key, data, {"--textmode"}), {key});
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, RepoErrc::malformed_signature);
}

TEST_F(SignatureCheck, a_key_that_is_not_meant_for_signing_is_refused) {
    const auto key = gpg_.make_key("vendor", "rsa2048", "sign,cert");
    const auto signature = gpg_.sign(key, data);
    ASSERT_TRUE(check(signature, {key}));
    gpg_.take_signing_away(key);
    const auto refused = check(signature, {key});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, RepoErrc::unusable_key) << refused.error().cause;
}

TEST_F(SignatureCheck, what_is_not_one_detached_signature_is_malformed) {
    const auto key = gpg_.make_key("vendor");
    const auto good = gpg_.sign(key, data);
    std::string flood;
    const auto one = packets(key);
    for (int i = 0; i < 10'000; ++i) {
        flood += one;
    }
    const std::string bad[] = {"",
                               good + good,
                               good + "junk",
                               gpg_.run({"--clearsign", "--output", "-", gpg_.scratch("data").string()}),
                               gpg_.armoured(key),
                               armour(flood),
                               armour("not packets")};
    for (const std::string& text : bad) {
        const auto malformed = check(text, {key});
        ASSERT_FALSE(malformed) << text.substr(0, 200);
        EXPECT_EQ(malformed.error().code, RepoErrc::malformed_signature) << malformed.error().cause;
    }
}

TEST_F(SignatureCheck, a_file_signed_with_the_old_key_and_the_new_one_needs_only_one_of_them) {
    const auto old_key = gpg_.make_key("old");
    const auto new_key = gpg_.make_key("new");
    const auto both = armour(packets(old_key) + packets(new_key));
    EXPECT_TRUE(check(both, {old_key}));
    EXPECT_TRUE(check(both, {new_key}));
}

TEST_F(SignatureCheck, without_gpgv_nothing_is_trusted) {
    const auto key = gpg_.make_key("vendor");
    const auto keys = parse_key_file(gpg_.armoured(key));
    for (const char* program : {"/nonexistent/gpgv", "/bin/true"}) {
        const auto signature = gpg_.sign(key, data);
        const auto none = check_signature({.data = data, .armoured = signature, .keys = *keys, .program = program});
        EXPECT_FALSE(none) << program;
    }
}

}  // namespace
}  // namespace lastack::repo
