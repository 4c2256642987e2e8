#include "repo/time_budget.hpp"

#include "repo/request_options.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace lastack::repo {
namespace {

using std::chrono::seconds;

TEST(TimeBudgetOfRepo, is_an_absolute_bound_for_documents_and_grows_with_the_size_of_files) {
    EXPECT_EQ(time_budget({}, Content::document), (TimeBudget{.time = seconds{45}}));
    EXPECT_EQ(time_budget({}, Content::metadata), (TimeBudget{.time = seconds{60}, .rate = 2000, .rate_on_fast_link = 8000}));
    EXPECT_EQ(time_budget({}, Content::package), (TimeBudget{.time = seconds{90}, .rate = 1000, .rate_on_fast_link = 4000}));
}

TEST(TimeBudgetOfRepo, follows_timeout_and_minrate) {
    const RepoConfig repo{.timeout = seconds{10}, .minrate = 300};
    EXPECT_EQ(time_budget(repo, Content::document), (TimeBudget{.time = seconds{15}}));
    EXPECT_EQ(time_budget(repo, Content::metadata), (TimeBudget{.time = seconds{20}, .rate = 300}));
    EXPECT_EQ(time_budget({.minrate = 0}, Content::package), (TimeBudget{.time = seconds{90}, .rate = 1})) << "any progress will do";
}

TEST(TimeBudgetOfRepo, is_part_of_how_its_servers_are_asked) {
    EXPECT_EQ(request_options({}, "").time_budget, time_budget({}, Content::package));
    EXPECT_EQ(metadata_options({}, "").time_budget, time_budget({}, Content::metadata));
    EXPECT_EQ(document_options({}, "").time_budget, time_budget({}, Content::document));
}

}  // namespace
}  // namespace lastack::repo
