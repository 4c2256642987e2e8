// Rows M21, M22 and M30 of what a repository may send: valid XML that is meant to confuse or to exhaust. One that loads is also solved.
#include "support/temp_directory.hpp"
#include "unit/package/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace lastack::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

Scenario with(const std::vector<PackageText>& packages) { return Scenario{{.repos = {{.packages = packages}}}}; }

std::string number(int i) { return std::to_string(i); }

// Code with a sanitizer in it takes that much longer.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr int share = 50;
#else
constexpr int share = 1;
#endif

TEST(HostileMetadata, of_the_same_package_twice_the_first_is_taken_whatever_its_digest) {
    const PackageText first{.name = "foo", .href = "first.rpm", .checksum = std::string(64, 'a')};
    const PackageText second{.name = "foo", .href = "second.rpm", .checksum = std::string(64, 'b')};
    const PackageText same{.name = "foo", .href = "same.rpm", .checksum = std::string(64, 'a')};
    for (const auto& [packages, chosen] :
         {std::pair{std::vector{first, second}, "first.rpm"}, std::pair{std::vector{second, first}, "second.rpm"},
          std::pair{std::vector{first, same}, "first.rpm"}}) {
        for (int again = 0; again < 3; ++again) {
            const auto scenario = with(packages);
            const auto listed = scenario.sack().available();
            ASSERT_THAT(listed, SizeIs(1));
            EXPECT_EQ(listed.front().location, chosen);
            EXPECT_THAT(scenario.install({"foo"}), ElementsAre("install foo-1-1.noarch base"));
        }
    }
}

TEST(HostileMetadata, two_packages_of_one_digest_stay_two) {
    EXPECT_THAT(with({{.name = "foo"}, {.name = "bar"}}).sack().available(), SizeIs(2));
}

TEST(HostileMetadata, a_package_that_needs_itself_and_a_cycle_are_installed) {
    EXPECT_THAT(with({{.name = "foo", .needs = {"foo"}}}).install({"foo"}), SizeIs(1));
    constexpr int length = 1000;
    std::vector<PackageText> cycle;
    for (int i = 0; i < length; ++i) {
        cycle.push_back({.name = "p" + number(i), .needs = {"p" + number((i + 1) % length)}});
    }
    EXPECT_THAT(with(cycle).install({"p0"}), SizeIs(length));
}

TEST(HostileMetadata, a_million_provides_of_one_package_are_read) {
    PackageText package{.name = "foo"};
    for (int i = 0; i < 1'000'000 / share; ++i) {
        package.provides.push_back("p" + number(i));
    }
    EXPECT_THAT(with({package}).install({"foo"}), SizeIs(1));
}

TEST(HostileMetadata, obsoletes_a_hundred_thousand_deep_come_to_an_end) {
    constexpr int depth = 100'000 / share;
    std::vector<PackageText> chain{{.name = "p0"}};
    for (int i = 1; i < depth; ++i) {
        chain.push_back({.name = "p" + number(i), .obsoletes = {"p" + number(i - 1)}});
    }
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THAT(with(chain).install({"p0"}), SizeIs(1));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes{1});
}

TEST(HostileMetadata, versions_and_names_that_are_no_such_are_left_out) {
    for (const auto& [bad, what] : {std::pair<PackageText, std::string_view>{{.name = "x%{lua:os.exit()}"}, "macro"},
                                    {{.name = "x y"}, "space"},
                                    {{.name = "x/../../y"}, "slash"},
                                    {{.name = "x\xC2\x9B"
                                              "31m"},
                                     "control"},
                                    {{.name = "x", .version = "1;id"}, "version"},
                                    {{.name = "x", .release = "%(id)"}, "release"},
                                    {{.name = "x", .epoch = "0x1"}, "epoch"},
                                    {{.name = "x", .arch = "../x86_64"}, "arch"}}) {
        const auto scenario = with({bad, {.name = "good"}});
        EXPECT_THAT(nevras(scenario.sack().available()), ElementsAre("good-1-1.noarch base")) << what;
        EXPECT_THAT(scenario.sack().notices(), SizeIs(1)) << what;
        EXPECT_THAT(scenario.install({"good"}), SizeIs(1)) << what;
    }
}

TEST(HostileMetadata, a_name_of_64_KiB_and_garbage_flags_do_no_harm) {
    const std::string text = primary_text({{.name = std::string(64U << 10, 'n')}, {.name = "good", .needs = {"x >= 1"}}});
    for (const char* flags : {"flags=\"??\"", "flags=\"\"", "flags=\"GE\" epoch=\"-1\" ver=\"%{x}\"", "flags=\"GE\" ver=\"\""}) {
        std::string changed = text;
        const std::string_view part = "flags=\"GE\"";
        changed.replace(changed.find(part), part.size(), flags);
        const TempDirectory directory;
        auto sack = package::Sack::open({.installroot = directory.path(), .arch = "x86_64"});
        const auto added = sack->add_repository({.id = "base", .primary = directory.write("primary.xml", changed)});
        // Two attributes of one name are no XML; everything else is a dependency that nothing fulfils.
        EXPECT_TRUE(added || describe(added.error()).contains("duplicate attribute")) << flags;
        EXPECT_TRUE(sack->solve({.verb = package::Verb::install, .specs = {"good"}})) << flags;
    }
}

// What filelists.xml says of the package foo, which needs /usr/bin/tool.
Result<bool> tool_found(const std::string& files, int count = 1) {
    const TempDirectory directory;
    auto sack = package::Sack::open({.installroot = directory.path(), .arch = "x86_64"});
    std::string many;
    for (int i = 0; i < count; ++i) {
        many += files;
    }
    const auto primary = directory.write(
        "primary.xml", primary_text({{.name = "foo", .needs = {"/srv/tool"}}, {.name = "tool", .checksum = std::string(64, 'b')}}));
    const auto filelists = directory.write(
        "filelists.xml", "<filelists xmlns=\"http://linux.duke.edu/metadata/filelists\" packages=\"1\"><package pkgid=\"" +
                             std::string(64, 'b') + "\" name=\"tool\" arch=\"noarch\"><version epoch=\"0\" ver=\"1\" rel=\"1\"/>" + many +
                             "</package></filelists>");
    if (auto added = sack->add_repository({.id = "base", .primary = primary, .filelists = filelists}); !added) {
        return std::unexpected{added.error()};
    }
    const auto outcome = sack->solve({.verb = package::Verb::install, .specs = {"foo"}});
    return outcome && lines(*outcome).size() == 2;
}

TEST(HostileMetadata, file_lists_are_names_and_never_paths) {
    EXPECT_TRUE(tool_found("<file>/srv/tool</file>").value());
    for (const char* files : {"<file>../srv/tool</file>", "<file>/usr/../srv/tool</file>", "<file></file>", "<file>/</file>",
                              "<file type=\"dir\">/srv/tool/..</file>"}) {
        EXPECT_FALSE(tool_found(files).value()) << files;
    }
    EXPECT_FALSE(tool_found("<file>/srv/tool&#0;</file>")) << "NUL is no character of XML";
    EXPECT_FALSE(tool_found(std::string("<file>/srv/\0tool</file>", 24)));
}

TEST(HostileMetadata, many_files_are_streamed) { EXPECT_TRUE(tool_found("<file>/srv/tool</file>", 300'000).value()); }

}  // namespace
}  // namespace lastack::test
