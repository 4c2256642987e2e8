// Dependencies that can be stated in a few packages and not be decided in a lifetime.
#include "package/bad_input/scene.hpp"

#include <csignal>

namespace lastack::test {
namespace {

// More pigeons than holes: each must have one, no hole takes two. That none of the assignments works is found only by trying them all.
std::vector<Entry> pigeonholes(unsigned holes) {
    std::vector<Entry> entries;
    const auto name = [](unsigned pigeon, unsigned hole) { return "p" + std::to_string(pigeon) + "-in-" + std::to_string(hole); };
    RpmSpec puzzle{.name = "puzzle"};
    for (unsigned pigeon = 0; pigeon <= holes; ++pigeon) {
        puzzle.requires_.push_back("pigeon" + std::to_string(pigeon));
        for (unsigned hole = 0; hole < holes; ++hole) {
            RpmSpec spec{.name = name(pigeon, hole), .provides = {"pigeon" + std::to_string(pigeon)}};
            for (unsigned other = 0; other <= holes; ++other) {
                if (other != pigeon) {
                    spec.conflicts.push_back(name(other, hole));
                }
            }
            entries.push_back({.spec = spec, .bytes = "never asked for " + spec.name});
        }
    }
    entries.push_back({.spec = puzzle, .bytes = "never asked for"});
    return entries;
}

class Puzzle : public Scene {
protected:
    void pose() {
        configure("gpgcheck=0");
        offer_and_cache(pigeonholes(14));
    }
};

TEST_F(Puzzle, with_few_holes_is_solved) {
    configure("gpgcheck=0");
    offer_and_cache(pigeonholes(2));
    expect_refused(lastack({"-y", "install", "puzzle"}), {"puzzle", "pigeon"});
}

TEST_F(Puzzle, that_nobody_can_solve_ends_with_a_message) {
    pose();
    expect_refused(lastack({"-y", "--setopt=solver_timeout=0.5", "install", "puzzle"}),
                   {"could not be solved within 0.5 s of processor time (solver_timeout)", "--disablerepo"});
}

TEST_F(Puzzle, is_left_at_once_when_the_user_stops_it) {
    pose();
    Process run{{.arguments = command({"-y", "--setopt=solver_timeout=never", "install", "puzzle"})}};
    ASSERT_TRUE(run.wait_for_output("Resolving Dependencies"));
    run.signal(SIGINT);
    const auto ended = run.wait(std::chrono::seconds{20});
    EXPECT_EQ(ended.status, 1) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("Exiting on user cancel"));
    expect_done(lastack({"list", "available", "puzzle"}));
}

}  // namespace
}  // namespace lastack::test
