#include "repo/config_edit.hpp"

#include "base/text.hpp"
#include "repo/option_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace lastack::repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string edited(std::string_view text, const std::vector<KeyEdit>& edits) {
    const auto result = edit_config(text, edits);
    return result ? result->text : "line " + std::to_string(result.error().line) + ": " + result.error().what;
}

struct EditRow {
    const char* what;
    const char* text;
    KeyEdit edit;
    const char* expected;
};

TEST(ConfigEdit, changes_the_one_option_and_keeps_every_other_byte) {
    const EditRow rows[] = {
        {"in its line", "[main]\na=1\ngpgcheck=0\nb=2\n", {"main", "gpgcheck", "1"}, "[main]\na=1\ngpgcheck=1\nb=2\n"},
        {"blanks around the separator and behind the value", "[a]\nname \t=  x y \t\n", {"a", "name", "z"}, "[a]\nname \t=  z \t\n"},
        {"indentation", "[a]\n   name=x\n", {"a", "name", "z"}, "[a]\n   name=z\n"},
        {"a colon", "[a]\nname: x\n", {"a", "name", "z"}, "[a]\nname: z\n"},
        {"capitals of the key", "[a]\nGPGCheck = 0\n", {"a", "gpgcheck", "1"}, "[a]\nGPGCheck = 1\n"},
        {"carriage returns", "[a]\r\nname=x\r\n", {"a", "name", "z"}, "[a]\r\nname=z\r\n"},
        {"a byte order mark", "\xEF\xBB\xBF[a]\nname=x\n", {"a", "name", "z"}, "\xEF\xBB\xBF[a]\nname=z\n"},
        {"no line end at the end", "[a]\nname=x", {"a", "name", "z"}, "[a]\nname=z"},
        {"a carriage return at the end", "[a]\r\nname=x\r", {"a", "name", "z"}, "[a]\r\nname=z\r"},
        {"an empty value", "[a]\nname=\n", {"a", "name", "z"}, "[a]\nname=z\n"},
        {"to an empty value", "[a]\nproxy = x\n", {"a", "proxy", ""}, "[a]\nproxy = \n"},
        {"a hash behind the value is the value", "[a]\nname=x # y\n", {"a", "name", "z"}, "[a]\nname=z\n"},
        {"continuation lines go, comments between them stay",
         "[a]\nbaseurl=http://1/\n # second\n\n  http://2/\n#third\n\thttp://3/\nname=x\n",
         {"a", "baseurl", "http://4/"},
         "[a]\nbaseurl=http://4/\n # second\n\n#third\nname=x\n"},
        {"a value below its key", "[a]\nbaseurl=\n  http://1/\n", {"a", "baseurl", "http://4/"}, "[a]\nbaseurl=http://4/\n"},
        {"the last of two lines", "[a]\nname=x\nname=y\n", {"a", "name", "z"}, "[a]\nname=x\nname=z\n"},
        {"the last of two sections", "[a]\nname=x\n[a]\nname=y\n", {"a", "name", "z"}, "[a]\nname=x\n[a]\nname=z\n"},
        {"the last line of all [main] sections", "[main]\ncost=1\n[main]\nb=2\n", {"main", "cost", "3"}, "[main]\ncost=3\n[main]\nb=2\n"},
        {"another spelling of it", "[a]\npkg_gpgcheck = 0\n", {"a", "gpgcheck", "1"}, "[a]\ngpgcheck = 1\n"},
        {"excludes of [main] add up: one line is left",
         "[main]\nexclude=a\nexcludepkgs=b\n c\n",
         {"main", "exclude", "d"},
         "[main]\nexclude=d\n"},
        {"what is there already", "[a]\nname = x\n", {"a", "name", "x"}, "[a]\nname = x\n"},
        {"a new one behind the last of its section",
         "[a]\nname=x\n\n# of b\n[b]\nname=y\n",
         {"a", "cost", "5"},
         "[a]\nname=x\ncost=5\n\n# of b\n[b]\nname=y\n"},
        {"a new one behind the continuation lines", "[a]\nname=x\n y\n\n# z\n", {"a", "cost", "5"}, "[a]\nname=x\n y\ncost=5\n\n# z\n"},
        {"a new one in an empty section", "[a]\n\n[b]\n", {"a", "cost", "5"}, "[a]\ncost=5\n\n[b]\n"},
        {"a new one with carriage returns", "[a]\r\nname=x\r\n", {"a", "cost", "5"}, "[a]\r\nname=x\r\ncost=5\r\n"},
        {"a new one behind a line without an end", "[a]\r\nname=x", {"a", "cost", "5"}, "[a]\r\nname=x\r\ncost=5\r\n"},
        {"a new one behind a carriage return without a line end", "[a]\r\nname=x\r", {"a", "cost", "5"}, "[a]\r\nname=x\r\ncost=5\r\n"},
        {"a new one in front of what another file says",
         "[a]\nname=x\ninclude=b.conf\ncost=1\n",
         {"a", "priority", "5"},
         "[a]\nname=x\npriority=5\ninclude=b.conf\ncost=1\n"},
        {"a new one in front of what another file says first",
         "[a]\ninclude=b.conf\n",
         {"a", "priority", "5"},
         "[a]\npriority=5\ninclude=b.conf\n"},
        {"a new section", "[a]\nname=x\n", {"main", "cost", "5"}, "[a]\nname=x\n\n[main]\ncost=5\n"},
        {"a new section in a file that ends with a blank line", "# x\n\n", {"main", "cost", "5"}, "# x\n\n[main]\ncost=5\n"},
        {"a new section in a file without a line end", "#x", {"main", "cost", "5"}, "#x\n\n[main]\ncost=5\n"},
        {"a new file", "", {"main", "cost", "5"}, "[main]\ncost=5\n"},
        {"taken out", "[a]\nname=x\n  y\n# c\ncost=1\n", {"a", "name", {}}, "[a]\n# c\ncost=1\n"},
        {"taken out everywhere in its section", "[a]\ngpgcheck=0\npkg_gpgcheck=1\n", {"a", "gpgcheck", {}}, "[a]\n"},
        {"taken out of all [main] sections",
         "[main]\ncost=1\n[b]\ncost=2\n[main]\ncost=3\n",
         {"main", "cost", {}},
         "[main]\n[b]\ncost=2\n[main]\n"},
        {"taken out where it is not", "[a]\nname=x\n", {"a", "cost", {}}, "[a]\nname=x\n"},
        {"taken out of a section that is not there", "[a]\n", {"b", "cost", {}}, "[a]\n"},
        {"a commented option stays one", "[a]\n#cost=1\nname=x\n", {"a", "cost", "5"}, "[a]\n#cost=1\nname=x\ncost=5\n"},
        {"a bad section elsewhere is left alone", "[b]\nrubbish\n[a]\nname=x\n", {"a", "name", "z"}, "[b]\nrubbish\n[a]\nname=z\n"},
    };
    for (const EditRow& row : rows) {
        EXPECT_EQ(edited(row.text, {row.edit}), row.expected) << row.what;
    }
}

