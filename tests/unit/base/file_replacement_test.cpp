#include "base/file_replacement.hpp"

#include "support/temp_directory.hpp"

#include "lastack/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace lastack {
namespace {

using test::TempDirectory;
using testing::HasSubstr;

namespace fs = std::filesystem;

std::size_t files_in(const fs::path& directory) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{directory}, fs::directory_iterator{}));
}

struct stat status_of(const fs::path& path) {
    struct stat info{};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info;
}

TEST(FileReplacement, gives_the_new_content_the_name_the_mode_and_the_attributes_of_the_old) {
    const TempDirectory directory;
    const fs::path path = directory.write("a.repo", "old");
    ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    const bool has_attributes = ::setxattr(path.c_str(), "user.note", "kept", 4, 0) == 0;
    auto replacement = FileReplacement::of(path);
    ASSERT_TRUE(replacement) << describe(replacement.error());
    ASSERT_TRUE(replacement->stage("new"));
    EXPECT_EQ(directory.read("a.repo"), "old");
    ASSERT_TRUE(replacement->commit());
    EXPECT_EQ(directory.read("a.repo"), "new");
    EXPECT_EQ(status_of(path).st_mode & 07777U, 0640U);
    EXPECT_EQ(files_in(directory.path()), 1U);
    if (has_attributes) {
        std::string value(4, '\0');
        EXPECT_EQ(::getxattr(path.c_str(), "user.note", value.data(), value.size()), 4);
        EXPECT_EQ(value, "kept");
    }
}

TEST(FileReplacement, keeps_the_owner) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root may give files away";
    }
    const TempDirectory directory;
    const fs::path path = directory.write("a.repo", "old");
    ASSERT_EQ(::chown(path.c_str(), 12, 34), 0);
    auto replacement = FileReplacement::of(path);
    ASSERT_TRUE(replacement && replacement->stage("new") && replacement->commit());
    EXPECT_EQ(status_of(path).st_uid, 12U);
    EXPECT_EQ(status_of(path).st_gid, 34U);
}

TEST(FileReplacement, makes_a_file_that_was_not_there) {
    const TempDirectory directory;
    auto replacement = FileReplacement::of(directory / "new.conf");
    ASSERT_TRUE(replacement && replacement->stage("x") && replacement->commit());
    EXPECT_EQ(directory.read("new.conf"), "x");
    EXPECT_EQ(status_of(directory / "new.conf").st_mode & 07777U, 0644U);
}

TEST(FileReplacement, that_is_given_up_leaves_the_old_file_alone) {
    const TempDirectory directory;
    const fs::path path = directory.write("a.repo", "old");
    {
        auto replacement = FileReplacement::of(path);
        ASSERT_TRUE(replacement && replacement->stage("new"));
    }
    EXPECT_EQ(directory.read("a.repo"), "old");
    EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(FileReplacement, is_one_at_a_time) {
    const TempDirectory directory;
    const fs::path path = directory.write("a.repo", "old");
    auto first = FileReplacement::of(path);
    ASSERT_TRUE(first);
    const auto second = FileReplacement::of(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::locked);
    ASSERT_TRUE(first->stage("new") && first->commit());
    EXPECT_TRUE(FileReplacement::of(path)) << "free again, though the first still lives";
}

TEST(FileReplacement, takes_over_what_a_killed_process_left_behind) {
    const TempDirectory directory;
    const fs::path path = directory.write("a.repo", "old");
    directory.write(".a.repo.edit", "half of something that was longer");
    auto replacement = FileReplacement::of(path);
    ASSERT_TRUE(replacement && replacement->stage("new") && replacement->commit());
    EXPECT_EQ(directory.read("a.repo"), "new");
    EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(FileReplacement, refuses_links_directories_pipes_and_files_that_are_read_only) {
    const TempDirectory directory;
    directory.write("target", "old");
    fs::create_symlink("target", directory / "link");
    fs::create_directory(directory / "directory");
    ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
    for (const char* name : {"link", "directory", "pipe"}) {
        EXPECT_FALSE(FileReplacement::of(directory / name)) << name;
    }
    fs::create_symlink("target", directory / ".x.edit");
    EXPECT_FALSE(FileReplacement::of(directory / "x"));
    fs::create_hard_link(directory / "target", directory / ".y.edit");
    EXPECT_FALSE(FileReplacement::of(directory / "y"));
    EXPECT_EQ(directory.read("target"), "old");
    if (::geteuid() != 0) {
        ASSERT_EQ(::chmod((directory / "target").c_str(), 0400), 0);
        const auto replacement = FileReplacement::of(directory / "target");
        ASSERT_FALSE(replacement);
        EXPECT_EQ(replacement.error().code, Errc::not_permitted);
        EXPECT_THAT(replacement.error().cause, HasSubstr("target"));
    }
}

}  // namespace
}  // namespace lastack
