#include "http/credentials.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace lastack::http {
namespace {

TEST(Credentials, basic_is_as_in_rfc_7617) {
    EXPECT_EQ(basic_value({"Aladdin", "open sesame"}), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    EXPECT_EQ(basic_value({"test", "123\xc2\xa3"}), "Basic dGVzdDoxMjPCow==");
}

TEST(Credentials, basic_may_be_empty_and_a_password_may_hold_colons) {
    EXPECT_EQ(basic_value({"", ""}), "Basic Og==");
    EXPECT_EQ(basic_value({"a", "b:c"}), "Basic YTpiOmM=");
}

TEST(Credentials, basic_refuses_a_colon_in_the_name_and_control_characters) {
    EXPECT_EQ(basic_value({"a:b", "c"}), std::nullopt);
    for (const std::string& bad :
         {std::string("\0", 1), std::string("\r\n"), std::string("\t"), std::string("\x1b"), std::string("\x7f")}) {
        EXPECT_EQ(basic_value({"a" + bad, "b"}), std::nullopt);
        EXPECT_EQ(basic_value({"a", "b" + bad}), std::nullopt);
        EXPECT_TRUE(has_control_character({"a", bad}));
    }
    EXPECT_FALSE(has_control_character({"J\xc3\xa4s\xc3\xb8n", " \xc3\xbf~"}));
}

struct UserInfoRow {
    const char* text;
    std::optional<Credentials> expected;
};

class UserInfo : public testing::TestWithParam<UserInfoRow> {};

TEST_P(UserInfo, is_divided_at_the_first_colon_and_then_decoded) {
    const auto decoded = decode_user_info(GetParam().text);
    EXPECT_TRUE(decoded == GetParam().expected) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(Table, UserInfo,
                         testing::Values(UserInfoRow{"user:pw", Credentials{"user", "pw"}}, UserInfoRow{"user", Credentials{"user", ""}},
                                         UserInfoRow{"user:", Credentials{"user", ""}}, UserInfoRow{":pw", Credentials{"", "pw"}},
                                         UserInfoRow{"u:p:q", Credentials{"u", "p:q"}},
                                         UserInfoRow{"u%3Av:p%40%2f%25", Credentials{"u:v", "p@/%"}},
                                         UserInfoRow{"J%C3%A4s%c3%b8n:%20", Credentials{"J\xc3\xa4s\xc3\xb8n", " "}},
                                         UserInfoRow{"a+b:c+d", Credentials{"a+b", "c+d"}}, UserInfoRow{"", std::nullopt},
                                         UserInfoRow{"u:%", std::nullopt}, UserInfoRow{"u:%4", std::nullopt},
                                         UserInfoRow{"u%:p", std::nullopt}, UserInfoRow{"u:%4g", std::nullopt},
                                         UserInfoRow{"u:%-1", std::nullopt}, UserInfoRow{"u:%+1", std::nullopt},
                                         UserInfoRow{"u:%0x", std::nullopt}, UserInfoRow{"u:%%41", std::nullopt},
                                         UserInfoRow{"u%00:p", std::nullopt}, UserInfoRow{"u:p%0d%0aX-Injected:1", std::nullopt},
                                         UserInfoRow{"u:%7F", std::nullopt}, UserInfoRow{"u:\n", std::nullopt}));

TEST(Credentials, compare_by_both_parts) {
    EXPECT_TRUE((Credentials{"a", "b"} == Credentials{"a", "b"}));
    EXPECT_TRUE((Credentials{"a", "b"} != Credentials{"a", "c"}));
    EXPECT_TRUE((Credentials{"a", "z"} < Credentials{"b", "a"}));
}

}  // namespace
}  // namespace lastack::http
