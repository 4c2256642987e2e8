#include "download/relative_path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lastack::download {
namespace {

using namespace std::string_literals;

TEST(RelativePath, stays_below_the_directory) {
    for (const auto& path : {"a"s, "a/b/c.rpm"s, "..."s, "a/..b"s, ".hidden"s, "\u00e4 b"s, "-o"s, "a\\b"s, "~"s}) {
        EXPECT_TRUE(check_relative_path(path)) << path;
    }
}

TEST(RelativePath, that_could_lead_elsewhere_is_refused) {
    for (const auto& path : {""s, "/"s, "/etc/passwd"s, "."s, ".."s, "./a"s, "../a"s, "a/../b"s, "a/.."s, "a/."s, "a/"s, "a//b"s, "a\nb"s,
                             "a\x1b"s, "a\0b"s, "a\x7f"s, "\xff"s, "a\u202eb"s}) {
        const auto checked = check_relative_path(path);
        ASSERT_FALSE(checked) << path;
        EXPECT_EQ(checked.error().code, Errc::invalid_argument);
        EXPECT_THAT(checked.error().cause, testing::StartsWith("must be relative and lead nowhere else"));
        EXPECT_EQ(checked.error().cause.find('\x1b'), std::string::npos);
    }
}

TEST(RelativePath, is_no_longer_than_the_kernel_takes) {
    const auto segments = [](std::size_t number, std::size_t length) {
        std::string path(length, 'x');
        for (std::size_t i = 1; i < number; ++i) {
            path += "/" + std::string(length, 'x');
        }
        return path;
    };
    EXPECT_TRUE(check_relative_path(segments(1, 255)));
    EXPECT_TRUE(check_relative_path(segments(16, 255)));
    for (const auto& path :
         {segments(1, 256), "a/" + segments(1, 256) + "/b", segments(16, 255) + "/", segments(17, 255), segments(2048, 1) + "x"}) {
        const auto checked = check_relative_path(path);
        ASSERT_FALSE(checked) << path.size();
        EXPECT_LT(checked.error().cause.size(), 200U);
    }
    EXPECT_THAT(check_relative_path(segments(1, 256)).error().cause, testing::StartsWith("must be shorter"));
}

}  // namespace
}  // namespace lastack::download
