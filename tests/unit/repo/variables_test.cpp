#include "repo/variables.hpp"

#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace lastack::repo {
namespace {

using test::TempDirectory;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Variables, expansion) {
    const Variables variables{{"releasever", "9"}, {"basearch", "x86_64"}, {"loop", "$loop"}, {"empty", ""}};
    const std::pair<const char*, const char*> rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"$releasever", "9"},
        {"a/$releasever/$basearch/os", "a/9/x86_64/os"},
        {"${releasever}x", "9x"},
        {"$RELEASEVER", "9"},
        {"$BaseArch", "x86_64"},
        {"$unknown", "$unknown"},
        {"${unknown}", "${unknown}"},
        {"$releaseverx", "$releaseverx"},
        {"$releasever-x", "9-x"},
        {"$", "$"},
        {"$$releasever", "$9"},
        {"${", "${"},
        {"${}", "${}"},
        {"${releasever", "${releasever"},
        {"${releasever:-8}", "9"},
        {"${unknown:-8}", "8"},
        {"${empty:-8}x", "8x"},
        {"${unknown:-}", ""},
        {"${releasever:+-$BaseArch}", "-x86_64"},
        {"[${unknown:+8}${empty:+8}]", "[]"},
        {"${unknown:-$releasever}", "9"},
        {"a${unknown:-b${empty:-c${releasever}}}d", "abc9d"},
        {"${unknown:-${releasever:+${basearch}}}", "x86_64"},
        {"${unknown:-$other}", "$other"},
        {"${releasever:+$other", "${releasever:+$other"},
        {"${unknown:-a$releasever", "${unknown:-a9"},
        {"${unknown:-${releasever}", "${unknown:-9"},
        {"${releasever:=8}", "${releasever:=8}"},
        {"${releasever:}", "${releasever:}"},
        {"${releasever:-", "${releasever:-"},
        {"${:-8}", "${:-8}"},
        {"${unknown:-a\\}b\\$releasever\\\\}", "a}b$releasever\\"},
        {"a\\b}c\\$releasever", "a\\b}c\\9"},
        {"$(id)", "$(id)"},
        {"$loop", "$loop"},
        {"[$empty]", "[]"},
        {"100$", "100$"},
    };
    for (const auto& [text, expected] : rows) {
        EXPECT_EQ(expand(text, variables).text, expected) << text;
        EXPECT_FALSE(expand(text, variables).wants_releasever) << text;
    }
}

TEST(Variables, a_missing_releasever_is_told) {
    const Variables none;
    for (const char* text : {"$releasever", "a/${releasever}/b", "$RELEASEVER", "$releasever_major"}) {
        EXPECT_TRUE(expand(text, none).wants_releasever) << text;
        EXPECT_EQ(expand(text, none).text, text);
    }
    EXPECT_FALSE(expand("$basearch", none).wants_releasever);
}

TEST(Variables, a_releasever_that_a_word_replaces_is_not_missing) {
    EXPECT_FALSE(expand("${releasever:-9}", {}).wants_releasever);
    EXPECT_FALSE(expand("${releasever:+$releasever}", {}).wants_releasever);
    EXPECT_TRUE(expand("${nosuch:-$releasever}", {}).wants_releasever);
    EXPECT_FALSE(expand("${basearch:-$releasever}", {{"basearch", "x"}}).wants_releasever);
}

TEST(Variables, words_are_expanded_32_deep_and_stay_as_written_beyond) {
    const auto nested = [](std::size_t deep) {
        std::string text = "x";
        for (std::size_t i = 0; i < deep; ++i) {
            text = "${no:-" + text + "}";
        }
        return text;
    };
    EXPECT_EQ(expand(nested(32), {}).text, "x");
    EXPECT_EQ(expand(nested(33), {}).text, "${no:-x}");
}

TEST(Variables, what_does_not_close_takes_no_time) {
    std::string text;
    for (int i = 0; i < 200'000; ++i) {
        text += "${a:-";
    }
    EXPECT_EQ(expand(text, {}).text, text);
}

TEST(Variables, a_wanted_uuid_is_told) {
    for (const char* text : {"$uuid", "http://h/?id=${UUID}", "${uuid:-none}"}) {
        EXPECT_TRUE(expand(text, {}).wants_uuid) << text;
        EXPECT_FALSE(expand(text, {{"uuid", "x"}}).wants_uuid) << text;
    }
    EXPECT_FALSE(expand("uuid $basearch", {}).wants_uuid);
}

TEST(Variables, values_have_a_narrow_grammar) {
    for (const char* text : {"9", "9.3", "rawhide", "a_b-c", "8-stream"}) {
        EXPECT_TRUE(is_variable_value(text)) << text;
    }
    const std::string long_value(65, 'a');
    for (const char* text : {"", "..", ".", "a/b", "a b", "9\n", "$x", "%2e", "\xC3\xA9", long_value.c_str()}) {
        EXPECT_FALSE(is_variable_value(text)) << text;
    }
}

