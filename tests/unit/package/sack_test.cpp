#include "package/error.hpp"
#include "unit/package/scenario.hpp"

#include <filesystem>

namespace lastack::test {
namespace {

using Lines = std::vector<std::string>;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<void> add(const TempDirectory& directory, std::string_view primary) {
    auto sack = package::Sack::open({.installroot = directory.path(), .arch = "x86_64"});
    return sack->add_repository({.id = "base", .primary = directory.write("primary.xml", primary)});
}

package::Package only_package(const PackageText& text) {
    const Scenario scenario{{.repos = {{.packages = {text}}}}};
    const auto packages = scenario.sack().available();
    return packages.size() == 1 ? packages.front() : package::Package{};
}

TEST(Sack, a_root_without_database_has_nothing_installed_and_stays_empty) {
    const TempDirectory root;
    const auto sack = package::Sack::open({.installroot = root.path(), .arch = "x86_64"});
    ASSERT_TRUE(sack.has_value()) << describe(sack.error());
    EXPECT_THAT(sack->installed(), IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty(root.path()));
}

TEST(Sack, a_package_has_all_that_primary_says) {
    const auto package = only_package({.name = "foo", .version = "1.2", .release = "3", .epoch = "4", .arch = "x86_64", .size = "123456"});
    const package::Package expected{.nevra = {"foo", "4", "1.2", "3", "x86_64"},
                                    .repo_id = "base",
                                    .summary = "The foo",
                                    .download_size = 123456,
                                    .installed_size = 4096,
                                    .location = "Packages/foo-1.2-3.x86_64.rpm",
                                    .digest = Digest{DigestAlgorithm::sha256, std::string(64, 'a')}};
    EXPECT_EQ(package, expected);
    EXPECT_EQ(package.nevra.str(), "foo-4:1.2-3.x86_64");
}

TEST(Sack, locations_come_back_as_they_were_written) {
    // libsolv abbreviates what it can rebuild from the package's name: those must not be changed by it.
    for (const char* href : {"foo-1-1.noarch.rpm", "noarch/foo-1-1.noarch.rpm", "Packages/f/foo-1-1.noarch.rpm", "Packages/f/other.rpm",
                             "other.rpm", "a/b/c/d/e/foo-1-1.noarch.rpm", "noarch/x.rpm", "foo 1.rpm", "../foo-1-1.noarch.rpm",
                             "/foo-1-1.noarch.rpm", "http://host/foo-1-1.noarch.rpm", "a/../../foo.rpm", "%2e%2e/foo.rpm", "x/"}) {
        const auto location = only_package({.name = "foo", .href = href}).location;
        EXPECT_TRUE(location == href || (location == std::string{"/"} + href && href[0] == '/')) << href << " became " << location;
    }
}

TEST(Sack, a_leading_dot_segment_is_all_that_libsolv_drops) {
    EXPECT_EQ(only_package({.name = "foo", .href = "./foo.rpm"}).location, "foo.rpm");
    EXPECT_EQ(only_package({.name = "foo", .href = "./../foo.rpm"}).location, "../foo.rpm");
}

TEST(Sack, xml_base_is_kept) {
    EXPECT_EQ(only_package({.name = "foo", .base = "https://elsewhere.example/x"}).base, "https://elsewhere.example/x");
}

TEST(Sack, weak_digests_are_told_and_missing_ones_are_none) {
    EXPECT_EQ(only_package({.name = "foo", .checksum_type = "md5", .checksum = std::string(32, 'a')}).digest,
              (Digest{DigestAlgorithm::md5, std::string(32, 'a')}));
    EXPECT_EQ(only_package({.name = "foo", .checksum_type = "sha", .checksum = std::string(40, 'a')}).digest,
              (Digest{DigestAlgorithm::sha1, std::string(40, 'a')}));
    EXPECT_EQ(only_package({.name = "foo", .checksum_type = ""}).digest, std::nullopt);
    EXPECT_EQ(only_package({.name = "foo", .checksum_type = "sha512", .checksum = std::string(128, 'B')}).digest,
              (Digest{DigestAlgorithm::sha512, std::string(128, 'b')}));
}

TEST(Sack, hostile_names_are_left_out_and_counted) {
    const Scenario scenario{{.repos = {{.id = "evil",
                                        .packages = {{.name = "good"},
                                                     {.name = "a/b"},
                                                     {.name = "../x"},
                                                     {.name = "%{lua:x}"},
                                                     {.name = "tab\there"},
                                                     {.name = "two words"},
                                                     {.name = "-rf"},
                                                     {.name = ".hidden"},
                                                     {.name = ""},
                                                     {.name = "\xc3\xa9"},
                                                     {.name = std::string(300, 'n')},
                                                     {.name = "v", .version = "1/2"},
                                                     {.name = "v", .version = ""},
                                                     {.name = "v", .version = "1-2"},
                                                     {.name = "r", .release = "%x"},
                                                     {.name = "r", .release = ""},
                                                     {.name = "s", .arch = "no/arch"}}}}}};
    EXPECT_EQ(nevras(scenario.sack().available()), (Lines{"good-1-1.noarch evil"}));
    EXPECT_THAT(scenario.sack().notices(), ElementsAre("Repository evil: 16 packages with an unacceptable name left out."));
    EXPECT_EQ(scenario.install({"*"}), (Lines{"install good-1-1.noarch evil"}));
}

TEST(Sack, a_hostile_package_is_no_provider_either) {
    const Scenario scenario{{.repos = {{.packages = {{.name = "foo", .needs = {"bar"}}, {.name = "b/ar", .provides = {"bar"}}}}}}};
    EXPECT_THAT(scenario.install({"foo"}), ElementsAre(HasSubstr("bar needed by foo-1-1.noarch")));
}

struct BadPrimary {
    const char* label;
    std::string text;
    const char* cause;
};

class BadMetadata : public ::testing::TestWithParam<BadPrimary> {};

TEST_P(BadMetadata, is_refused_with_the_file_and_the_reason) {
    const TempDirectory directory;
    const auto added = add(directory, GetParam().text);
    ASSERT_FALSE(added.has_value());
    EXPECT_EQ(added.error().code, package::PackageErrc::bad_metadata);
    EXPECT_THAT(added.error().cause, ::testing::AllOf(HasSubstr("primary.xml"), HasSubstr(GetParam().cause)));
}

std::string utf16(std::string_view ascii) {
    std::string out = "\xff\xfe";
    for (const char c : ascii) {
        out += c;
        out += '\0';
    }
    return out;
}

const std::string whole = primary_text({{.name = "foo"}});

INSTANTIATE_TEST_SUITE_P(
    Sack, BadMetadata,
    ::testing::Values(BadPrimary{"empty", "", "no root element"}, BadPrimary{"text", "hello", "not XML"},
                      BadPrimary{"cut", whole.substr(0, whole.size() - 20), ""},
                      BadPrimary{"crossed", "<metadata><package></metadata>", ""},
                      BadPrimary{"doctype", "<?xml version=\"1.0\"?>\n<!-- x -->\n<!DOCTYPE m [<!ENTITY a \"b\">]><metadata/>", "DOCTYPE"},
                      BadPrimary{"utf16", utf16("<!DOCTYPE m><metadata/>"), "not XML in UTF-8"},
                      BadPrimary{"unknown_checksum", primary_text({{.name = "foo", .checksum_type = "crc32"}}), "checksum"},
                      BadPrimary{"short_checksum", primary_text({{.name = "foo", .checksum = "abc"}}), "checksum"},
                      BadPrimary{"nested", primary_text({{.name = "foo", .needs = {std::string(100'000, '(')}}}), "groups"}),
    [](const auto& test) { return test.param.label; });

TEST(Sack, groups_are_counted_behind_character_references_too) {
    const TempDirectory directory;
    std::string references;
    for (int i = 0; i < 17; ++i) {
        references += i % 2 == 0 ? "&#0040;" : "&#x28;";
    }
    std::string text = primary_text({{.name = "foo", .needs = {"MARK"}}});
    text.replace(text.find("MARK"), 4, references);
    const auto added = add(directory, text);
    ASSERT_FALSE(added.has_value());
    EXPECT_THAT(added.error().cause, HasSubstr("groups"));
}

TEST(Sack, sixteen_groups_of_a_dependency_and_parentheses_elsewhere_are_fine) {
    const TempDirectory directory;
    const std::string open(16, '(');
    const std::string close(16, ')');
    std::string text = primary_text({{.name = "foo", .needs = {open + "a" + close, open + "perl(A) or perl(B)" + close}}});
    text.replace(text.find("The foo"), 7, std::string(1000, '('));
    const auto added = add(directory, text);
    EXPECT_TRUE(added.has_value()) << describe(added.error());
    EXPECT_FALSE(add(directory, primary_text({{.name = "foo", .needs = {"(" + open + "a)" + close}}})).has_value());
}

TEST(Sack, a_refused_repository_leaves_nothing_behind) {
    const TempDirectory directory;
    auto sack = package::Sack::open({.installroot = directory.path(), .arch = "x86_64"});
    ASSERT_FALSE(
        sack->add_repository({.id = "bad", .primary = directory.write("bad.xml", whole.substr(0, whole.size() - 20))}).has_value());
    EXPECT_THAT(sack->available(), IsEmpty());
    ASSERT_TRUE(sack->add_repository({.id = "good", .primary = directory.write("good.xml", whole)}).has_value());
    EXPECT_EQ(nevras(sack->available()), (Lines{"foo-1-1.noarch good"}));
}

TEST(Sack, a_missing_file_is_not_found) {
    const TempDirectory directory;
    auto sack = package::Sack::open({.installroot = directory.path(), .arch = "x86_64"});
    const auto added = sack->add_repository({.id = "base", .primary = directory / "none.xml"});
    ASSERT_FALSE(added.has_value());
    EXPECT_EQ(added.error().code, Errc::not_found);
}

TEST(Sack, lists_are_sorted_and_take_patterns) {
    const Scenario scenario{{.installed = {{.name = "b", .version = "2"},
                                           {.name = "kernel", .version = "1"},
                                           {.name = "kernel", .version = "3"},
                                           {.name = "a", .arch = "x86_64"}},
                             .repos = {{.packages = {{.name = "b", .version = "10"},
                                                     {.name = "b", .version = "9"},
                                                     {.name = "a", .version = "0", .arch = "x86_64"},
                                                     {.name = "c"}}}}}};
    EXPECT_EQ(nevras(scenario.sack().installed()),
              (Lines{"a-1-1.x86_64 installed", "b-2-1.noarch installed", "kernel-3-1.noarch installed", "kernel-1-1.noarch installed"}));
    EXPECT_EQ(nevras(scenario.sack().installed({"ker*", "a.x86_64"})),
              (Lines{"a-1-1.x86_64 installed", "kernel-3-1.noarch installed", "kernel-1-1.noarch installed"}));
    EXPECT_EQ(nevras(scenario.sack().available()), (Lines{"a-0-1.x86_64 base", "b-10-1.noarch base", "c-1-1.noarch base"}));
    EXPECT_EQ(nevras(scenario.sack().updates()), (Lines{"b-10-1.noarch base"}));
    EXPECT_EQ(nevras(scenario.sack().updates({"c"})), Lines{});
}

}  // namespace
}  // namespace lastack::test