TEST(ConfigEdit, several_options_are_changed_at_once) {
    EXPECT_EQ(edited("[a]\nname=x\ncost=1\n[b]\n", {{"a", "cost", {}}, {"b", "cost", "2"}, {"a", "priority", "3"}, {"b", "name", "y"}}),
              "[a]\nname=x\npriority=3\n[b]\ncost=2\nname=y\n");
    EXPECT_EQ(edited("", {{"a", "name", "x"}, {"b", "name", "y"}, {"a", "cost", "1"}}), "[a]\nname=x\ncost=1\n\n[b]\nname=y\n");
    EXPECT_EQ(edited("[a]\n", {{"a", "cost", "1"}, {"a", "cost", "2"}}), "[a]\ncost=2\n") << "the later word counts";
}

TEST(ConfigEdit, tells_what_was_there_before) {
    const auto result =
        edit_config("[a]\nbaseurl=1\n 2\n[main]\nexclude=x\nexclude=y\n",
                    std::vector<KeyEdit>{{"a", "baseurl", "3"}, {"a", "name", "n"}, {"main", "exclude", {}}, {"a", "cost", {}}});
    ASSERT_TRUE(result);
    EXPECT_THAT(result->changes, ElementsAre(KeyChange{"a", "baseurl", "1\n2", "3"}, KeyChange{"a", "name", {}, "n"},
                                             KeyChange{"main", "exclude", "x, y", {}}, KeyChange{"a", "cost", {}, {}}));
}

TEST(ConfigEdit, refuses_what_would_not_be_read_as_it_was_said) {
    EXPECT_THAT(edited("[a]\nrubbish\n", {{"a", "name", "x"}}), HasSubstr("line 2"));
    EXPECT_THAT(edited("[a]\n[main]\n[main]\nrubbish\n", {{"main", "cost", "1"}}), HasSubstr("line 4"));
    for (const char* value : {"x\n[b]", "x\ny=1", "x\n y", " x", "x\x01", "x\r\n"}) {
        EXPECT_FALSE(edit_config("[a]\n", std::vector<KeyEdit>{{"a", "name", value}})) << printable(value);
    }
    EXPECT_FALSE(edit_config("[a]\n", std::vector<KeyEdit>{{"a", "name", std::string{"x\0y", 3}}}));
    EXPECT_THAT(edited("[a]\n", {{"a", "name", std::string(max_config_line, 'x')}}), HasSubstr("longer than"));
    std::string large = "[a]\n";
    while (large.size() < max_config_file) {
        large += "# " + std::string(60000, 'x') + "\n";
    }
    EXPECT_THAT(edited(large, {{"b", "name", "x"}}), HasSubstr("larger than"));
}

using Meaning = std::map<std::pair<std::string, std::string>, std::string>;

