#include "base/file.hpp"

#include "support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777u : 0u;
}

std::ptrdiff_t entries(const fs::path& directory) { return std::distance(fs::directory_iterator{directory}, fs::directory_iterator{}); }

class Umask {
public:
    explicit Umask(mode_t mask) : before_{::umask(mask)} {}
    ~Umask() { ::umask(before_); }
    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;

private:
    mode_t before_;
};

TEST(PublishFile, puts_the_whole_content_under_the_name_and_leaves_nothing_else) {
    const test::TempDirectory directory;
    ASSERT_TRUE(publish_file(directory / "f", "one"));
    ASSERT_TRUE(publish_file(directory / "f", "two\n"));
    EXPECT_EQ(directory.read("f"), "two\n");
    EXPECT_EQ(entries(directory.path()), 1);
}

TEST(PublishFile, gives_the_mode_asked_for_whatever_the_umask) {
    const test::TempDirectory directory;
    for (const mode_t mask : {0u, 0777u}) {
        const Umask umask{mask};
        ASSERT_TRUE(publish_file(directory / "f", "x", 0600));
        EXPECT_EQ(mode_of(directory / "f"), 0600u);
        ASSERT_TRUE(publish_file(directory / "f", "x"));
        EXPECT_EQ(mode_of(directory / "f"), 0644u);
    }
}

TEST(PublishFile, replaces_a_link_and_not_what_it_points_to) {
    const test::TempDirectory directory;
    directory.write("victim", "precious");
    fs::create_symlink(directory / "victim", directory / "f");
    ASSERT_TRUE(publish_file(directory / "f", "new"));
    EXPECT_EQ(directory.read("victim"), "precious");
    EXPECT_FALSE(fs::is_symlink(directory / "f"));
}

TEST(PublishFile, that_fails_keeps_the_old_state_and_no_temporary_file) {
    const test::TempDirectory directory;
    fs::create_directories(directory / "f/inside");
    EXPECT_FALSE(publish_file(directory / "f", "x"));  // a directory stands there
    EXPECT_EQ(entries(directory.path()), 1);
    EXPECT_EQ(publish_file(directory / "absent/f", "x").error().code, Errc::not_found);
}

TEST(ReadFile, ends_at_its_limit) {
    const test::TempDirectory directory;
    directory.write("f", std::string(1000, 'x'));
    EXPECT_EQ(read_file(directory / "f", 1000).value_or(""), std::string(1000, 'x'));
    EXPECT_EQ(read_file(directory / "f", 999).error().code, Errc::io_failed);
    EXPECT_EQ(read_file(directory / "absent").error().code, Errc::not_found);
    EXPECT_EQ(read_file(directory.path()).error().code, Errc::io_failed);
    ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(read_file(directory / "fifo").error().code, Errc::io_failed);
}

TEST(OpenFile, closes_on_exec) {
    const test::TempDirectory directory;
    const auto file = open_file(directory / "f", O_RDWR | O_CREAT, 0600);
    ASSERT_TRUE(file);
    EXPECT_NE(::fcntl(file->get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(mode_of(directory / "f"), 0600u);
}

TEST(FileDescriptor, closes_itself_once_whoever_holds_it_last) {
    const test::TempDirectory directory;
    int raw = -1;
    {
        FileDescriptor first{::open(directory.path().c_str(), O_RDONLY | O_CLOEXEC)};
        raw = first.get();
        FileDescriptor second{std::move(first)};
        EXPECT_FALSE(first.valid());
        FileDescriptor third;
        third = std::move(second);
        EXPECT_EQ(third.get(), raw);
        EXPECT_NE(::fcntl(raw, F_GETFD), -1);
    }
    EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

TEST(SystemError, says_what_the_user_can_do) {
    const std::pair<int, Errc> rows[] = {{ENOSPC, Errc::no_space},     {EDQUOT, Errc::no_space},     {EACCES, Errc::not_permitted},
                                         {EPERM, Errc::not_permitted}, {EROFS, Errc::not_permitted}, {ENOENT, Errc::not_found},
                                         {EIO, Errc::io_failed}};
    for (const auto& [number, code] : rows) {
        const Error error = system_error(number, "cannot do it");
        EXPECT_EQ(error.code, code) << number;
        EXPECT_TRUE(error.cause.starts_with("cannot do it: "));
        EXPECT_EQ(error.next_step.empty(), code == Errc::io_failed || code == Errc::not_found);
    }
}

TEST(WriteAt, writes_where_it_is_told) {
    const test::TempDirectory directory;
    directory.write("f", "0123456789");
    const auto file = open_file(directory / "f", O_RDWR);
    ASSERT_TRUE(file);
    ASSERT_TRUE(write_at(file->get(), std::as_bytes(std::span{std::string_view{"ab"}}), 3));
    EXPECT_EQ(directory.read("f"), "012ab56789");
    const auto reader = open_file(directory / "f", O_RDONLY);
    EXPECT_FALSE(write_at(reader->get(), std::as_bytes(std::span{std::string_view{"x"}}), 0));
}

TEST(MakeDirectories, makes_all_of_them_and_minds_no_existing_ones) {
    const test::TempDirectory directory;
    EXPECT_TRUE(make_directories(directory / "a/b/c"));
    EXPECT_TRUE(make_directories(directory / "a/b/c"));
    EXPECT_TRUE(fs::is_directory(directory / "a/b/c"));
    directory.write("file", "");
    EXPECT_FALSE(make_directories(directory / "file"));
    EXPECT_FALSE(make_directories(directory / "file/below"));
    EXPECT_FALSE(make_directories(directory / std::string(5000, 'x')));
}

}  // namespace
}  // namespace lastack
