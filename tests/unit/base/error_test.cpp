#include "lastack/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lastack {
namespace {

TEST(Describe, tells_where_what_and_what_next) {
    const Error error{.code = Errc::timed_out,
                      .phase = Phase::waiting,
                      .url = "http://a/x",
                      .mirror = "http://b/x",
                      .address = "10.0.0.1:80",
                      .cause = "no answer in time",
                      .next_step = "try later"};
    EXPECT_EQ(describe(error), "http://a/x: no answer in time (while waiting for an answer, from http://b/x, at 10.0.0.1:80)\n  try later");
}

TEST(Describe, falls_back_on_the_code_and_leaves_out_what_is_unknown) {
    EXPECT_EQ(describe(Error{.code = Errc::cancelled}), "cancelled");
    EXPECT_EQ(describe(Error{.code = Errc::cancelled, .url = "http://a/", .mirror = "http://a/"}), "http://a/: cancelled");
}

TEST(Describe, lets_no_control_character_through_from_any_field) {
    const std::string bad = "x\x1b[2J\xc2\x9b\xe2\x80\xae";
    const Error error{.code = Errc::io_failed,
                      .phase = Phase::receiving,
                      .url = bad,
                      .mirror = "m" + bad,
                      .address = bad,
                      .cause = bad,
                      .next_step = bad};
    const std::string text = describe(error);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
}

TEST(Errc, every_code_has_a_text_and_is_no_success) {
    for (int value = static_cast<int>(Errc::cancelled); value <= static_cast<int>(Errc::locked); ++value) {
        const std::error_code code = static_cast<Errc>(value);
        EXPECT_TRUE(code);
        EXPECT_NE(code.message(), "unknown error") << value;
    }
}

}  // namespace
}  // namespace lastack
