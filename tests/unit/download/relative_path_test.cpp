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

}  // namespace
}  // namespace lastack::download
