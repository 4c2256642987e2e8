#include "repo/updateinfo.hpp"

#include "read_in_steps.hpp"
#include "repo/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastack::repo {
namespace {

using testing::HasSubstr;

Result<std::vector<Advisory>> parse(std::string_view text, std::size_t step = 1 << 20) {
    std::vector<Advisory> advisories;
    UpdateinfoReader reader{"updateinfo.xml", [&](Advisory&& advisory) { advisories.push_back(std::move(advisory)); }};
    auto read = test::read_in_steps(reader, text, step);
    return read ? Result<std::vector<Advisory>>{std::move(advisories)} : std::unexpected(read.error());
}

const std::string complete = R"(<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="security@example.org" status="final" type="security" version="2.0">
    <id>EX-2024-1</id>
    <title>An update</title>
    <issued date="2024-02-29 12:34:56"/>
    <updated date="2024-03-01T00:00:00Z"/>
    <severity>Important</severity>
    <rights>Nobody's</rights>
    <release>Example 9</release>
    <pushcount>2</pushcount>
    <summary>Short</summary>
    <description>Long &lt;b&gt;and</description>
    <solution>Update</solution>
    <references>
      <reference href="https://example.org/CVE-2024-1" id="CVE-2024-1" type="cve" title="A hole"/>
      <reference href="https://example.org/EX-2024-1" id="EX-2024-1" type="self"/>
    </references>
    <pkglist>
      <collection short="EX-9">
        <name>Example 9</name>
        <module name="m" stream="1" version="2" context="c" arch="x86_64"/>
        <package name="foo" version="1.2" release="3" epoch="1" arch="x86_64" src="foo-1.2-3.src.rpm">
          <filename>foo-1.2-3.x86_64.rpm</filename>
          <sum type="sha256">abc</sum>
          <reboot_suggested>True</reboot_suggested>
        </package>
        <package name="bar" version="2" release="1" arch="noarch">
          <relogin_suggested/>
          <restart_suggested>0</restart_suggested>
        </package>
      </collection>
    </pkglist>
  </update>
  <update type="bugfix"><id>EX-2024-2</id></update>
</updates>
)";

TEST(Updateinfo, every_advisory_is_read_with_its_references_and_packages) {
    const Advisory first{
        .id = "EX-2024-1",
        .type = "security",
        .status = "final",
        .severity = "Important",
        .title = "An update",
        .from = "security@example.org",
        .issued = 1709210096,
        .updated = 1709251200,
        .summary = "Short",
        .description = "Long <b>and",
        .solution = "Update",
        .rights = "Nobody's",
        .release = "Example 9",
        .push_count = "2",
        .reboot_suggested = true,
        .references = {{.type = "cve", .id = "CVE-2024-1", .title = "A hole", .href = "https://example.org/CVE-2024-1"},
                       {.type = "self", .id = "EX-2024-1", .href = "https://example.org/EX-2024-1"}},
        .packages = {{.name = "foo",
                      .epoch = "1",
                      .version = "1.2",
                      .release = "3",
                      .arch = "x86_64",
                      .collection = "EX-9",
                      .reboot_suggested = true},
                     {.name = "bar", .version = "2", .release = "1", .arch = "noarch", .collection = "EX-9", .relogin_suggested = true}},
        .modules = {{.name = "m", .stream = "1", .version = "2", .context = "c", .arch = "x86_64"}}};
    for (const std::size_t step : {std::size_t{1}, std::size_t{13}, complete.size()}) {
        const auto advisories = parse(complete, step);
        ASSERT_TRUE(advisories) << describe(advisories.error());
        ASSERT_EQ(advisories->size(), 2u);
        EXPECT_EQ(advisories->front(), first);
        EXPECT_EQ(advisories->back(), (Advisory{.id = "EX-2024-2", .type = "bugfix"}));
    }
}

TEST(Updateinfo, dates_come_in_several_forms_and_wrong_ones_are_none) {
    const std::pair<const char*, std::optional<std::int64_t>> rows[] = {
        {"1970-01-02", 86400},
        {"1970-01-01 00:00:01", 1},
        {"1970-01-01T00:01", 60},
        {"1970-01-01 00:00:01.123456", 1},
        {"1970-01-01 00:00:01 UTC", 1},
        {"1970-01-01T00:00:01+00:00", 1},
        {"86401", 86401},
        {"", std::nullopt},
        {"2023-02-29", std::nullopt},
        {"2023-13-01", std::nullopt},
        {"2023-1-1", std::nullopt},
        {"2023-01-01 24:00:00", std::nullopt},
        {"2023-01-01 12:00:00 +05:00", std::nullopt},
        {"2023-01-01x", std::nullopt},
        {"-1", std::nullopt},
        {"1.5", std::nullopt},
        {"18446744073709551615", std::nullopt},
        {"yesterday", std::nullopt},
    };
    for (const auto& [text, expected] : rows) {
        EXPECT_EQ(advisory_date(text), expected) << text;
    }
}

TEST(Updateinfo, what_no_repository_has_is_refused_with_its_place) {
    const auto updates = [](const std::string& inner) { return "<updates>" + inner + "</updates>"; };
    const auto packages = [&](const std::string& inner) {
        return updates("<update><id>a</id><pkglist><collection>" + inner + "</collection></pkglist></update>");
    };
    const auto repeated = [](const std::string& what, std::size_t times) {
        std::string text;
        for (std::size_t i = 0; i < times; ++i) {
            text += what;
        }
        return text;
    };
    const std::pair<std::string, const char*> rows[] = {
        {updates("<update/>"), "no id"},
        {updates("<update><id/></update>"), "id of an advisory is missing"},
        {updates("<update><id>" + std::string(1 << 20, 'x') + "</id></update>"), "longer than"},
        {updates("<update><id>" + std::string(600, 'x') + "</id></update>"), "longer than 512"},
        {updates("<update><id>a</id><references>" + repeated("<reference id='x'/>", 10'001) + "</references></update>"),
         "more than 10000 references"},
        {packages("<package version='1'/>"), "name of a package is missing"},
        {packages("<package name='x'/>"), "version of a package is missing"},
        {packages(repeated("<package name='x' version='1'/>", 100'001)), "more than 100000 packages"},
    };
    for (const auto& [text, cause] : rows) {
        const auto advisories = parse(text);
        ASSERT_FALSE(advisories) << text.substr(0, 80);
        EXPECT_EQ(advisories.error().code, RepoErrc::bad_metadata);
        EXPECT_THAT(advisories.error().cause, testing::StartsWith("updateinfo.xml:1:")) << text.substr(0, 80);
        EXPECT_THAT(advisories.error().cause, HasSubstr(cause)) << text.substr(0, 80);
    }
}

}  // namespace
}  // namespace lastack::repo
