#include "repo/openpgp.hpp"

#include "base/base64.hpp"
#include "repo/openpgp_armour.hpp"
#include "repo/openpgp_packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace lastack::repo {
namespace {

using testing::HasSubstr;

std::string seed(const std::string& name) {
    std::ifstream file(std::string(LASTACK_SOURCE_DIR) + "/fuzz/seeds/openpgp/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string packet(int tag, const std::string& body) {
    return std::string{static_cast<char>(0xC0 | tag),        '\xFF', '\0', '\0', static_cast<char>(body.size() >> 8),
                       static_cast<char>(body.size() & 0xFF)} +
           body;
}
std::string signature_packet() { return packet(2, std::string("\4\0\1\10\0\0\0\0", 8)); }
std::string armoured(const std::string& packets) {
    return "-----BEGIN PGP SIGNATURE-----\n\n" + base64_encode(packets) + "\n-----END PGP SIGNATURE-----\n";
}
std::string error_of(const std::string& text) {
    const auto packets = dearmour_signature(text);
    return packets ? "none" : packets.error();
}

TEST(OpenPgpArmour, one_signature_block_is_read) {
    EXPECT_EQ(dearmour_signature(armoured("abc")).value_or(""), "abc");
    EXPECT_EQ(dearmour_signature("\r\n" + armoured("abc") + " \n").value_or(""), "abc");
    EXPECT_EQ(dearmour_signature("-----BEGIN PGP SIGNATURE-----\r\nVersion: 1\r\n\r\nYWJj\r\n-----END PGP SIGNATURE-----").value_or(""),
              "abc");
    EXPECT_TRUE(dearmour_signature(seed("signature.asc")));
}

TEST(OpenPgpArmour, anything_beside_the_one_block_is_refused) {
    EXPECT_THAT(error_of(""), HasSubstr("empty"));
    EXPECT_THAT(error_of("\n \n"), HasSubstr("empty"));
    EXPECT_THAT(error_of(armoured("a") + armoured("b")), HasSubstr("two signature blocks"));
    EXPECT_THAT(error_of(armoured("a") + "junk"), HasSubstr("beside"));
    EXPECT_THAT(error_of("junk\n" + armoured("a")), HasSubstr("beside"));
    EXPECT_THAT(error_of(seed("clearsigned.asc")), HasSubstr("PGP SIGNED MESSAGE"));
    EXPECT_THAT(error_of("<html>portal</html>"), HasSubstr("beside"));
}

TEST(OpenPgpArmour, damage_is_refused) {
    const std::string good = seed("signature.asc");
    EXPECT_THAT(error_of(good.substr(0, good.size() - 40)), HasSubstr("armour"));
    EXPECT_THAT(error_of("-----BEGIN PGP SIGNATURE-----\n\nYWJ\n-----END PGP SIGNATURE-----"), HasSubstr("base64"));
    EXPECT_THAT(error_of("-----BEGIN PGP SIGNATURE-----\n\nYWJj\n=AAAA\n-----END PGP SIGNATURE-----"), HasSubstr("checksum"));
    EXPECT_THAT(error_of("-----BEGIN PGP SIGNATURE-----\n\nYWJj\n-----END PGP MESSAGE-----"), HasSubstr("another type"));
    EXPECT_THAT(error_of("-----BEGIN PGP SIGNATURE-----\nYWJj\n-----END PGP SIGNATURE-----"), HasSubstr("blank line"));
    EXPECT_THAT(error_of(std::string(max_armoured_size + 1, '\n')), HasSubstr("larger"));
}

TEST(OpenPgpArmour, every_cut_of_a_signature_is_refused_or_gives_the_same_bytes) {
    const std::string good = seed("signature.asc");
    const auto whole = dearmour_signature(good);
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto cut = dearmour_signature(good.substr(0, size));
        EXPECT_TRUE(!cut || *cut == *whole) << size;
    }
}

TEST(OpenPgpArmour, a_written_key_is_read_again) {
    const std::string packets = seed("p256.gpg");
    const auto blocks = dearmour_keys("words for humans\n" + armour_key(packets) + "more\n" + armour_key(packets));
    ASSERT_TRUE(blocks) << blocks.error();
    EXPECT_THAT(*blocks, testing::ElementsAre(packets, packets));
}

TEST(OpenPgp, a_key_is_read_with_its_fingerprint_and_user) {
    const auto keys = parse_certificates(seed("p256.gpg"));
    ASSERT_TRUE(keys) << keys.error();
    ASSERT_EQ(keys->size(), 1u);
    EXPECT_EQ(keys->front().primary.fingerprint, "251ca4e3c48d9f02bba80afac08129a7c1199d8a");
    EXPECT_EQ(keys->front().primary.key_id(), "c08129a7c1199d8a");
    EXPECT_THAT(keys->front().user_ids, testing::ElementsAre("p256 <p@x>"));
    EXPECT_TRUE(keys->front().primary.can_sign);
    EXPECT_FALSE(keys->front().primary.revoked);
    EXPECT_FALSE(keys->front().primary.expires);
}

TEST(OpenPgp, a_revoked_key_says_so) {
    const auto keys = parse_certificates(seed("revoked.gpg"));
    ASSERT_TRUE(keys) << keys.error();
    EXPECT_TRUE(keys->front().primary.revoked);
}

TEST(OpenPgp, an_expired_key_says_when) {
    const auto keys = parse_key_file(seed("key.asc"));
    ASSERT_TRUE(keys) << keys.error();
    EXPECT_EQ(keys->front().primary.expires, 1609372800);
    EXPECT_TRUE(keys->front().primary.expired(1609372800));
    EXPECT_FALSE(keys->front().primary.expired(1609372799));
}

TEST(OpenPgp, a_key_that_may_only_certify_cannot_sign) {
    const auto keys = parse_certificates(seed("certify_only.gpg"));
    ASSERT_TRUE(keys) << keys.error();
    EXPECT_FALSE(keys->front().primary.can_sign);
}

TEST(OpenPgp, a_file_with_a_key_twice_is_refused) {
    const auto block = armour_key(seed("p256.gpg"));
    const auto keys = parse_key_file(block + block);
    ASSERT_FALSE(keys);
    EXPECT_THAT(keys.error(), HasSubstr("twice"));
}

TEST(OpenPgp, every_cut_of_a_key_is_refused_or_is_a_shorter_key) {
    const std::string good = seed("revoked.gpg");
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto cut = parse_certificates(good.substr(0, size));
        EXPECT_TRUE(!cut || cut->front().packets.size() == size) << size;
    }
}

