#include "repo/refresh_state.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lastack::repo {
namespace {

const RefreshState full{.checked_at = 1700000000,
                        .repomd_sha256 = std::string(64, 'a'),
                        .source = std::string(64, 'b'),
                        .url = "http://h/repodata/repomd.xml?a=b",
                        .etag = "W/\"a=b\"",
                        .last_modified = "Tue, 14 Nov 2023 22:13:20 GMT"};

TEST(RefreshState, comes_back_as_it_was_written) {
    for (const RefreshState& state : {full, RefreshState{.checked_at = 5, .repomd_sha256 = "x"}}) {
        const auto read = parse_refresh_state(to_text(state));
        ASSERT_TRUE(read);
        EXPECT_EQ(*read, state);
    }
}

TEST(RefreshState, a_truncated_one_is_none) {
    const std::string text = to_text(full);
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_FALSE(parse_refresh_state(text.substr(0, length))) << length;
    }
}

TEST(RefreshState, other_text_is_none) {
    for (const char* text :
         {"", "\n", "end\n", "lastack refresh.state 2\nchecked_at=1\nend\n", "lastack refresh.state 1\nchecked_at=-1\nend\n",
          "lastack refresh.state 1\nchecked_at=9223372036854775808\nend\n", "lastack refresh.state 1\netag=\x01\nend\n"}) {
        EXPECT_FALSE(parse_refresh_state(text)) << text;
    }
}

TEST(RefreshState, unknown_lines_are_passed_over) {
    const auto state = parse_refresh_state("lastack refresh.state 1\nfuture=1\nchecked_at=7\nno separator\nend\n");
    ASSERT_TRUE(state);
    EXPECT_EQ(state->checked_at, 7);
}

TEST(RefreshState, a_server_s_value_cannot_add_lines) {
    RefreshState state = full;
    state.etag = "\"x\"\nchecked_at=9999999999";
    const auto read = parse_refresh_state(to_text(state));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->etag, "");
    EXPECT_EQ(read->checked_at, full.checked_at);
}

TEST(RefreshState, expiry) {
    const RefreshState state{.checked_at = 1000};
    EXPECT_TRUE(is_current(state.checked_at, std::chrono::seconds{60}, 1000));
    EXPECT_TRUE(is_current(state.checked_at, std::chrono::seconds{60}, 1059));
    EXPECT_FALSE(is_current(state.checked_at, std::chrono::seconds{60}, 1060));
    EXPECT_FALSE(is_current(state.checked_at, std::chrono::seconds{60}, 999)) << "a check in the future counts as expired";
    EXPECT_FALSE(is_current(state.checked_at, std::nullopt, 999));
    EXPECT_TRUE(is_current(state.checked_at, std::nullopt, 1'000'000'000'000));
    EXPECT_FALSE(is_current(state.checked_at, std::chrono::seconds{0}, 1000));
}

}  // namespace
}  // namespace lastack::repo
