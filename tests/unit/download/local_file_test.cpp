#include "download/local_file.hpp"

#include "download/error.hpp"
#include "http/error.hpp"
#include "support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <sys/stat.h>

namespace lastack::download {
namespace {

TEST(LocalFile, urls_lead_to_paths) {
    struct Row {
        const char* url;
        const char* path;  // nullptr: an error
    };
    for (const Row& row :
         {Row{"file:///a/b", "/a/b"}, Row{"file:/a/b", "/a/b"}, Row{"FILE://localhost/a", "/a"}, Row{"file:///a%20b%2fc", "/a b/c"},
          Row{"file:///a?b#c", "/a?b#c"}, Row{"file:///a%41", "/aA"}, Row{"file:a", nullptr}, Row{"file:", nullptr},
          Row{"file://", nullptr}, Row{"file://other/a", nullptr}, Row{"file:///a%", nullptr}, Row{"file:///a%4", nullptr},
          Row{"file:///a%zz", nullptr}, Row{"file:///a%00b", nullptr}}) {
        const auto path = path_of_file_url(row.url);
        EXPECT_EQ(path.has_value(), row.path != nullptr) << row.url;
        if (path && row.path != nullptr) {
            EXPECT_EQ(*path, row.path);
        } else if (!path) {
            EXPECT_EQ(path.error().code, Errc::invalid_argument) << row.url;
        }
    }
    EXPECT_TRUE(is_file_url("File:///a"));
    EXPECT_FALSE(is_file_url("http://h/file:"));
    EXPECT_FALSE(is_file_url("file"));
}

class OpenLocal : public testing::Test {
protected:
    [[nodiscard]] std::string url(std::string_view name) const { return "file://" + (directory / name).string(); }
    static std::error_code code(const Result<LocalPart>& part) { return part ? std::error_code{} : part.error().code; }
    test::TempDirectory directory;
};

TEST_F(OpenLocal, takes_a_regular_file_and_the_link_to_one) {
    directory.write("f", "0123456789");
    std::filesystem::create_symlink(directory / "f", directory / "link");
    for (const char* name : {"f", "link"}) {
        const auto part = open_local(url(name), std::nullopt, 10, 10);
        ASSERT_TRUE(part);
        EXPECT_EQ(part->first, 0u);
        EXPECT_EQ(part->size, 10u);
    }
}

TEST_F(OpenLocal, opens_nothing_else) {
    ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
    std::filesystem::create_symlink("/dev/zero", directory / "link");
    EXPECT_EQ(code(open_local(url("absent"), {}, {}, UINT64_MAX)), DownloadErrc::source_not_found);
    EXPECT_EQ(code(open_local(url(""), {}, {}, UINT64_MAX)), DownloadErrc::source_unusable);
    EXPECT_EQ(code(open_local(url("fifo"), {}, {}, UINT64_MAX)), DownloadErrc::source_unusable);
    EXPECT_EQ(code(open_local(url("link"), {}, {}, UINT64_MAX)), DownloadErrc::source_unusable);
}

TEST_F(OpenLocal, finds_the_range) {
    directory.write("f", "0123456789");
    const auto part = open_local(url("f"), ByteRange{.first = 3, .last = 5}, {}, UINT64_MAX);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->first, 3u);
    EXPECT_EQ(part->size, 3u);
    EXPECT_EQ(open_local(url("f"), ByteRange{.first = 3}, {}, UINT64_MAX)->size, 7u);
    EXPECT_EQ(open_local(url("f"), ByteRange{.first = 9, .last = UINT64_MAX}, {}, UINT64_MAX)->size, 1u);
    EXPECT_EQ(code(open_local(url("f"), ByteRange{.first = 10}, {}, UINT64_MAX)), http::HttpErrc::bad_range);
}

TEST_F(OpenLocal, compares_sizes) {
    directory.write("f", "0123456789");
    EXPECT_EQ(code(open_local(url("f"), {}, 9, UINT64_MAX)), DownloadErrc::size_mismatch);
    EXPECT_EQ(code(open_local(url("f"), {}, {}, 9)), DownloadErrc::too_large);
    EXPECT_EQ(code(open_local(url("f"), ByteRange{.first = 1}, 9, 9)), std::error_code{});
}

}  // namespace
}  // namespace lastack::download