TEST(OpenPgp, what_does_not_belong_into_a_key_is_refused) {
    EXPECT_FALSE(parse_certificates("")) << "nothing";
    EXPECT_FALSE(parse_certificates(packet(13, "user"))) << "a user without a key";
    EXPECT_FALSE(parse_certificates(seed("p256.gpg") + packet(5, "secret")));
    EXPECT_FALSE(parse_certificates(packet(6, std::string("\6\0\0\0\0\1x", 7)))) << "version 6";
    EXPECT_FALSE(parse_certificates("plain text"));
    EXPECT_FALSE(parse_certificates("\xC6\xFF\xFF\xFF\xFF\xFFx")) << "a packet of 4 GiB";
    EXPECT_FALSE(parse_certificates("\xC6\xE1x")) << "a partial length";
    std::string many;
    for (std::size_t i = 0; i <= max_certificates; ++i) {
        many += seed("p256.gpg");
    }
    EXPECT_FALSE(parse_certificates(many));
}

TEST(OpenPgp, signatures_are_counted) {
    std::string many;
    for (std::size_t i = 0; i < max_signatures; ++i) {
        many += signature_packet();
    }
    EXPECT_TRUE(check_signature_packets(many));
    EXPECT_THAT(check_signature_packets(many + signature_packet()).error(), HasSubstr("more than"));
    EXPECT_THAT(check_signature_packets("").error(), HasSubstr("no signature"));
    EXPECT_THAT(check_signature_packets(signature_packet() + packet(11, "data")).error(), HasSubstr("no signature"));
    EXPECT_THAT(check_signature_packets(signature_packet() + "x").error(), HasSubstr("damaged"));
}

TEST(OpenPgpPacket, a_signature_of_another_version_or_cut_is_none) {
    EXPECT_FALSE(parse_signature(""));
    EXPECT_FALSE(parse_signature(std::string("\3\0\0\0\0\0\0\0", 8)));
    EXPECT_FALSE(parse_signature(std::string("\4\0\1\10\0\5\2\0", 8)));
    EXPECT_FALSE(parse_signature(std::string("\4\0\1\10\0\1\0\0\0", 9))) << "a subpacket of no length";
    EXPECT_TRUE(parse_signature(std::string("\4\0\1\10\0\0\0\0", 8)));
}

}  // namespace
}  // namespace lastack::repo
