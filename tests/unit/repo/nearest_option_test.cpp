#include "repo/nearest_option.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lastack::repo {
namespace {

TEST(NearestOption, is_one_slip_away_in_a_short_word_and_two_in_a_long_one) {
    const std::pair<const char*, const char*> rows[] = {
        {"gpgchek", "gpgcheck"},
        {"gpgcehck", "gpgcheck"},
        {"ggpcehck", "gpgcheck"},
        {"cots", "cost"},
        {"timeuot", "timeout"},
        {"skip_if_unavailible", "skip_if_unavailable"},
        {"pasword", "password"},
        {"enabld", "enabled"},
        {"installonly_limt", "installonly_limit"},
        {"metadata-expire", "metadata_expire"},
    };
    for (const auto& [written, meant] : rows) {
        EXPECT_EQ(nearest_option(written, OptionPlace::repository), meant) << written;
    }
}

TEST(NearestOption, is_none_when_nothing_is_near) {
    for (const std::string& written : {std::string{}, std::string{"k"}, std::string{"cst0"}, std::string{"nosuchthing"}, std::string{"gpg"},
                                       std::string{"xgpgchexkxx"}, std::string(10'000, 'x')}) {
        EXPECT_EQ(nearest_option(written, OptionPlace::repository), "") << written.substr(0, 20);
    }
}

TEST(NearestOption, may_stand_where_the_misspelt_one_does) {
    EXPECT_EQ(nearest_option("cachdir", OptionPlace::main), "cachedir");
    EXPECT_EQ(nearest_option("cachdir", OptionPlace::repository), "");
    EXPECT_EQ(nearest_option("baseulr", OptionPlace::repository), "baseurl");
    EXPECT_EQ(nearest_option("baseulr", OptionPlace::main), "");
}

}  // namespace
}  // namespace lastack::repo
