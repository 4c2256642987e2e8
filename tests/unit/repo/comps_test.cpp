#include "repo/comps.hpp"

#include "repo/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lastack::repo {
namespace {

using testing::HasSubstr;

const std::string complete = R"(<?xml version="1.0" encoding="UTF-8"?>
<comps>
  <group variant="BaseOS">
    <id>core</id>
    <name>Core</name>
    <name xml:lang="de">Kern</name>
    <name xml:lang="pt_BR">N&#xFA;cleo</name>
    <description>Least</description>
    <description xml:lang="de">Das Wenigste</description>
    <default>true</default>
    <uservisible>false</uservisible>
    <biarchonly>True</biarchonly>
    <langonly>de</langonly>
    <display_order>-5</display_order>
    <packagelist>
      <packagereq type="mandatory">bash</packagereq>
      <packagereq>coreutils</packagereq>
      <packagereq type="default">dnf</packagereq>
      <packagereq type="optional" basearchonly="true">grub2</packagereq>
      <packagereq type="conditional" requires="glibc">glibc-langpack-de</packagereq>
    </packagelist>
  </group>
  <category>
    <id>base</id>
    <name>Base</name>
    <description>Groups</description>
    <display_order>7</display_order>
    <grouplist><groupid>core</groupid><groupid>other</groupid></grouplist>
  </category>
  <environment>
    <id>minimal</id>
    <name>Minimal</name>
    <description>Little</description>
    <display_order>3</display_order>
    <grouplist><groupid>core</groupid></grouplist>
    <optionlist><groupid default="true">guest</groupid><groupid>standard</groupid></optionlist>
  </environment>
  <langpacks>
    <match name="firefox" install="firefox-langpack-%s"/>
  </langpacks>
</comps>
)";

TEST(Comps, groups_categories_environments_and_langpacks_are_read) {
    const auto comps = parse_comps(complete, "comps.xml");
    ASSERT_TRUE(comps) << describe(comps.error());
    CompsGroup group;
    group.id = "core";
    group.name = "Core";
    group.description = "Least";
    group.names = {{"de", "Kern"},
                   {"pt_BR",
                    "N\xC3\xBA"
                    "cleo"}};
    group.descriptions = {{"de", "Das Wenigste"}};
    group.display_order = -5;
    group.is_default = true;
    group.user_visible = false;
    group.bi_arch_only = true;
    group.lang_only = "de";
    group.packages = {{.name = "bash"},
                      {.name = "coreutils"},
                      {.name = "dnf", .type = CompsPackageType::default_},
                      {.name = "grub2", .type = CompsPackageType::optional, .base_arch_only = true},
                      {.name = "glibc-langpack-de", .type = CompsPackageType::conditional, .requires_package = "glibc"}};
    CompsCategory category;
    category.id = "base";
    category.name = "Base";
    category.description = "Groups";
    category.display_order = 7;
    category.group_ids = {"core", "other"};
    CompsEnvironment environment;
    environment.id = "minimal";
    environment.name = "Minimal";
    environment.description = "Little";
    environment.display_order = 3;
    environment.group_ids = {"core"};
    environment.options = {{.group_id = "guest", .is_default = true}, {.group_id = "standard"}};
    EXPECT_EQ(comps->groups, std::vector{group});
    EXPECT_EQ(comps->categories, std::vector{category});
    EXPECT_EQ(comps->environments, std::vector{environment});
    EXPECT_EQ(comps->langpacks, (std::vector<CompsLangpack>{{.name = "firefox", .install = "firefox-langpack-%s"}}));
}

TEST(Comps, of_a_group_that_says_nothing_else_the_defaults_are_yum_s) {
    const auto comps = parse_comps("<comps><group><id>a</id></group></comps>", "comps.xml");
    ASSERT_TRUE(comps);
    EXPECT_TRUE(comps->groups.front().user_visible);
    EXPECT_FALSE(comps->groups.front().is_default);
    EXPECT_FALSE(comps->groups.front().display_order);
}

TEST(Comps, groups_that_name_each_other_or_themselves_are_only_names) {
    const auto comps = parse_comps(
        "<comps><category><id>a</id><grouplist><groupid>a</groupid></grouplist></category>"
        "<environment><id>e</id><grouplist><groupid>e</groupid></grouplist></environment></comps>",
        "comps.xml");
    ASSERT_TRUE(comps);
    EXPECT_EQ(comps->environments.front().group_ids, std::vector<std::string>{"e"});
}

TEST(Comps, elements_that_are_not_known_are_passed_over) {
    const auto comps = parse_comps(
        "<comps><blacklist><package name='x'/></blacklist><group><id>a</id><packagelist><groupreq>b</groupreq></packagelist>"
        "<grouplist><groupid>c</groupid></grouplist></group></comps>",
        "comps.xml");
    ASSERT_TRUE(comps) << describe(comps.error());
    EXPECT_TRUE(comps->groups.front().packages.empty());
}

TEST(Comps, what_no_repository_has_is_refused_with_its_place) {
    const auto repeated = [](const std::string& what, std::size_t times) {
        std::string text;
        for (std::size_t i = 0; i < times; ++i) {
            text += what;
        }
        return text;
    };
    std::string languages;
    for (int i = 0; i < 501; ++i) {
        languages += "<name xml:lang='l" + std::to_string(i) + "'>x</name>";
    }
    const std::pair<std::string, const char*> rows[] = {
        {"<group/>", "<group> has no id"},
        {"<environment><name>x</name></environment>", "<environment> has no id"},
        {"<category><id> </id></category>", "id is missing"},
        {"<group><id>" + std::string(1 << 17, 'x') + "</id></group>", "longer than 512"},
        {"<group><id>a</id><packagelist><packagereq type='weird'>x</packagereq></packagelist></group>", "unknown type 'weird'"},
        {"<group><id>a</id><packagelist><packagereq/></packagelist></group>", "name of a package is missing"},
        {"<group><id>a</id><packagelist>" + repeated("<packagereq>x</packagereq>", 50'001) + "</packagelist></group>", "more than 50000"},
        {"<category><id>a</id><grouplist>" + repeated("<groupid>x</groupid>", 50'001) + "</grouplist></category>", "more than 50000"},
        {repeated("<group><id>a</id></group>", 10'001), "more than 10000"},
        {"<group><id>a</id>" + languages + "</group>", "more than 500 translations"},
    };
    for (const auto& [inner, cause] : rows) {
        const auto comps = parse_comps("<comps>" + inner + "</comps>", "comps.xml");
        ASSERT_FALSE(comps) << inner.substr(0, 80);
        EXPECT_EQ(comps.error().code, RepoErrc::bad_metadata);
        EXPECT_THAT(comps.error().cause, testing::StartsWith("comps.xml:1:"));
        EXPECT_THAT(comps.error().cause, HasSubstr(cause)) << inner.substr(0, 80);
    }
}

}  // namespace
}  // namespace lastack::repo
