// The bars of `lastack get` on a terminal of 80 columns and 24 rows.
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lastack::cli::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t columns = 80;
constexpr std::size_t rows = 24;

// The terminal: what stands on it, and what has left it at the top. Only ASCII and the sequences that bars use.
class Screen {
public:
    void show(const std::string& text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\x1b') {
                i = control(text, i);
            } else if (text[i] == '\r') {
                column_ = 0;
            } else if (text[i] == '\n') {
                line_feed();
            } else {
                put(text[i]);
            }
        }
    }

    // Everything that ever stood there and was not written over, trailing blanks left out.
    [[nodiscard]] std::vector<std::string> lines() const {
        auto all = gone_;
        all.insert(all.end(), screen_.begin(), screen_.end());
        for (auto& line : all) {
            line.erase(line.find_last_not_of(' ') + 1);
        }
        while (!all.empty() && all.back().empty()) {
            all.pop_back();
        }
        return all;
    }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] std::size_t highest_move() const { return highest_move_; }

private:
    std::size_t control(const std::string& text, std::size_t at) {
        const auto end = text.find_first_of("ABCDHJKhlm", at);
        if (end == std::string::npos || at + 1 >= text.size() || text[at + 1] != '[') {
            trouble_ += "broken sequence\n";
            return text.size();
        }
        const std::string number = text.substr(at + 2, end - at - 2);
        if (text[end] == 'A') {
            const std::size_t up = std::stoul(number);
            highest_move_ = std::max(highest_move_, up);
            if (up > row_) {
                trouble_ += "moved above the first row\n";
            }
            row_ -= std::min(row_, up);
        } else if (text[end] == 'K') {
            screen_[row_].resize(std::min(screen_[row_].size(), column_));
        } else if (text[end] == 'J') {
            screen_[row_].resize(std::min(screen_[row_].size(), column_));
            std::fill(screen_.begin() + static_cast<std::ptrdiff_t>(row_) + 1, screen_.end(), std::string{});
        } else {
            trouble_ += "unexpected sequence " + text.substr(at + 1, end - at) + "\n";
        }
        return end;
    }
    void put(char c) {
        if (column_ >= columns - 1) {
            trouble_ += "a line reached the last column: " + screen_[row_] + "\n";
            return;
        }
        screen_[row_].resize(std::max(screen_[row_].size(), column_ + 1), ' ');
        screen_[row_][column_++] = c;
    }
    void line_feed() {
        if (row_ + 1 < rows) {
            ++row_;
            return;
        }
        gone_.push_back(screen_.front());
        screen_.erase(screen_.begin());
        screen_.emplace_back();
    }

    std::vector<std::string> gone_;
    std::vector<std::string> screen_{rows};
    std::size_t row_ = 0;
    std::size_t column_ = 0;
    std::size_t highest_move_ = 0;
    std::string trouble_;
};

struct TerminalRun {
    TerminalRun(std::size_t count, const char* term) {
        std::vector<std::string> arguments{"get", "-j", "100"};
        for (std::size_t i = 1; i <= count; ++i) {
            const std::string name = "file-" + std::to_string(i) + std::string(i % 2 == 0 ? 70 : 0, 'x');
            nginx.publish(name, std::string(12'000, 'x'));
            arguments.push_back(nginx.url("/" + name));
        }
        auto options = root.at_terminal(arguments);
        options.environment["TERM"] = term;
        options.directory = here.path().string();
        result = lastack::test::run(options);
    }

    ScratchRoot root;
    // The first 10 kB at once, the rest a second later: time for some frames.
    NginxServer nginx{{.locations = {{.path = "/file-", .directives = "limit_rate 10k;"}}}};
    TempDirectory here;
    ProcessResult result;
};

class BarsAtATerminal : public testing::TestWithParam<std::size_t> {};

TEST_P(BarsAtATerminal, stay_in_the_window_and_leave_a_line_for_each_file_and_no_garbage) {
    const TerminalRun run(GetParam(), "xterm");
    ASSERT_EQ(run.result.status, 0) << told(run.result);
    Screen screen;
    screen.show(run.result.out);
    EXPECT_EQ(screen.trouble(), "");
    EXPECT_GE(screen.highest_move(), std::min<std::size_t>(GetParam(), 22));
    EXPECT_LE(screen.highest_move(), rows - 1);
    const auto lines = screen.lines();
    EXPECT_EQ(lines.size(), GetParam() + 2) << testing::PrintToString(lines);  // and the rule and the total
    std::set<std::string> places;
    for (const auto& line : lines) {
        places.insert(line.substr(0, line.find(':')));
    }
    for (std::size_t i = 1; i <= GetParam(); ++i) {
        EXPECT_TRUE(places.contains("(" + std::to_string(i) + "/" + std::to_string(GetParam()) + ")")) << i;
    }
    EXPECT_THAT(run.result.out, HasSubstr("ETA"));
    if (GetParam() > rows) {
        EXPECT_THAT(run.result.out, HasSubstr(" more"));
    }
}

INSTANTIATE_TEST_SUITE_P(With, BarsAtATerminal, testing::Values(3, 300),
                         [](const auto& each) { return std::to_string(each.param) + "_downloads"; });

TEST(BarsOnADumbTerminal, are_plain_lines) {
    const TerminalRun run(3, "dumb");
    ASSERT_EQ(run.result.status, 0) << told(run.result);
    EXPECT_THAT(run.result.out, Not(HasSubstr("\x1b")));
    EXPECT_EQ(std::ranges::count(run.result.out, '\n'), 3);
}

}  // namespace
}  // namespace lastack::cli::test