// As configuration is read: the last line of an option, the last section of an id, [main] as a whole, its excludes added up.
Meaning meaning_of(std::string_view text) {
    Meaning meaning;
    for (const IniSection& section : parse_ini(text).sections) {
        if (section.name != "main") {
            std::erase_if(meaning, [&](const auto& each) { return each.first.first == section.name; });
        }
        for (const IniEntry& entry : section.entries) {
            const std::pair key{section.name, std::string{canonical_option(entry.key)}};
            const bool adds = section.name == "main" && key.second == "exclude" && meaning.contains(key);
            meaning[key] = (adds ? meaning[key] + ", " : "") + entry.value;
        }
    }
    return meaning;
}

// Without line ends: the last line may have got its own.
std::vector<std::string> remarks_of(std::string_view text) {
    std::vector<std::string> remarks;
    for (std::string line : split(text, "\n")) {
        if (line.ends_with('\r')) {
            line.pop_back();
        }
        const std::string_view content = trim(line);
        if (content.empty() || content.starts_with('#') || content.starts_with(';')) {
            remarks.push_back(std::move(line));
        }
    }
    return remarks;
}

class Random {
public:
    explicit Random(unsigned seed) : engine_{seed} {}
    std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>{0, end - 1}(engine_); }
    template <std::size_t N>
    const char* of(const char* const (&words)[N]) {
        return words[below(N)];
    }

    std::string file() {
        constexpr const char* ends[] = {"\n", "\n", "\r\n"};
        constexpr const char* lines[] = {"[main]",       "[a]",    "[b.c]",     "[a] # x",       "name=x",  "name : y",      "gpgcheck=1",
                                         "GPGcheck = 0", "cost=1", "exclude=p", "excludepkgs=q", "  one",   "\ttwo=2",       "# comment",
                                         "  ; comment",  "",       "   ",       "baseurl=",      "rubbish", "pkg_gpgcheck=1"};
        const std::string end = of(ends);
        std::string text = below(10) == 0 ? "\xEF\xBB\xBF" : "";
        for (auto count = below(25); count > 0; --count) {
            const std::string line = of(lines);
            text += (line == "rubbish" && below(4) != 0 ? "" : line) + (below(20) == 0 ? "\n" : end);
        }
        if (!text.empty() && below(4) == 0) {
            text.pop_back();
        }
        return text;
    }

    KeyEdit edit() {
        constexpr const char* sections[] = {"main", "a", "b.c", "new"};
        constexpr const char* keys[] = {"name", "gpgcheck", "pkg_gpgcheck", "cost", "exclude", "excludepkgs", "baseurl"};
        constexpr const char* values[] = {"", "1", "http://h/?a=b", "# no comment", "[x]", "x y", "a:b"};
        return {of(sections), of(keys), below(3) == 0 ? std::nullopt : std::optional<std::string>{of(values)}};
    }

private:
    std::mt19937 engine_;
};

TEST(ConfigEdit, of_any_file_changes_the_meaning_of_that_option_and_of_nothing_else) {
    unsigned done = 0;
    for (unsigned seed = 0; seed < 6000; ++seed) {
        Random random{seed};
        const std::string text = random.file();
        const KeyEdit edit = random.edit();
        const auto result = edit_config(text, std::vector{edit});
        SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
        if (!result) {
            const IniFile file = parse_ini(text);
            const bool is_bad = file.problem || std::ranges::any_of(file.sections, [&](const IniSection& section) {
                                    return section.name == edit.section && section.problem;
                                });
            ASSERT_TRUE(is_bad) << result.error().what;
            continue;
        }
        ++done;
        Meaning expected = meaning_of(text);
        const std::pair key{edit.section, std::string{canonical_option(edit.key)}};
        if (edit.value) {
            expected[key] = *edit.value;
        } else {
            expected.erase(key);
        }
        ASSERT_EQ(meaning_of(result->text), expected) << result->text;
        std::vector<std::string> remarks = remarks_of(result->text);
        if (remarks.size() == remarks_of(text).size() + 1 && parse_ini(result->text).sections.size() > parse_ini(text).sections.size()) {
            remarks.pop_back();  // the blank line in front of a new section
        }
        ASSERT_EQ(remarks, remarks_of(text)) << result->text;
        const auto again = edit_config(result->text, std::vector{edit});
        ASSERT_TRUE(again);
        ASSERT_EQ(again->text, result->text) << "nothing is left to do";
        const bool is_new = edit.value && !result->changes.front().old_value;
        if (is_new) {
            const auto unset = edit_config(result->text, std::vector{KeyEdit{edit.section, edit.key, {}}});
            ASSERT_TRUE(unset);
            ASSERT_EQ(meaning_of(unset->text), meaning_of(text)) << unset->text;
            const bool was_whole = text.ends_with('\n') && parse_ini(unset->text).sections.size() == parse_ini(text).sections.size();
            if (was_whole) {
                ASSERT_EQ(unset->text, text);
            }
        }
    }
    EXPECT_GT(done, 2000U);
}

}  // namespace
}  // namespace lastack::repo
