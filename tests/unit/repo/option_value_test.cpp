#include "repo/option_value.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace lastack::repo {
namespace {

using namespace std::chrono_literals;

TEST(OptionValue, booleans) {
    for (const char* text : {"1", "yes", "true", "on", "YES", "True", "oN"}) {
        const auto value = parse_boolean(text);
        ASSERT_TRUE(value) << text;
        EXPECT_TRUE(*value) << text;
    }
    for (const char* text : {"0", "no", "false", "off", "NO", "False"}) {
        const auto value = parse_boolean(text);
        ASSERT_TRUE(value) << text;
        EXPECT_FALSE(*value) << text;
    }
    for (const char* text : {"", "2", "-1", "y", "enabled", "1 ", "01", "none"}) {
        EXPECT_FALSE(parse_boolean(text)) << text;
    }
}

TEST(OptionValue, seconds) {
    const std::pair<const char*, std::chrono::milliseconds> rows[] = {{"0", 0ms},      {"90", 90s}, {"90s", 90s}, {"1.5m", 90s},
                                                                      {"1.2h", 72min}, {"2d", 48h}, {"2D", 48h},  {"0.5", 500ms},
                                                                      {"30.0", 30s},   {"6 h", 6h}};
    for (const auto& [text, expected] : rows) {
        const auto value = parse_seconds(text);
        ASSERT_TRUE(value) << text;
        ASSERT_TRUE(*value) << text;
        EXPECT_EQ(**value, expected) << text;
    }
    for (const char* text : {"never", "NEVER", "-1"}) {
        const auto value = parse_seconds(text);
        ASSERT_TRUE(value) << text;
        EXPECT_FALSE(value->has_value()) << text;
    }
    for (const char* text : {"", "s", "-2", "1w", "1h30m", "1e3", "inf", "nan", "0x10", "1..5", ".5", "+1", "1 2", "99999999999999999999",
                             "9999999d", "1,5", "--1"}) {
        EXPECT_FALSE(parse_seconds(text)) << text;
    }
}

TEST(OptionValue, bytes) {
    const std::pair<const char*, std::uint64_t> rows[] = {{"0", 0},        {"1000", 1000},   {"1k", 1024}, {"1.5k", 1536},
                                                          {"2M", 2 << 20}, {"1g", 1u << 30}, {"1 K", 1024}};
    for (const auto& [text, expected] : rows) {
        const auto value = parse_bytes(text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(*value, expected) << text;
    }
    for (const char* text : {"", "k", "-1", "1t", "50%", "1kb", "1e9", "99999999999999999999g", "18446744073709551616"}) {
        EXPECT_FALSE(parse_bytes(text)) << text;
    }
}

TEST(OptionValue, numbers_keep_their_range) {
    EXPECT_EQ(parse_number("1", 1, 100).value_or(0), 1u);
    EXPECT_EQ(parse_number("100", 1, 100).value_or(0), 100u);
    for (const char* text : {"0", "101", "", "-1", "1.0", "x", "18446744073709551617"}) {
        EXPECT_FALSE(parse_number(text, 1, 100)) << text;
    }
    EXPECT_EQ(parse_number("<off>", 0, 100).value_or(7), 0u);
    for (const char* text : {"<off>", "off", "<OFF>"}) {
        EXPECT_FALSE(parse_number(text, 1, 100)) << text;
    }
}

TEST(OptionValue, lists_split_at_commas_blanks_and_line_ends) {
    EXPECT_EQ(parse_list("a, b\n c\td,,e"), (std::vector<std::string>{"a", "b", "c", "d", "e"}));
    EXPECT_TRUE(parse_list(" ,\n").empty());
}

TEST(OptionValue, errors_show_the_value_escaped) {
    const auto value = parse_boolean("\x1b[2J");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace lastack::repo
