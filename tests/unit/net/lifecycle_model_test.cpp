// A million random events: whatever comes in whatever order, the promises of docs/design/connections.md hold.
#include "net/lifecycle.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>

namespace lastack::net {
namespace {

constexpr int steps = 1'000'000;
constexpr std::array all_kinds{EventKind::connected,       EventKind::failed,        EventKind::secured,  EventKind::control,
                               EventKind::bytes,           EventKind::informational, EventKind::head,     EventKind::complete,
                               EventKind::malformed,       EventKind::end,           EventKind::reset,    EventKind::quiet,
                               EventKind::deadline,        EventKind::sent_part,     EventKind::sent_all, EventKind::checkout,
                               EventKind::abandoned,       EventKind::unneeded,      EventKind::pressure, EventKind::freeze,
                               EventKind::network_changed, EventKind::resumed,       EventKind::flushed};

// What the promises need to know of a connection's past, kept beside it.
struct Past {
    bool wrote = false;     // a byte of the request that it carries now
    bool delivered = true;  // of that request
    bool carries = false;   // a request
    unsigned bound = 0;
    unsigned ended = 0;  // requests whose fate was told
};

class Model {
public:
    explicit Model(std::uint64_t seed) : random_{seed} {}

    void run() {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            const LifeEvent event = next();
            const State before = life_.state();
            const Step step = life_.on(event);
            check(before, event, step);
            if (!life_.is_open()) {
                ++lives_;
                life_ = Lifecycle{};
                past_ = Past{};
            }
        }
        EXPECT_GT(lives_, 1000) << "connections hardly ever end";
        EXPECT_GT(reused_, 1000) << "connections are hardly ever used again";
    }

private:
    bool coin() { return random_() % 2 == 0; }

    // Mostly what may come in this state, so that lives get long; now and then anything.
    LifeEvent next() {
        LifeEvent event{.kind = all_kinds[random_() % all_kinds.size()]};
        if (random_() % 4 != 0) {
            event.kind = likely();
        }
        event.bound = coin();
        event.others_left = coin();
        event.usable = random_() % 8 != 0;
        event.idle_refused = random_() % 16 == 0;
        event.keep = random_() % 8 != 0;
        event.needed = random_() % 8 != 0;
        event.until_close = random_() % 4 == 0;
        event.clean = coin();
        return event;
    }

    EventKind likely() {
        switch (life_.state()) {
            case State::connecting:
                return EventKind::connected;
            case State::handshake:
                return EventKind::secured;
            case State::fresh:
            case State::idle:
                return coin() ? EventKind::checkout : EventKind::control;
            case State::sending:
                return coin() ? EventKind::sent_all : EventKind::sent_part;
            case State::waiting:
                return EventKind::bytes;
            case State::receiving:
                return coin() ? EventKind::head : EventKind::complete;
            case State::settling:
                return EventKind::quiet;
            case State::closing:
            case State::closed:
                return EventKind::flushed;
        }
        return EventKind::quiet;
    }

    void check(State before, const LifeEvent& event, const Step& step) {
        const bool was_parked = before == State::fresh || before == State::idle;
        SCOPED_TRACE(testing::Message() << to_string(before) << " -> " << to_string(step.to) << " by event "
                                        << static_cast<int>(event.kind));
        EXPECT_EQ(life_.state(), step.to);

        // Invariant 1: what the peer ended is closed in that very step, unless it is in the middle of an answer that it ended whole.
        if (event.kind == EventKind::end || event.kind == EventKind::reset) {
            EXPECT_EQ(step.to == State::closed || before == State::connecting, true) << "the peer's end leaves it open";
        }
        // An end has a way, and only an end.
        const bool ends = step.to == State::closing || (step.to == State::closed && before != State::closing && before != State::closed);
        EXPECT_EQ(step.ending != Ending::none, ends);
        // The peer has closed: it hears no close_notify.
        if (event.kind == EventKind::end || event.kind == EventKind::reset) {
            EXPECT_NE(step.ending, Ending::notify);
        }
        // Invariant 6: closing lasts one step.
        EXPECT_FALSE(before == State::closing && step.to == State::closing);
        // Invariant 4: bytes that came before our first byte, or while parked, are never an answer.
        if (event.kind == EventKind::bytes && (was_parked || before == State::settling || (before == State::sending && !past_.wrote))) {
            EXPECT_EQ(step.to, State::closed);
            EXPECT_TRUE(step.suspicious);
            EXPECT_NE(step.fate, Fate::delivered);
        }
        check_request(before, event, step);
    }

    // Invariant 7: a request is told its fate exactly once, and invariant 11: stale only what was reused.
    void check_request(State before, const LifeEvent& event, const Step& step) {
        if (step.to == State::sending && before != State::sending) {
            EXPECT_FALSE(past_.carries) << "two requests at a time";
            past_.carries = true;
            past_.wrote = false;
            reused_ += ++past_.bound > 1 ? 1 : 0;
            EXPECT_EQ(life_.requests(), past_.bound);
            EXPECT_EQ(life_.reused(), past_.bound > 1);
            return;
        }
        past_.wrote =
            past_.wrote || (before == State::sending && (event.kind == EventKind::sent_part || event.kind == EventKind::sent_all));
        const bool told = step.fate != Fate::none;
        if (!past_.carries) {
            EXPECT_TRUE(!told || step.fate == Fate::elsewhere || step.fate == Fate::bind || step.fate == Fate::next_address ||
                        step.fate == Fate::mirror_failed);
            return;
        }
        if (step.fate == Fate::stale || step.fate == Fate::elsewhere) {
            EXPECT_TRUE(past_.bound > 1 || event.kind == EventKind::freeze || event.kind == EventKind::network_changed ||
                        event.kind == EventKind::resumed)
                << "a fresh connection's failure is the mirror's";
        }
        if (step.fate == Fate::delivered) {
            EXPECT_TRUE(past_.wrote);
        }
        const bool over = step.to == State::settling || step.to == State::closing || step.to == State::closed;
        if (over) {
            EXPECT_TRUE(told || event.kind == EventKind::abandoned) << "a request without a fate";
            past_.carries = false;
        } else {
            EXPECT_FALSE(told) << "a fate, and the request goes on";
        }
    }

    std::mt19937_64 random_;
    Lifecycle life_;
    Past past_;
    int lives_ = 0;
    int reused_ = 0;
};

TEST(LifecycleModel, keeps_its_promises_over_a_million_random_events) {
    const char* given = std::getenv("LASTACK_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    RecordProperty("seed", std::to_string(seed));
    std::printf("seed %llu (LASTACK_TEST_SEED)\n", static_cast<unsigned long long>(seed));
    Model{seed}.run();
}

}  // namespace
}  // namespace lastack::net
