#include "base/base64.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace lastack {
namespace {

TEST(Base64, encodes_the_vectors_of_the_standard) {
    const std::pair<const char*, const char*> rows[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [text, encoded] : rows) {
        EXPECT_EQ(base64_encode(text), encoded);
    }
}

TEST(Base64, takes_every_byte_and_uses_every_letter) {
    EXPECT_EQ(base64_encode(std::string("\0\0\0", 3)), "AAAA");
    EXPECT_EQ(base64_encode("\xff\xff\xff"), "////");
    EXPECT_EQ(base64_encode("\xfb\xef\xbe"), "++++");
    EXPECT_EQ(base64_encode("\xff"), "/w==");
    EXPECT_EQ(base64_encode("test:123\xc2\xa3"), "dGVzdDoxMjPCow==");
}

TEST(Base64, decodes_what_it_encodes_and_nothing_else) {
    for (const std::string text : {"", "f", "fo", "foo", "foob", "\xff\xfe", "test:123\xc2\xa3"}) {
        EXPECT_EQ(base64_decode(base64_encode(text)), text);
    }
    for (const char* wrong : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Z===", "Zm 9", "Zm9v\n", "Zm9*", "=AAA"}) {
        EXPECT_FALSE(base64_decode(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace lastack
