#include "package/root_access.hpp"

#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace lastack::package {
namespace {

namespace fs = std::filesystem;

using lastack::test::TempDirectory;

TEST(RootAccess, a_root_of_ones_own_may_be_written) {
    const TempDirectory root;
    EXPECT_TRUE(check_root_access(root.path()));
    root.write("usr/lib/sysimage/rpm/rpmdb.sqlite", "");
    EXPECT_TRUE(check_root_access(root.path()));
}

TEST(RootAccess, a_root_that_is_not_there_counts_as_its_parent) {
    const TempDirectory parent;
    EXPECT_TRUE(check_root_access(parent / "a/b/c"));
    EXPECT_FALSE(fs::exists(parent / "a")) << "looking changes nothing";
}

TEST(RootAccess, a_directory_that_may_not_be_written_is_named) {
    if (::geteuid() == 0) {
        GTEST_SKIP() << "root may write everywhere; package_bad_input tries it with a read-only mount";
    }
    const TempDirectory root;
    fs::create_directories(root / "usr/lib/sysimage/rpm");
    fs::permissions(root / "usr/lib/sysimage/rpm", fs::perms{0555});
    const auto allowed = check_root_access(root.path());
    ASSERT_FALSE(allowed);
    EXPECT_EQ(allowed.error().code, Errc::not_permitted);
    EXPECT_THAT(allowed.error().cause, testing::HasSubstr((root / "usr/lib/sysimage/rpm").string()));
    EXPECT_THAT(allowed.error().next_step, testing::HasSubstr("run it as root"));
}

}  // namespace
}  // namespace lastack::package
