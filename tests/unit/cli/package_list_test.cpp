#include "cli/package_list.hpp"

#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

package::Package package_of(std::string name, std::string version, std::string repo) {
    return {.nevra = {std::move(name), "0", std::move(version), "1", "noarch"}, .repo_id = std::move(repo)};
}

TEST(PackageList, sections_share_their_columns) {
    EXPECT_EQ(package_list({{"Installed Packages", {package_of("foo", "1", "installed"), package_of("libfoo-common", "2.17", "installed")}},
                            {"Available Packages", {package_of("bar", "3", "updates-testing")}}},
                           60),
              "Installed Packages\n"
              "foo.noarch                1-1           installed\n"
              "libfoo-common.noarch      2.17-1        installed\n"
              "Available Packages\n"
              "bar.noarch                3-1           updates-testing\n");
}

TEST(PackageList, an_empty_section_is_not_there) {
    EXPECT_EQ(package_list({{"Installed Packages", {}}}), "");
    EXPECT_EQ(package_list({}), "");
}

TEST(PackageList, check_update_begins_with_an_empty_line) {
    EXPECT_EQ(package_list({{"", {package_of("foo", "2", "updates")}}}, 40), "\nfoo.noarch       2-1       updates\n");
}

TEST(PackageList, a_long_name_pushes_the_rest_to_the_next_line) {
    const std::string name(60, 'n');
    EXPECT_EQ(
        package_list({{"Updated Packages", {package_of(name, "2", "updates"), package_of("a", "1", "updates")}}}, 40),
        "Updated Packages\n" + name + ".noarch\n                             2-1 updates\na.noarch                     1-1 updates\n");
}

TEST(PackageList, control_characters_are_escaped) {
    EXPECT_EQ(package_list({{"", {package_of("a\x1b[2J", "1\n", "r\t")}}}, 40), "\na\\x1b[2J.noarch    1\\x0a-1      r\\x09\n");
}

}  // namespace
}  // namespace lastack::cli
