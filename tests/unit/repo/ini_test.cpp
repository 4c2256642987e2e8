#include "repo/ini.hpp"

#include <gtest/gtest.h>

#include <map>
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

// Files that exist in a test only.
class Files {
public:
    explicit Files(std::map<std::string, std::string, std::less<>> texts) : texts_{std::move(texts)} {}
    Includer includer() {
        return [this](std::string_view where, std::string_view from) -> std::expected<std::optional<IncludedText>, std::string> {
            asked.emplace_back(std::string{from} + ">" + std::string{where});
            const auto found = texts_.find(where);
            return found == texts_.end() ? std::expected<std::optional<IncludedText>, std::string>{std::unexpected("no such file")}
                                         : IncludedText{.name = found->first, .text = found->second};
        };
    }
    std::vector<std::string> asked;

private:
    std::map<std::string, std::string, std::less<>> texts_;
};

TEST(Ini, included_lines_count_as_if_they_were_written_in_the_place_of_the_include) {
    Files files{{{"in", "k2=2\n[b]\nx=1\n"}}};
    const IniFile file = parse_ini("[a]\nk1=1\ninclude=in\ny=2\n[c]\nz=3\n", files.includer());
    ASSERT_EQ(file.sections.size(), 3u);
    EXPECT_EQ(pairs_of(file.sections[0]), (Pairs{{"k1", "1"}, {"k2", "2"}}));
    EXPECT_EQ(pairs_of(file.sections[1]), (Pairs{{"x", "1"}, {"y", "2"}})) << "its last section goes on behind it";
    EXPECT_EQ(pairs_of(file.sections[2]), (Pairs{{"z", "3"}}));
    const auto place = [&](const auto& item) { return std::pair{file.name_of(item.file, "itself"), item.line}; };
    EXPECT_EQ(place(file.sections[0].entries[1]), (std::pair<std::string_view, unsigned>{"in", 1u}));
    EXPECT_EQ(place(file.sections[1]), (std::pair<std::string_view, unsigned>{"in", 2u}));
    EXPECT_EQ(place(file.sections[1].entries[1]), (std::pair<std::string_view, unsigned>{"itself", 4u}));
}

TEST(Ini, an_include_may_stand_anywhere_and_is_written_with_an_equals_sign) {
    for (const char* line : {"include=in", " include = in ", "\tInclude\t=in"}) {
        Files files{{{"in", "[b]\nx=1\n"}}};
        const IniFile file = parse_ini(std::string{line} + "\n[a]\nk=v\n" + line + "\n", files.includer());
        EXPECT_EQ(files.asked, (std::vector<std::string>{">in", ">in"})) << line;
        ASSERT_EQ(file.sections.size(), 3u) << line;
        EXPECT_FALSE(file.problem) << line;
    }
    for (const char* line : {"include: in", "includes=in", "#include=in", "include in", "[include=in]", "x=include=in"}) {
        Files files{{}};
        (void)parse_ini("[a]\n" + std::string{line} + "\n", files.includer());
        EXPECT_TRUE(files.asked.empty()) << line;
    }
    EXPECT_EQ(pairs_of(parse_ini("[a]\ninclude=in\n").sections[0]), (Pairs{{"include", "in"}})) << "nobody there to include it";
}

TEST(Ini, a_value_does_not_go_on_in_an_included_file_or_behind_it) {
    Files files{{{"in", "  x=1\n"}}};
    const IniFile file = parse_ini("[a]\nk=v\n  include=in\n  y=2\n", files.includer());
    ASSERT_EQ(file.sections.size(), 1u);
    EXPECT_EQ(pairs_of(file.sections[0]), (Pairs{{"k", "v"}, {"x", "1"}, {"y", "2"}}));
}

TEST(Ini, what_cannot_be_included_is_a_problem_of_its_section_with_its_line) {
    Files files{{{"in", "[b]\n\ninclude=nothere\n[c]\nz=3\n"}}};
    const IniFile file = parse_ini("[a]\ninclude=in\n[d]\ninclude=\n", files.includer());
    EXPECT_EQ(files.asked, (std::vector<std::string>{">in", "in>nothere"}));
    ASSERT_EQ(file.sections.size(), 4u);
    EXPECT_FALSE(file.sections[0].problem);
    ASSERT_TRUE(file.sections[1].problem);
    EXPECT_EQ(file.sections[1].problem->what, "include: no such file");
    EXPECT_EQ(file.sections[1].problem->line, 3u);
    EXPECT_EQ(file.name_of(file.sections[1].problem->file, ""), "in");
    EXPECT_FALSE(file.sections[2].problem);
    ASSERT_TRUE(file.sections[3].problem);
    EXPECT_EQ(file.sections[3].problem->what, "include= names no file");
}

TEST(Ini, includes_have_a_depth_a_number_and_a_size) {
    Files deep{{{"in", "include=in\n"}}};
    const IniFile file = parse_ini("[a]\ninclude=in\n", deep.includer());
    ASSERT_TRUE(file.sections[0].problem);
    EXPECT_EQ(deep.asked.size(), max_include_depth);
    std::string many = "[a]\n";
    for (std::size_t i = 0; i < max_config_files; ++i) {
        many += "include=in\n";
    }
    Files wide{{{"in", "k=v\n"}}};
    const IniFile all = parse_ini(many, wide.includer());
    EXPECT_EQ(all.included.size(), max_config_files - 1);
    EXPECT_EQ(all.sections[0].problem->line, max_config_files + 1);
    Files large{{{"in", std::string(max_config_file / 2, '\n')}}};
    const IniFile too_large = parse_ini("[a]\ninclude=in\ninclude=in\n", large.includer());
    ASSERT_TRUE(too_large.sections[0].problem);
    EXPECT_EQ(too_large.sections[0].problem->line, 3u);
}

TEST(Ini, messages_do_not_carry_raw_bytes) {
    const IniFile file = parse_ini("[a]\n\xC2\x9B 31m words\n");
    ASSERT_TRUE(file.sections[0].problem);
    EXPECT_EQ(file.sections[0].problem->what.find('\x9B'), std::string::npos);
}

}  // namespace
}  // namespace lastack::repo