TEST(Variables, values_of_files_may_be_relative_paths) {
    for (const char* text : {"9", "pub/rocky", "a/b/c"}) {
        EXPECT_TRUE(is_variable_path(text)) << text;
    }
    for (const char* text : {"", "/", "/a", "a/", "a//b", "a/../b", "../a", "a/./b", "a b/c"}) {
        EXPECT_FALSE(is_variable_path(text)) << text;
    }
}

TEST(Variables, base_architectures) {
    const std::pair<const char*, const char*> rows[] = {
        {"x86_64", "x86_64"},   {"amd64", "x86_64"},    {"i686", "i386"},     {"i386", "i386"},
        {"aarch64", "aarch64"}, {"armv7hl", "armhfp"},  {"armv6l", "arm"},    {"ppc64le", "ppc64le"},
        {"s390x", "s390x"},     {"riscv64", "riscv64"}, {"noarch", "noarch"}, {"newarch9", "newarch9"},
    };
    for (const auto& [arch, expected] : rows) {
        EXPECT_EQ(basearch_of(arch), expected);
    }
}

TEST(Variables, version_of_os_release) {
    const std::pair<const char*, const char*> rows[] = {
        {"ID=x\nVERSION_ID=\"9.3\"\n", "9.3"},
        {"VERSION_ID=40", "40"},
        {"VERSION_ID='12'\n", "12"},
        {"VERSION_ID=\n", ""},
        {"ID=rolling\n", ""},
        {"VERSION_ID=\"../../x\"\n", ""},
        {"VERSION_ID=1\nVERSION_ID=2\n", "2"},
        {"# VERSION_ID=3\nXVERSION_ID=4\n", ""},
        {"VERSION_ID=\"9\r\n", ""},
    };
    for (const auto& [text, expected] : rows) {
        EXPECT_EQ(version_id_of(text), expected) << text;
    }
}

TEST(Variables, releasever_comes_from_the_root_and_not_from_where_its_links_lead) {
    const TempDirectory root;
    EXPECT_EQ(detect_releasever(root.path()), "");
    root.write("usr/lib/os-release", "VERSION_ID=9\n");
    EXPECT_EQ(detect_releasever(root.path()), "9");

    const TempDirectory outside;
    const auto foreign = outside.write("os-release", "VERSION_ID=13\n");
    std::filesystem::create_directories(root / "etc");
    std::filesystem::create_symlink(foreign, root / "etc/os-release");
    EXPECT_EQ(detect_releasever(root.path()), "9");

    std::filesystem::remove(root / "etc/os-release");
    std::filesystem::create_symlink("../usr/lib/os-release", root / "etc/os-release");
    EXPECT_EQ(detect_releasever(root.path()), "9");
}

TEST(Variables, files_set_variables_and_later_directories_win) {
    const TempDirectory root;
    root.write("etc/yum/vars/infra", "stock\n");
    root.write("etc/yum/vars/stream", "8-stream\nsecond line\n");
    root.write("etc/dnf/vars/stream", "9-stream\r\n");
    root.write("etc/lastack/vars/basearch", "riscv64");
    root.write("etc/yum/vars/README.rpmsave", "not a variable");
    std::vector<std::string> warnings;
    const Variables variables = load_variables(root.path(), warnings).values;
    EXPECT_EQ(variables.at("infra"), "stock");
    EXPECT_EQ(variables.at("stream"), "9-stream");
    EXPECT_EQ(variables.at("basearch"), "riscv64");
    EXPECT_TRUE(variables.contains("arch"));
    EXPECT_THAT(warnings, IsEmpty());
}

TEST(Variables, files_with_links_or_bad_values_are_left_out_with_a_warning) {
    const TempDirectory root;
    const auto target = root.write("secret", "token\n");
    root.write("etc/yum/vars/traversal", "../../etc\n");
    root.write("etc/yum/vars/empty", "\n");
    root.write("etc/yum/vars/big", std::string(1 << 20, 'x'));
    std::filesystem::create_symlink(target, root / "etc/yum/vars/link");
    std::vector<std::string> warnings;
    const Variables variables = load_variables(root.path(), warnings).values;
    for (const char* name : {"traversal", "empty", "big", "link"}) {
        EXPECT_FALSE(variables.contains(name)) << name;
        EXPECT_THAT(warnings, testing::Contains(HasSubstr(std::string{"/etc/yum/vars/"} + name))) << name;
    }
    EXPECT_EQ(warnings.size(), 4u);
}

TEST(Variables, releasever_has_parts) {
    TracedVariables variables;
    variables.set("releasever", "9.3", "a test");
    EXPECT_EQ(expand("$releasever_major-$releasever_minor", variables.values).text, "9-3");
    variables.set("releasever", "40", "another");
    EXPECT_EQ(expand("$releasever_major-$releasever_minor", variables.values).text, "40-");
    EXPECT_EQ(variables.origins.at("releasever_minor"), "another");
}

}  // namespace
}  // namespace lastack::repo
