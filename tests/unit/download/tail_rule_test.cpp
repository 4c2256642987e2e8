#include "download/tail_rule.hpp"

#include <gtest/gtest.h>

namespace lastack::download {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t mega = 1'000'000;

TEST(FadingRate, is_the_mean_of_the_last_seconds) {
    FadingRate rate;
    EXPECT_EQ(rate.per_second(), 0);
    for (int i = 0; i < 40; ++i) {
        rate.add(100, milliseconds{250});
    }
    EXPECT_NEAR(rate.per_second(), 400, 1);
    for (int i = 0; i < 40; ++i) {
        rate.add(25, milliseconds{250});
    }
    EXPECT_NEAR(rate.per_second(), 100, 5);
    EXPECT_EQ(rate.measured(), seconds{20});
}

struct TailRow {
    const char* what;
    TailQuestion question;
    std::optional<double> share;  // of what is left
    friend void PrintTo(const TailRow& row, std::ostream* out) { *out << row.what; }
};

class TailBegin : public testing::TestWithParam<TailRow> {};

TEST_P(TailBegin, follows_the_table) {
    const TailRow& row = GetParam();
    const auto first = tail_begin(row.question);
    ASSERT_EQ(first.has_value(), row.share.has_value());
    if (first) {
        const double rest = static_cast<double>(row.question.size - row.question.position);
        EXPECT_NEAR(static_cast<double>(row.question.size - *first) / rest, *row.share, 0.01);
        EXPECT_GT(*first, row.question.position);
        EXPECT_LT(*first, row.question.size);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, TailBegin,
    testing::Values(TailRow{"half_when_nothing_is_known", {.size = 100 * mega, .rate = 2e6, .measured = seconds{3}}, 0.5},
                    TailRow{"more_for_a_faster_mirror", {.size = 100 * mega, .rate = 2e6, .other_rate = 3e6, .measured = seconds{3}}, 0.6},
                    TailRow{"never_nearly_all", {.size = 100 * mega, .rate = 1e6, .other_rate = 1e9, .measured = seconds{3}}, 0.7},
                    TailRow{"of_what_is_left", {.position = 60 * mega, .size = 100 * mega, .rate = 1e6, .measured = seconds{3}}, 0.5},
                    TailRow{"not_before_the_rate_is_known", {.size = 100 * mega, .rate = 2e6, .measured = seconds{1}}, {}},
                    TailRow{"not_when_it_ends_soon", {.size = 100 * mega, .rate = 2e7, .measured = seconds{3}}, {}},
                    TailRow{"not_for_a_small_rest", {.size = mega, .rate = 1e4, .measured = seconds{3}}, {}},
                    TailRow{"not_while_nothing_comes", {.size = 100 * mega, .rate = 0, .measured = seconds{3}}, {}},
                    TailRow{"not_behind_the_end", {.position = mega, .size = mega, .rate = 1, .measured = seconds{3}}, {}}),
    [](const auto& row) { return std::string{row.param.what}; });

TEST(TailHelps, when_both_together_are_a_fifth_faster) {
    EXPECT_TRUE(tail_helps(1e6, 1.2e6));
    EXPECT_FALSE(tail_helps(1e6, 1.15e6));
}

}  // namespace
}  // namespace lastack::download
