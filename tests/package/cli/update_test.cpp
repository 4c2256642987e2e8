#include "base/text.hpp"
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MetadataFormat : public testing::TestWithParam<MetadataCompression> {};

TEST_P(MetadataFormat, is_read) {
    const ScratchRoot root;
    const NginxServer nginx({.root = root.served()});
    root.add_repository(nginx, "core", {{.name = "tool"}}, "gpgcheck=0\n", {.compression = GetParam()});
    const auto run = root.lastack({"-y", "install", "tool"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(root.installed(), ElementsAre("tool-1.0-1"));
}

std::string name_of(MetadataCompression compression) {
    switch (compression) {
        case MetadataCompression::gzip:
            return "gzip";
        case MetadataCompression::xz:
            return "xz";
        case MetadataCompression::zstd:
            return "zstd";
    }
    return "";
}

INSTANTIATE_TEST_SUITE_P(All, MetadataFormat,
                         testing::Values(MetadataCompression::gzip, MetadataCompression::xz, MetadataCompression::zstd),
                         [](const auto& each) { return name_of(each.param); });

std::string size_of(const RpmSpec& package) { return format_number(std::filesystem::file_size(lastack::test::build_rpm(package))); }

TEST(Update, shows_what_it_brings_along_and_replaces_in_yums_table) {
    const RpmSpec app{
        .name = "app", .version = "2.0", .requires_ = {"helper >= 1"}, .files = {{.path = "/usr/share/app", .content = "12345"}}};
    const RpmSpec helper{.name = "helper", .version = "1.4", .release = "3", .files = {{.path = "/usr/share/helper", .content = "123"}}};
    const RpmSpec modern{.name = "modern", .version = "1.0", .provides = {"classic = 1.0"}, .obsoletes = {"classic < 1"}};
    const ScratchRoot root;
    const NginxServer nginx({.root = root.served()});
    root.add_repository(nginx, "core", {app, helper});
    root.add_repository(nginx, "updates", {modern});
    root.install({{.name = "app"}, {.name = "classic", .version = "0.9"}});

    const auto run = root.lastack({"-y", "update"});

    EXPECT_EQ(run.status, 0) << told(run);
    const auto begin = run.out.find("Dependencies Resolved");
    ASSERT_NE(begin, std::string::npos) << told(run);
    const auto total = format_number(std::filesystem::file_size(lastack::test::build_rpm(app)) +
                                     std::filesystem::file_size(lastack::test::build_rpm(helper)) +
                                     std::filesystem::file_size(lastack::test::build_rpm(modern)));
    EXPECT_EQ(run.out.substr(begin, run.out.find("Downloading packages:") - begin),
              "Dependencies Resolved\n"
              "\n"
              "================================================================================\n"
              " Package           Arch             Version           Repository            Size\n"
              "================================================================================\n"
              "Installing:\n"
              " modern            noarch           1.0-1             updates              " +
                  size_of(modern) +
                  "\n"
                  "     replacing  classic.noarch 0.9-1\n"
                  "Updating:\n"
                  " app               noarch           2.0-1             core                 " +
                  size_of(app) +
                  "\n"
                  "Installing for dependencies:\n"
                  " helper            noarch           1.4-3             core                 " +
                  size_of(helper) +
                  "\n"
                  "\n"
                  "Transaction Summary\n"
                  "================================================================================\n"
                  "Install  1 Package (+1 Dependent package)\n"
                  "Upgrade  1 Package\n"
                  "\n"
                  "Total download size: " +
                  total +
                  "\n"
                  "Installed size: 8\n");
    EXPECT_THAT(run.out, HasSubstr("\n"
                                   "Installed:\n"
                                   "  modern.noarch 0:1.0-1\n"
                                   "\n"
                                   "Dependency Installed:\n"
                                   "  helper.noarch 0:1.4-3\n"
                                   "\n"
                                   "Updated:\n"
                                   "  app.noarch 0:2.0-1\n"
                                   "\n"
                                   "Replaced:\n"
                                   "  classic.noarch 0:0.9-1\n"
                                   "\n"
                                   "Complete!\n"));
    EXPECT_THAT(root.installed(), ElementsAre("app-2.0-1", "helper-1.4-3", "modern-1.0-1"));
}

TEST(Update, reports_a_failing_scriptlet_with_status_1) {
    const ScratchRoot root;
    const NginxServer nginx({.root = root.served()});
    root.install({lastack::test::shell_package(), {.name = "tool"}});
    root.add_repository(nginx, "core",
                        {{.name = "tool", .version = "2.0", .scriptlets = {{.section = "%post", .body = "echo it says so; exit 3"}}}});
    const auto run = root.lastack({"-y", "update"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.out, HasSubstr("it says so\n"));
    EXPECT_THAT(run.err, HasSubstr("tool-2.0-1.noarch"));
}

TEST(Update, that_rpm_refuses_changes_nothing) {
    const ScratchRoot root;
    const NginxServer nginx({.root = root.served()});
    root.install({{.name = "owner", .files = {{.path = "/usr/share/one", .content = "owner's"}}}, {.name = "tool"}});
    root.add_repository(nginx, "core", {{.name = "tool", .version = "2.0", .files = {{.path = "/usr/share/one", .content = "tool's"}}}});
    const auto run = root.lastack({"-y", "update"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("/usr/share/one"));
    EXPECT_THAT(root.installed(), ElementsAre("owner-1.0-1", "tool-1.0-1"));
}

TEST(Update, of_a_package_that_is_not_what_the_metadata_announced_is_refused) {
    const ScratchRoot root;
    const NginxServer nginx({.root = root.served()});
    root.install({{.name = "tool"}});
    const RpmSpec announced{.name = "tool", .version = "2.0"};
    root.add_repository(nginx, "core", {announced});
    const auto file = root.served() / "core/Packages" / lastack::test::build_rpm(announced).filename();
    std::filesystem::remove(file);  // a link to the file that other tests use
    std::filesystem::copy_file(lastack::test::build_rpm({.name = "other"}), file);
    const auto run = root.lastack({"-y", "--setopt=retries=2", "update"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("Error downloading packages:\n  tool-2.0-1.noarch: "));
    EXPECT_THAT(root.installed(), ElementsAre("tool-1.0-1"));
}

}  // namespace
}  // namespace lastack::cli::test
