#include "repo/signature_status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lastack::repo {
namespace {

constexpr auto fingerprint = "4A40A8037ACAF754DA0D5D6A37197F064E017D6E";

std::string line(const std::string& words) { return "[GNUPG:] " + words + "\n"; }
std::string valid(const std::string& hash = "10", const std::string& type = "00") {
    return line("VALIDSIG " + std::string(fingerprint) + " 2026-11-24 1795481196 0 4 0 1 " + hash + " " + type + " " + fingerprint);
}
std::string said(const std::string& verdict) { return line("NEWSIG g@x") + line(verdict + " 37197F064E017D6E good <g@x>") + valid(); }

SignatureState state_of(const std::string& output) {
    const auto reports = parse_signature_status(output);
    return reports.size() == 1 ? reports[0].state : SignatureState::unusable;
}

TEST(SignatureStatus, a_good_signature_brings_the_keys_fingerprint_and_the_date) {
    const auto reports = parse_signature_status(said("GOODSIG"));
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].state, SignatureState::good);
    EXPECT_EQ(reports[0].primary, "4a40a8037acaf754da0d5d6a37197f064e017d6e");
    EXPECT_EQ(reports[0].fingerprint, "4a40a8037acaf754da0d5d6a37197f064e017d6e");
    EXPECT_EQ(reports[0].created, 1795481196);
}

TEST(SignatureStatus, each_word_of_gpgv_is_a_state_of_its_own) {
    EXPECT_EQ(state_of(said("EXPSIG")), SignatureState::expired);
    EXPECT_EQ(state_of(said("EXPKEYSIG")), SignatureState::expired_key);
    EXPECT_EQ(state_of(said("REVKEYSIG")), SignatureState::revoked_key);
    EXPECT_EQ(state_of(line("NEWSIG") + line("BADSIG 37197F064E017D6E good")), SignatureState::bad);
    EXPECT_EQ(state_of(line("NEWSIG") + line("ERRSIG 37197F064E017D6E 1 10 00 1795481196 9 -") + line("NO_PUBKEY 37197F064E017D6E")),
              SignatureState::unknown_key);
    EXPECT_EQ(state_of(line("NEWSIG") + line("ERRSIG 37197F064E017D6E 1 10 00 1795481196 4 -")), SignatureState::unusable);
    EXPECT_EQ(state_of(line("NEWSIG") + line("ERRSIG 37197F064E017D6E 1 1 00 1795481196 5 -")), SignatureState::weak) << "MD5";
}

TEST(SignatureStatus, a_good_signature_with_sha1_is_weak) {
    EXPECT_EQ(state_of(line("NEWSIG") + line("GOODSIG 37197F064E017D6E good") + valid("2")), SignatureState::weak);
}

TEST(SignatureStatus, a_signature_of_text_rather_than_of_bytes_is_unusable) {
    EXPECT_EQ(state_of(line("NEWSIG") + line("GOODSIG 37197F064E017D6E good") + valid("10", "01")), SignatureState::unusable);
}

TEST(SignatureStatus, good_without_details_is_not_good) {
    EXPECT_EQ(state_of(line("NEWSIG") + line("GOODSIG 37197F064E017D6E good")), SignatureState::unusable);
    EXPECT_EQ(state_of(line("NEWSIG") + valid()), SignatureState::unusable);
    EXPECT_EQ(state_of(line("NEWSIG") + line("GOODSIG 37197F064E017D6E good") + line("VALIDSIG abc")), SignatureState::unusable);
}

TEST(SignatureStatus, two_verdicts_on_one_signature_are_none) {
    EXPECT_EQ(state_of(line("NEWSIG") + line("BADSIG 37197F064E017D6E x") + line("GOODSIG 37197F064E017D6E x") + valid()),
              SignatureState::unusable);
}

TEST(SignatureStatus, words_outside_of_a_signature_are_not_heard) {
    EXPECT_TRUE(parse_signature_status("").empty());
    EXPECT_TRUE(parse_signature_status(line("NODATA 2")).empty());
    EXPECT_TRUE(parse_signature_status(line("GOODSIG 37197F064E017D6E x") + valid()).empty());
    EXPECT_TRUE(parse_signature_status("gpgv: [GNUPG:] NEWSIG\n").empty());
}

TEST(SignatureStatus, one_good_signature_is_enough_unless_another_one_is_bad) {
    const std::string unknown = line("NEWSIG") + line("ERRSIG 37197F064E017D6E 1 10 00 1795481196 9 -");
    EXPECT_EQ(deciding(parse_signature_status(unknown + said("GOODSIG"))).state, SignatureState::good);
    EXPECT_EQ(deciding(parse_signature_status(said("EXPKEYSIG") + said("GOODSIG"))).state, SignatureState::good);
    EXPECT_EQ(deciding(parse_signature_status(said("GOODSIG") + line("NEWSIG") + line("BADSIG 37197F064E017D6E x"))).state,
              SignatureState::bad);
    EXPECT_EQ(deciding(parse_signature_status(unknown + said("REVKEYSIG"))).state, SignatureState::revoked_key);
}

}  // namespace
}  // namespace lastack::repo
