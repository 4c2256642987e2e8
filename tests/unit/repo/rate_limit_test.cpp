#include "repo/rate_limit.hpp"

#include "repo/option_value.hpp"

#include <gtest/gtest.h>

namespace lastack::repo {
namespace {

TEST(RateLimit, is_bytes_per_second_or_a_part_of_the_bandwidth) {
    EXPECT_EQ(rate_of({}, 0), 0u);
    EXPECT_EQ(rate_of({}, 1000), 0u);
    EXPECT_EQ(rate_of({.bytes_per_second = 500}, 1000), 500u);
    EXPECT_EQ(rate_of({.part = 0.5}, 1000), 500u);
    EXPECT_EQ(rate_of({.part = 1}, 1000), 1000u);
    EXPECT_EQ(rate_of({.part = 0.5}, 0), 0u) << "nobody told of what";
    EXPECT_EQ(rate_of({.part = 0.001}, 10), 1u) << "never 0, which is no limit";
}

TEST(RateLimit, is_written_as_yum_does) {
    const std::pair<const char*, RateLimit> rows[] = {
        {"0", {}},
        {"100", {.bytes_per_second = 100}},
        {"1.5k", {.bytes_per_second = 1536}},
        {"50%", {.part = .5}},
        {"80.5 %", {.part = .805}},
        {"0%", {}},
        {"100%", {.part = 1}},
    };
    for (const auto& [text, expected] : rows) {
        const auto parsed = parse_throttle(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(parsed->bytes_per_second, expected.bytes_per_second) << text;
        EXPECT_DOUBLE_EQ(parsed->part, expected.part) << text;
    }
    for (const char* text : {"", "%", "100.1%", "-4%", "-500", "5k%", "1%%", "fast", "1e3", "nan%"}) {
        EXPECT_FALSE(parse_throttle(text)) << text;
    }
}

}  // namespace
}  // namespace lastack::repo
