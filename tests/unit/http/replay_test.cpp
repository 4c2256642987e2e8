#include "http/replay.hpp"

#include <gtest/gtest.h>

namespace lastack::http {
namespace {

using net::Fate;

struct ReplayRow {
    const char* what;
    Fate fate;
    bool answer_began;
    Resends so_far;
    Replay replay;
};

class ReplayTable : public testing::TestWithParam<ReplayRow> {};

TEST_P(ReplayTable, decides) {
    const auto& [what, fate, answer_began, so_far, replay] = GetParam();
    EXPECT_EQ(may_replay(fate, answer_began, so_far), replay) << what;
}

INSTANTIATE_TEST_SUITE_P(Cases, ReplayTable,
                         testing::Values(ReplayRow{"A: nothing written", Fate::elsewhere, false, {}, Replay::again},
                                         ReplayRow{"A: free of charge", Fate::elsewhere, false, {.unsent = 5, .stale = 2}, Replay::again},
                                         ReplayRow{"A: not for ever", Fate::elsewhere, false, {.unsent = most_unsent}, Replay::no},
                                         ReplayRow{"B: written, no answer", Fate::stale, false, {}, Replay::again},
                                         ReplayRow{"B, again: on a fresh one", Fate::stale, false, {.stale = 1}, Replay::again_fresh},
                                         ReplayRow{"B, a third time", Fate::stale, false, {.stale = 2}, Replay::no},
                                         ReplayRow{"B after A", Fate::stale, false, {.unsent = 3}, Replay::again},
                                         ReplayRow{"D, L, N: the mirror failed", Fate::mirror_failed, false, {}, Replay::no},
                                         ReplayRow{"E: part of a head", Fate::stale, true, {}, Replay::again},
                                         ReplayRow{"E: once", Fate::stale, true, {.stale = 1}, Replay::no},
                                         ReplayRow{"F: part of a body", Fate::partial, true, {}, Replay::no},
                                         ReplayRow{"G: an answer", Fate::delivered, true, {}, Replay::no},
                                         ReplayRow{"H: truncated", Fate::truncated, true, {}, Replay::no},
                                         ReplayRow{"given up by us", Fate::none, false, {}, Replay::no}));

}  // namespace
}  // namespace lastack::http
