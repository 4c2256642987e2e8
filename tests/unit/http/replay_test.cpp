#include "http/replay.hpp"

#include <gtest/gtest.h>

namespace lastack::http {
namespace {

struct ReplayRow {
    const char* what;
    ExchangeEnd end;
    unsigned resends;
    Replay replay;
};

class ReplayTable : public testing::TestWithParam<ReplayRow> {};

TEST_P(ReplayTable, decides) {
    const auto& [what, end, resends, replay] = GetParam();
    EXPECT_EQ(may_replay(end, resends), replay) << what;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ReplayTable,
    testing::Values(
        ReplayRow{"A: nothing written", {.reused = true}, 0, Replay::again},
        ReplayRow{"A, again", {.reused = true}, 1, Replay::again_fresh}, ReplayRow{"A, a third time", {.reused = true}, 2, Replay::no},
        ReplayRow{"B: written, no answer", {.reused = true, .written = 100}, 0, Replay::again},
        ReplayRow{"B, again: on a fresh one", {.reused = true, .written = 100}, 1, Replay::again_fresh},
        ReplayRow{"B, a third time", {.reused = true, .written = 100}, 2, Replay::no},
        ReplayRow{"D: a fresh connection", {.written = 100}, 0, Replay::no}, ReplayRow{"D: fresh, nothing written", {}, 0, Replay::no},
        ReplayRow{"D: fresh after a resend", {.written = 100}, 1, Replay::no},
        ReplayRow{"E: part of a head", {.reused = true, .written = 100, .received = 5}, 0, Replay::again},
        ReplayRow{"E: once", {.reused = true, .written = 100, .received = 5}, 1, Replay::no},
        ReplayRow{"E: fresh", {.written = 100, .received = 5}, 0, Replay::no},
        ReplayRow{
            "F: part of a body", {.reused = true, .written = 100, .received = 500, .head_complete = true, .status = 200}, 0, Replay::no},
        ReplayRow{"L: silence on a reused one", {.reused = true, .timed_out = true, .written = 100}, 0, Replay::no},
        ReplayRow{"L: silence on a fresh one", {.timed_out = true, .written = 100}, 0, Replay::no},
        ReplayRow{"L: silence while sending", {.reused = true, .timed_out = true}, 0, Replay::no},
        ReplayRow{"M: 408 on a reused one",
                  {.reused = true, .written = 100, .received = 50, .head_complete = true, .status = 408},
                  0,
                  Replay::again},
        ReplayRow{"M: 408 on a fresh one", {.written = 100, .received = 50, .head_complete = true, .status = 408}, 0, Replay::no},
        ReplayRow{
            "500 is an answer", {.reused = true, .written = 100, .received = 50, .head_complete = true, .status = 500}, 0, Replay::no}));

}  // namespace
}  // namespace lastack::http
