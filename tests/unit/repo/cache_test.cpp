#include "repo/cache.hpp"

#include "repo/error.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lastack::repo {
namespace {

using test::TempDirectory;
using testing::HasSubstr;

namespace fs = std::filesystem;

fs::perms mode_of(const fs::path& path) { return fs::status(path).permissions(); }

TEST(Cache, the_directory_is_made_with_our_mode_whatever_the_umask) {
    const TempDirectory root;
    for (const mode_t mask : {mode_t{0}, mode_t{077}, mode_t{0777}}) {
        const fs::path directory = root / ("u" + std::to_string(mask)) / "cache" / "lastack";
        const mode_t before = ::umask(mask);
        const auto cache = Cache::open(directory);
        ::umask(before);
        ASSERT_TRUE(cache) << describe(cache.error());
        EXPECT_EQ(mode_of(directory), fs::perms{0755});
        EXPECT_EQ(mode_of(directory / "lock"), fs::perms{0644});
    }
}

TEST(Cache, a_second_open_is_refused_and_names_the_holder) {
    const TempDirectory root;
    auto first = Cache::open(root / "c");
    ASSERT_TRUE(first);
    const auto second = Cache::open(root / "c");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, RepoErrc::cache_locked);
    EXPECT_THAT(second.error().cause, HasSubstr("process " + std::to_string(::getpid())));
}

TEST(Cache, the_lock_ends_with_its_owner) {
    const TempDirectory root;
    {
        ASSERT_TRUE(Cache::open(root / "c"));
    }
    EXPECT_TRUE(Cache::open(root / "c"));
}

TEST(Cache, the_lock_of_a_killed_process_is_free) {
    const TempDirectory root;
    std::array<int, 2> ready{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto cache = Cache::open(root / "c");
        (void)!::write(ready[1], cache ? "y" : "n", 1);
        ::pause();
        ::_exit(0);
    }
    char answer = 0;
    ASSERT_EQ(::read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    const auto refused = Cache::open(root / "c");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, RepoErrc::cache_locked);
    EXPECT_THAT(refused.error().cause, HasSubstr("process " + std::to_string(child)));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(Cache::open(root / "c")) << "its pid still stands in the file, which means nothing";
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST(Cache, garbage_in_the_lock_file_does_not_matter) {
    const TempDirectory root;
    for (const char* content : {"", "not a pid", "99999999999999999999", "1\x1b[2J"}) {
        root.write("c/lock", content);
        EXPECT_TRUE(Cache::open(root / "c")) << content;
    }
}

TEST(Cache, a_lock_that_is_a_link_or_a_pipe_is_refused) {
    const TempDirectory root;
    root.write("victim", "precious");
    fs::create_directory(root / "c");
    fs::create_symlink(root / "victim", root / "c/lock");
    EXPECT_FALSE(Cache::open(root / "c"));
    EXPECT_EQ(root.read("victim"), "precious");
    fs::remove(root / "c/lock");
    ASSERT_EQ(::mkfifo((root / "c/lock").c_str(), 0600), 0);
    EXPECT_FALSE(Cache::open(root / "c"));
}

TEST(Cache, the_descriptor_is_not_inherited) {
    const TempDirectory root;
    const auto cache = Cache::open(root / "c");
    ASSERT_TRUE(cache);
    bool found = false;
    for (const auto& entry : fs::directory_iterator{"/proc/self/fd"}) {
        std::error_code ignored;
        if (fs::read_symlink(entry.path(), ignored) == root / "c/lock") {
            found = true;
            EXPECT_NE(::fcntl(std::stoi(entry.path().filename().string()), F_GETFD) & FD_CLOEXEC, 0);
        }
    }
    EXPECT_TRUE(found);
}

TEST(Cache, a_directory_that_others_may_write_is_refused_by_name) {
    const TempDirectory root;
    const fs::path directory = root / "c";
    fs::create_directory(directory);
    fs::permissions(directory, fs::perms{0777});
    const auto cache = Cache::open(directory);
    ASSERT_FALSE(cache);
    EXPECT_EQ(cache.error().code, RepoErrc::cache_unusable);
    EXPECT_THAT(cache.error().cause, HasSubstr(directory.string()));
    fs::permissions(directory, fs::perms{0755});
    EXPECT_TRUE(Cache::open(directory));
}

TEST(Cache, as_root_somebody_else_s_directory_is_refused) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can make one";
    }
    const TempDirectory root;
    const fs::path directory = root / "c";
    fs::create_directory(directory);
    ASSERT_EQ(::chown(directory.c_str(), 12345, 12345), 0);
    const auto cache = Cache::open(directory);
    ASSERT_FALSE(cache);
    EXPECT_EQ(cache.error().code, RepoErrc::cache_unusable);
    EXPECT_THAT(cache.error().cause, HasSubstr("12345"));
    ASSERT_EQ(::chown(directory.c_str(), 0, 0), 0);
    fs::permissions(directory, fs::perms{0775});
    EXPECT_FALSE(Cache::open(directory)) << "group-writable";
}

