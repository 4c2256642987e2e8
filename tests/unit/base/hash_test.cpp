#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lastack {
namespace {

TEST(Hash, of_abc_is_that_of_the_standards) {
    EXPECT_EQ(hash_hex(HashAlgorithm::md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hash_hex(HashAlgorithm::sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash_hex(HashAlgorithm::sha512_256, "abc"), "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
}

TEST(Hash, of_nothing_is_a_hash_too) { EXPECT_EQ(hash_hex(HashAlgorithm::md5, {}), "d41d8cd98f00b204e9800998ecf8427e"); }

TEST(RandomHex, has_two_digits_per_byte_and_never_repeats) {
    const auto first = random_hex(16);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->size(), 32u);
    EXPECT_EQ(first->find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_NE(first, random_hex(16));
    EXPECT_EQ(random_hex(0), "");
}

}  // namespace
}  // namespace lastack
