#include "cli/bars.hpp"

#include "cli/terminal_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

BarsState downloads(std::size_t running, std::size_t count) {
    BarsState state{.count = count};
    for (std::size_t i = 0; i < running; ++i) {
        state.running.push_back({.label = "package-" + std::to_string(i) + ".rpm", .received = 512, .total = 1024, .rate = 256});
        state.bytes += 512;
    }
    return state;
}

TEST(Bars, of_one_download_are_one_line_without_a_total) {
    EXPECT_THAT(bar_lines(downloads(1, 1), {.columns = 80, .rows = 24}),
                testing::ElementsAre("package-0.rpm            50% [==========          ]  512  B  256  B/s 00:02 ETA"));
}

TEST(Bars, show_each_running_download_and_the_total) {
    auto state = downloads(3, 10);
    state.done = 6;
    state.failed = 1;
    state.rate = 768;
    const auto lines = bar_lines(state, {});
    ASSERT_THAT(lines, SizeIs(4));
    EXPECT_THAT(lines[2], StartsWith("package-2.rpm "));
    EXPECT_THAT(lines[3], AllOf(StartsWith("Total 6/10, 1 failed "), HasSubstr("1.5 kB"), HasSubstr("768  B/s"), Not(HasSubstr("ETA"))));
    state.total = 1536 + 7680;
    EXPECT_THAT(bar_lines(state, {})[3], AllOf(HasSubstr(" 16% ["), HasSubstr("00:10 ETA")));
}

TEST(Bars, of_three_hundred_downloads_stay_within_the_window) {
    for (const WindowSize window : {WindowSize{80, 24}, WindowSize{132, 50}, WindowSize{40, 3}, WindowSize{20, 5}, WindowSize{1, 1}}) {
        const auto lines = bar_lines(downloads(300, 300), window);
        EXPECT_LE(lines.size(), std::max(window.rows, 2U) - 1);
        for (const auto& line : lines) {
            EXPECT_LT(columns_of(line), std::max(window.columns, 10U)) << line;
        }
    }
    const auto lines = bar_lines(downloads(300, 300), {.columns = 80, .rows = 24});
    ASSERT_THAT(lines, SizeIs(23));
    EXPECT_THAT(lines[21], StartsWith("... and 279 more"));
    EXPECT_THAT(lines[22], StartsWith("Total 0/300"));
}

TEST(Bars, leave_out_what_is_not_known) {
    BarsState state{.running = {{.label = "a", .received = 2048}}, .count = 1};
    EXPECT_THAT(bar_lines(state, {}).front(), AllOf(HasSubstr("2.0 kB"), Not(HasSubstr("%")), Not(HasSubstr("ETA"))));
    state.running.front().total = 4096;  // nothing comes: nobody knows how long it takes
    EXPECT_THAT(bar_lines(state, {}).front(), HasSubstr("--:-- ETA"));
    state.running.front().received = 5000;  // more than announced
    EXPECT_THAT(bar_lines(state, {}).front(), HasSubstr("100% "));
    state.running.front() = {.label = "empty", .received = 0, .total = 0};
    EXPECT_THAT(bar_lines(state, {}).front(), AllOf(HasSubstr("100% "), HasSubstr("00:00 ETA")));
}

TEST(Bars, cut_a_long_name_in_its_middle_and_not_the_figures) {
    const BarsState state{.running = {{.label = std::string(60, 'x') + "-1.0-1.noarch.rpm", .received = 1, .total = 2}}, .count = 1};
    const auto line = bar_lines(state, {}).front();
    EXPECT_THAT(line, AllOf(testing::MatchesRegex("x+\\.\\.\\.[a-z0-9.-]*rpm .*"), HasSubstr("50%")));
    EXPECT_EQ(columns_of(line), 79U);
}

TEST(BarFrame, writes_over_the_frame_before_and_clears_only_behind_the_text) {
    BarFrame frame;
    const WindowSize window;
    EXPECT_EQ(frame.redraw({}, {"one", "two"}, window), "one\x1b[K\ntwo\x1b[K\n\x1b[J");
    EXPECT_EQ(frame.redraw({"done"}, {"two"}, window),
              "\r\x1b[2A"
              "done\x1b[K\ntwo\x1b[K\n\x1b[J");
    EXPECT_EQ(frame.redraw({}, {}, window), "\r\x1b[1A\x1b[J");
    EXPECT_EQ(frame.redraw({}, {}, window), "\x1b[J");
}

TEST(BarFrame, of_a_window_that_became_narrower_counts_the_rows_that_the_terminal_has_made) {
    BarFrame frame;
    (void)frame.redraw({}, {std::string(79, 'a'), std::string(20, 'b')}, {.columns = 80, .rows = 24});
    EXPECT_THAT(frame.redraw({}, {"x"}, {.columns = 40, .rows = 24}), StartsWith("\r\x1b[3A"));
    (void)frame.redraw({}, std::vector<std::string>(20, std::string(79, 'a')), {.columns = 80, .rows = 24});
    EXPECT_THAT(frame.redraw({}, {"x"}, {.columns = 20, .rows = 10}), StartsWith("\r\x1b[9A"));  // no row above the window is reached
}

TEST(TerminalText, counts_columns) {
    struct Row {
        std::string text;
        std::size_t columns;
    };
    const Row rows[] = {{"", 0},       {"abc", 3},        {"\u00e4\u00f6", 2}, {"e\u0301", 1},  {"\u6f22\u5b57", 4},
                        {"\uac00", 2}, {"\U0001F600", 2}, {"\uff21", 2},       {"a\u200db", 2}, {"\xe6", 1}};
    for (const Row& row : rows) {
        EXPECT_EQ(columns_of(row.text), row.columns) << row.text;
    }
}

TEST(TerminalText, is_shortened_in_the_middle_and_never_wider) {
    EXPECT_EQ(shorten_middle("abcdefghij", 10), "abcdefghij");
    EXPECT_EQ(shorten_middle("abcdefghij", 9), "abc...hij");
    EXPECT_EQ(shorten_middle("abcdefghij", 8), "abc...ij");
    EXPECT_EQ(shorten_middle("abcdefghij", 2), "..");
    EXPECT_EQ(shorten_middle("abcdefghij", 0), "");
    EXPECT_EQ(shorten_middle("\u6f22\u5b57\u6f22\u5b57\u6f22", 8), "\u6f22...\u6f22");
    for (std::size_t columns = 0; columns < 12; ++columns) {
        EXPECT_EQ(columns_of(fitted("\u6f22\u5b57\u6f22\u5b57\u6f22", columns)), columns);
        EXPECT_EQ(columns_of(fitted("abcdefgh", columns)), columns);
    }
}

}  // namespace
}  // namespace lastack::cli