TEST(Cache, a_file_in_its_place_is_an_error) {
    const TempDirectory root;
    root.write("c", "");
    const auto cache = Cache::open(root / "c");
    ASSERT_FALSE(cache);
    EXPECT_EQ(cache.error().code, RepoErrc::cache_unusable);
    EXPECT_FALSE(Cache::open(root / "c/below"));
}

// Two repositories as a run leaves them.
class CleanCache : public testing::Test {
protected:
    CleanCache() : cache{*Cache::open(root / "c")} {
        for (const char* id : {"a", "b"}) {
            for (const char* name : {"repomd.xml", "refresh.state", "mirrorlist.txt", "0123-primary.xml.gz", "gen/primary.xml",
                                     "packages/x.rpm", "packages/y.rpm.part"}) {
                root.write("c/" + std::string{id} + "/" + name, "x");
            }
        }
    }
    bool exists(const std::string& name) const { return fs::exists(fs::symlink_status(root / ("c/" + name))); }

    TempDirectory root;
    Cache cache;
};

TEST_F(CleanCache, packages_removes_packages_only) {
    EXPECT_EQ(cache.clean(Cache::Clean::packages).value_or(0), 4u);
    EXPECT_FALSE(exists("a/packages/x.rpm"));
    EXPECT_FALSE(exists("b/packages/y.rpm.part"));
    EXPECT_TRUE(exists("a/repomd.xml"));
    EXPECT_TRUE(exists("b/gen/primary.xml"));
}

TEST_F(CleanCache, metadata_keeps_packages) {
    EXPECT_EQ(cache.clean(Cache::Clean::metadata).value_or(0), 10u);
    EXPECT_TRUE(exists("a/packages/x.rpm"));
    for (const char* name : {"a/repomd.xml", "a/refresh.state", "a/mirrorlist.txt", "a/0123-primary.xml.gz", "b/gen"}) {
        EXPECT_FALSE(exists(name)) << name;
    }
}

TEST_F(CleanCache, expire_removes_the_dates_only) {
    EXPECT_EQ(cache.clean(Cache::Clean::expire).value_or(0), 2u);
    EXPECT_FALSE(exists("a/refresh.state"));
    EXPECT_TRUE(exists("a/repomd.xml"));
}

TEST_F(CleanCache, all_removes_the_repositories_and_keeps_the_lock) {
    EXPECT_EQ(cache.clean(Cache::Clean::all).value_or(0), 14u);
    EXPECT_FALSE(exists("a"));
    EXPECT_FALSE(exists("b"));
    EXPECT_TRUE(exists("lock"));
    EXPECT_FALSE(Cache::open(root / "c")) << "still locked";
    EXPECT_EQ(cache.clean(Cache::Clean::all).value_or(99), 0u);
}

TEST_F(CleanCache, symbolic_links_are_never_followed) {
    root.write("outside/keep", "precious");
    root.write("outside/packages/keep.rpm", "precious");
    root.write("outside/repomd.xml", "precious");
    fs::create_directory_symlink(root / "outside", root / "c/linked");
    fs::create_directory_symlink(root / "outside", root / "c/a/packages/dir");
    fs::create_symlink(root / "outside/keep", root / "c/a/packages/file");
    fs::remove_all(root / "c/b/packages");
    fs::create_directory_symlink(root / "outside", root / "c/b/packages");
    for (const auto what : {Cache::Clean::expire, Cache::Clean::packages, Cache::Clean::metadata, Cache::Clean::all}) {
        ASSERT_TRUE(cache.clean(what));
        EXPECT_EQ(root.read("outside/keep"), "precious");
        EXPECT_EQ(root.read("outside/packages/keep.rpm"), "precious");
        EXPECT_EQ(root.read("outside/repomd.xml"), "precious");
    }
    EXPECT_FALSE(exists("a"));
    EXPECT_FALSE(exists("b"));
}

TEST_F(CleanCache, what_is_no_repository_is_left_alone) {
    root.write("c/.hidden/repomd.xml", "x");
    root.write("c/README", "x");
    ASSERT_TRUE(cache.clean(Cache::Clean::all));
    EXPECT_TRUE(exists(".hidden/repomd.xml"));
    EXPECT_TRUE(exists("README"));
}

TEST_F(CleanCache, pipes_and_unreadable_files_are_removed_like_others) {
    ASSERT_EQ(::mkfifo((root / "c/a/packages/pipe").c_str(), 0), 0);
    EXPECT_EQ(cache.clean(Cache::Clean::packages).value_or(0), 5u);
    EXPECT_FALSE(exists("a/packages/pipe"));
}

}  // namespace
}  // namespace lastack::repo
