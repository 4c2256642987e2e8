#include "repo/ini.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace lastack::repo {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(const IniSection& section) {
    Pairs pairs;
    for (const IniEntry& entry : section.entries) {
        pairs.emplace_back(entry.key, entry.value);
    }
    return pairs;
}

struct ValueRow {
    const char* what;
    const char* text;
    Pairs expected;
};

TEST(Ini, values_are_read_as_yum_reads_them) {
    const ValueRow rows[] = {
        {"equals", "[a]\nk=v\n", {{"k", "v"}}},
        {"colon", "[a]\nk: v\n", {{"k", "v"}}},
        {"the first separator counts", "[a]\nurl=http://h/?a=b\n", {{"url", "http://h/?a=b"}}},
        {"colon before equals", "[a]\nk:a=b\n", {{"k", "a=b"}}},
        {"blanks are trimmed", "[a]\n k \t=  v w \t\n", {{"k", "v w"}}},
        {"keys are lower-cased", "[a]\nGPGCheck=1\n", {{"gpgcheck", "1"}}},
        {"no line end at the end", "[a]\nk=v", {{"k", "v"}}},
        {"carriage returns", "[a]\r\nk=v\r\n", {{"k", "v"}}},
        {"byte order mark", "\xEF\xBB\xBF[a]\nk=v\n", {{"k", "v"}}},
        {"comments", "[a]\n#x=1\n;y=2\n  # z=3\nk=v\n", {{"k", "v"}}},
        {"hash inside a value stays", "[a]\nk=v #1\n", {{"k", "v #1"}}},
        {"continuation", "[a]\nk=one\n  two\n\tthree\nl=x\n", {{"k", "one\ntwo\nthree"}, {"l", "x"}}},
        {"continuation over comment and empty line", "[a]\nk=one\n\n# c\n  two\n", {{"k", "one\ntwo"}}},
        {"a continuation that looks like an option", "[a]\nk=one\n  l=two\n", {{"k", "one\nl=two"}}},
        {"an indented first option", "[a]\n  k=v\n", {{"k", "v"}}},
        {"empty value with continuation", "[a]\nk=\n  http://h/\n", {{"k", "\nhttp://h/"}}},
        {"comment behind the header", "[a] # x\nk=v\n", {{"k", "v"}}},
        {"no options", "[a]\n", {}},
    };
    for (const ValueRow& row : rows) {
        const IniFile file = parse_ini(row.text);
        ASSERT_EQ(file.sections.size(), 1u) << row.what;
        EXPECT_FALSE(file.problem) << row.what;
        EXPECT_FALSE(file.sections[0].problem) << row.what << ": " << file.sections[0].problem->what;
        EXPECT_EQ(file.sections[0].name, "a") << row.what;
        EXPECT_EQ(pairs_of(file.sections[0]), row.expected) << row.what;
    }
}

TEST(Ini, a_bad_line_is_reported_with_its_number_and_spares_the_other_sections) {
    const std::string long_line(max_config_line + 1, 'x');
    const std::pair<const char*, std::string> bad_lines[] = {
        {"NUL", std::string("k=\0", 3)}, {"escape", "k=\x1b[2J"}, {"DEL", "k=a\x7f"},
        {"no separator", "just words"},  {"no key", "=value"},    {"no key before the colon", ": value"},
        {"too long", long_line},
    };
    for (const auto& [what, line] : bad_lines) {
        const IniFile file = parse_ini("[a]\nk=v\n[b]\nx=1\n" + line + "\ny=2\n[c]\nz=3\n");
        ASSERT_EQ(file.sections.size(), 3u) << what;
        EXPECT_FALSE(file.sections[0].problem) << what;
        ASSERT_TRUE(file.sections[1].problem) << what;
        EXPECT_EQ(file.sections[1].problem->line, 5u) << what;
        EXPECT_FALSE(file.sections[2].problem) << what;
        EXPECT_EQ(pairs_of(file.sections[2]), (Pairs{{"z", "3"}})) << what;
    }
}

TEST(Ini, a_broken_header_does_not_give_its_options_to_the_section_before) {
    for (const char* header : {"[b", "[b] junk", "[]", "[b\x01]", "[b\x01"}) {
        const IniFile file = parse_ini(std::string{"[a]\nk=v\n"} + header + "\nenabled=1\n[c]\nz=3\n");
        ASSERT_EQ(file.sections.size(), 3u) << header;
        EXPECT_EQ(pairs_of(file.sections[0]), (Pairs{{"k", "v"}})) << header;
        EXPECT_FALSE(file.sections[0].problem) << header;
        EXPECT_EQ(file.sections[1].name, "") << header;
        ASSERT_TRUE(file.sections[1].problem) << header;
        EXPECT_EQ(file.sections[1].problem->line, 3u) << header;
        EXPECT_FALSE(file.sections[2].problem) << header;
    }
}

TEST(Ini, options_before_any_section_are_a_problem_of_the_file) {
    const IniFile file = parse_ini("\nk=v\n[a]\nx=1\n");
    ASSERT_TRUE(file.problem);
    EXPECT_EQ(file.problem->line, 2u);
    ASSERT_EQ(file.sections.size(), 1u);
    EXPECT_FALSE(file.sections[0].problem);
}

TEST(Ini, a_file_beyond_the_limit_is_not_read) {
    const IniFile file = parse_ini(std::string(max_config_file + 1, '\n'));
    EXPECT_TRUE(file.problem);
    EXPECT_TRUE(file.sections.empty());
}

TEST(Ini, a_value_does_not_grow_without_end_by_continuation) {
    std::string text = "[a]\nk=v\n";
    const std::string piece = " " + std::string(max_config_line / 4, 'x') + "\n";
    for (int i = 0; i < 8; ++i) {
        text += piece;
    }
    const IniFile file = parse_ini(text);
    ASSERT_EQ(file.sections.size(), 1u);
    EXPECT_TRUE(file.sections[0].problem);
}

TEST(Ini, messages_do_not_carry_raw_bytes) {
    const IniFile file = parse_ini("[a]\n\xC2\x9B 31m words\n");
    ASSERT_TRUE(file.sections[0].problem);
    EXPECT_EQ(file.sections[0].problem->what.find('\x9B'), std::string::npos);
}

}  // namespace
}  // namespace lastack::repo
