#include "base/text.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace lastack {
namespace {

struct Shown {
    std::string text;
    std::string expected;
};

class Printable : public testing::TestWithParam<Shown> {};

TEST_P(Printable, shows_what_could_harm_a_terminal_as_an_escape) { EXPECT_EQ(printable(GetParam().text), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Table, Printable,
    testing::Values(Shown{"plain text", "plain text"}, Shown{"", ""}, Shown{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
                    Shown{"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"}, Shown{"\xf0\x9f\x93\xa6", "\xf0\x9f\x93\xa6"},
                    Shown{"\x1b[31mred", "\\x1b[31mred"}, Shown{"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
                    Shown{std::string("a\0b", 3), "a\\x00b"}, Shown{"\x7f", "\\x7f"},
                    Shown{"\xc2\x9b"
                          "31m",
                          "\\x9b31m"},
                    Shown{"\xe2\x80\xae", "\\u202e"}, Shown{"\xe2\x80\x8b", "\\u200b"}, Shown{"\xe2\x81\xa6", "\\u2066"},
                    Shown{"\xef\xbb\xbf", "\\ufeff"}, Shown{"\xe2\x80\xa8", "\\u2028"}, Shown{"\xff\xfe", "\\xff\\xfe"},
                    Shown{"\xc3", "\\xc3"}, Shown{"\xc3(", "\\xc3("}, Shown{"\xc0\x80", "\\xc0\\x80"},
                    Shown{"\xe0\x80\x80", "\\xe0\\x80\\x80"}, Shown{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
                    Shown{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, Shown{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"}));

TEST(Text, printable_shows_invisible_characters) {
    EXPECT_EQ(printable("a\u00adb\u061c\u180e\ufff9\U000e0041"), "a\\xadb\\u061c\\u180e\\ufff9\\ue0041");
}

TEST(Text, printable_bounds_a_million_marks_on_one_character) {
    std::string tower = "a";
    for (int i = 0; i < 1'000'000; ++i) {
        tower += "\u0301";
    }
    const std::string shown = printable(tower + "b\u0301");
    EXPECT_EQ(shown, "a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301...b\u0301");
    EXPECT_EQ(printable(shown), shown);
}

TEST(Text, printable_keeps_lines_and_tabs_when_asked) { EXPECT_EQ(printable("a\n\tb\r\x1b", KeepLines::yes), "a\n\tb\\x0d\\x1b"); }

TEST(Text, printable_output_is_printable_for_every_pair_of_bytes) {
    for (unsigned a = 0; a < 256; ++a) {
        for (unsigned b = 0; b < 256; ++b) {
            const std::string out = printable(std::string{static_cast<char>(a), static_cast<char>(b)});
            EXPECT_EQ(printable(out), out) << a << " " << b;
        }
    }
}

TEST(Text, parse_decimal_takes_digits_and_nothing_else) {
    EXPECT_EQ(parse_decimal("0"), 0u);
    EXPECT_EQ(parse_decimal("007"), 7u);
    EXPECT_EQ(parse_decimal("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    for (const char* text :
         {"", " 1", "1 ", "+1", "-1", "-0", "0x10", "1e3", "1.0", "5abc", "18446744073709551616", "99999999999999999999", "\xd9\xa1"}) {
        EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_decimal(std::string_view{"1\0", 2}), std::nullopt);
}

TEST(Text, trim_takes_spaces_and_tabs_at_both_ends_only) {
    EXPECT_EQ(trim(" \t a b \t"), "a b");
    EXPECT_EQ(trim("\t"), "");
    EXPECT_EQ(trim("\na\n"), "\na\n");
}

TEST(Text, lower_case_and_comparison_are_of_ascii_alone) {
    EXPECT_EQ(to_lower("AbZ@[\xc3\x84"), "abz@[\xc3\x84");
    EXPECT_TRUE(iequals("Content-LENGTH", "content-length"));
    EXPECT_FALSE(iequals("a", "ab"));
    EXPECT_FALSE(iequals("@", "`"));
    EXPECT_FALSE(iequals("[", "{"));
}

TEST(Text, split_leaves_out_empty_pieces) {
    EXPECT_EQ(split("a, b,,c", ", "), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_TRUE(split("", ",").empty());
    EXPECT_TRUE(split(",,", ",").empty());
    EXPECT_EQ(split("a", ","), std::vector<std::string>{"a"});
}

TEST(Text, numbers_read_as_yum_printed_them) {
    const std::pair<std::uint64_t, const char*> rows[] = {
        {0, "0  "},
        {1, "1  "},
        {999, "999  "},
        {1000, "1.0 k"},
        {1024, "1.0 k"},
        {1536, "1.5 k"},
        {10 * 1024, "10 k"},
        {999 * 1024, "999 k"},
        {1000 * 1024, "1.0 M"},
        {34u << 20, "34 M"},
        {std::uint64_t{5} << 30, "5.0 G"},
        {std::numeric_limits<std::uint64_t>::max(), "16 E"},
    };
    for (const auto& [number, expected] : rows) {
        EXPECT_EQ(format_number(number), expected);
    }
}

}  // namespace
}  // namespace lastack
