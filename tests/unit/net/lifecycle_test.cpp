// Each row of the table of transitions, T01 to T35 (docs/design/connections.md).
#include "net/lifecycle.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace lastack::net {
namespace {

using enum EventKind;

Lifecycle after(std::initializer_list<LifeEvent> events) {
    Lifecycle life;
    for (const LifeEvent& event : events) {
        life.on(event);
    }
    return life;
}

LifeEvent just(EventKind kind) { return {.kind = kind}; }

Lifecycle handshaking() { return after({just(connected)}); }
Lifecycle fresh() { return after({just(connected), just(secured)}); }
Lifecycle idle() {
    return after({just(connected),
                  just(secured),
                  just(checkout),
                  just(sent_all),
                  just(bytes),
                  just(head),
                  {.kind = complete, .keep = true},
                  just(quiet)});
}
// Bound for the first time, or again.
Lifecycle sending_fresh() {
    Lifecycle life = fresh();
    life.on(checkout);
    return life;
}
Lifecycle sending_reused() {
    Lifecycle life = idle();
    life.on(checkout);
    return life;
}
Lifecycle with(Lifecycle life, std::initializer_list<LifeEvent> events) {
    for (const LifeEvent& event : events) {
        life.on(event);
    }
    return life;
}
Lifecycle waiting_fresh() { return with(sending_fresh(), {just(sent_all)}); }
Lifecycle waiting_reused() { return with(sending_reused(), {just(sent_all)}); }
Lifecycle receiving() { return with(waiting_fresh(), {just(bytes)}); }
Lifecycle receiving_body() { return with(receiving(), {just(head)}); }
Lifecycle settling() { return with(receiving_body(), {{.kind = complete, .keep = true}}); }
Lifecycle closing() { return with(idle(), {just(unneeded)}); }

constexpr Step closed_quietly{.to = State::closed, .ending = Ending::quiet};
constexpr Step closing_with_notify{.to = State::closing, .ending = Ending::notify};

TEST(LifecycleT01, the_first_address_that_answers_goes_on_to_the_handshake) {
    EXPECT_EQ(Lifecycle{}.on(connected), (Step{.to = State::handshake}));
}

TEST(LifecycleT02, a_failed_attempt_goes_on_to_the_next_address_and_the_last_one_fails_the_mirror) {
    for (const EventKind kind : {failed, reset, deadline}) {
        EXPECT_EQ(Lifecycle{}.on(LifeEvent{.kind = kind, .others_left = true}),
                  (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::next_address}));
        EXPECT_EQ(Lifecycle{}.on(kind), (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::mirror_failed}));
    }
}

TEST(LifecycleT03, an_attempt_that_nothing_needs_is_closed) {
    EXPECT_EQ(Lifecycle{}.on(unneeded).to, State::closed);
    EXPECT_EQ(Lifecycle{}.on(unneeded).fate, Fate::elsewhere);
}

TEST(LifecycleT04, after_the_handshake_a_waiting_request_is_bound) {
    Lifecycle life = handshaking();
    EXPECT_EQ(life.on(LifeEvent{.kind = secured, .bound = true}).fate, Fate::bind);
    EXPECT_EQ(life.on(checkout), (Step{.to = State::sending, .fate = Fate::bind}));
    EXPECT_FALSE(life.reused());
}

TEST(LifecycleT05, after_the_handshake_it_is_parked_when_no_request_waits) {
    EXPECT_EQ(handshaking().on(secured), (Step{.to = State::fresh}));
}

TEST(LifecycleT06, a_handshake_that_fails_counts_against_the_mirror) {
    for (const EventKind kind : {failed, end, reset, deadline}) {
        EXPECT_EQ(handshaking().on(kind), (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::mirror_failed}));
    }
}

TEST(LifecycleT07, tickets_and_key_updates_leave_a_parked_connection_parked) {
    EXPECT_EQ(fresh().on(control), (Step{.to = State::fresh}));
    EXPECT_EQ(idle().on(control), (Step{.to = State::idle}));
}

TEST(LifecycleT08, the_peers_end_closes_a_parked_connection_without_a_word_of_tls) {
    EXPECT_EQ(fresh().on(end), closed_quietly);
    EXPECT_EQ(idle().on(end), closed_quietly);
}

TEST(LifecycleT09, a_reset_closes_a_parked_connection) {
    EXPECT_EQ(fresh().on(reset), closed_quietly);
    EXPECT_EQ(idle().on(reset), closed_quietly);
}

TEST(LifecycleT10, bytes_on_an_idle_connection_close_it_and_are_worth_a_warning) {
    EXPECT_EQ(idle().on(bytes), (Step{.to = State::closed, .ending = Ending::quiet, .suspicious = true}));
}

TEST(LifecycleT11, bytes_on_a_fresh_connection_do_the_same) {
    EXPECT_EQ(fresh().on(bytes), (Step{.to = State::closed, .ending = Ending::quiet, .suspicious = true}));
}

TEST(LifecycleT12, a_checkout_within_its_limit_binds_and_marks_it_reused) {
    Lifecycle life = idle();
    EXPECT_EQ(life.on(checkout), (Step{.to = State::sending, .fate = Fate::bind}));
    EXPECT_TRUE(life.reused());
    EXPECT_EQ(life.requests(), 2u);
}

TEST(LifecycleT13, a_checkout_that_comes_too_late_closes_it_and_the_request_goes_elsewhere) {
    EXPECT_EQ(idle().on(LifeEvent{.kind = checkout, .usable = false}),
              (Step{.to = State::closing, .ending = Ending::notify, .fate = Fate::elsewhere}));
}

TEST(LifecycleT14, a_partial_write_goes_on_sending) { EXPECT_EQ(sending_fresh().on(sent_part), (Step{.to = State::sending})); }

TEST(LifecycleT15, a_whole_write_waits_for_the_first_byte) { EXPECT_EQ(sending_fresh().on(sent_all), (Step{.to = State::waiting})); }

TEST(LifecycleT16, an_answer_while_writing_is_received_and_its_connection_not_used_again) {
    Lifecycle life = with(sending_reused(), {just(sent_part)});
    EXPECT_EQ(life.on(bytes), (Step{.to = State::receiving}));
    life.on(head);
    EXPECT_EQ(life.on(LifeEvent{.kind = complete, .keep = true}),
              (Step{.to = State::closing, .ending = Ending::notify, .fate = Fate::delivered}));
}

TEST(LifecycleT16b, bytes_before_the_first_of_ours_are_no_answer) {
    EXPECT_EQ(sending_reused().on(bytes),
              (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::elsewhere, .suspicious = true}));
    EXPECT_EQ(sending_fresh().on(bytes),
              (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::mirror_failed, .suspicious = true}));
}

TEST(LifecycleT17, a_reused_connection_that_dies_unanswered_was_stale) {
    for (const EventKind kind : {end, reset}) {
        EXPECT_EQ(sending_reused().on(kind).fate, Fate::elsewhere) << "nothing was written";
        EXPECT_EQ(with(sending_reused(), {just(sent_part)}).on(kind).fate, Fate::stale);
        EXPECT_EQ(waiting_reused().on(kind), (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::stale}));
    }
}

TEST(LifecycleT18, a_fresh_connection_that_dies_unanswered_counts_against_the_mirror) {
    for (const EventKind kind : {end, reset}) {
        EXPECT_EQ(sending_fresh().on(kind).fate, Fate::mirror_failed);
        EXPECT_EQ(waiting_fresh().on(kind), (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::mirror_failed}));
    }
}

TEST(LifecycleT19, eight_provisional_answers_are_ignored_and_the_ninth_ends_it) {
    Lifecycle life = receiving();
    for (unsigned i = 0; i < Lifecycle::most_informational; ++i) {
        EXPECT_EQ(life.on(informational), (Step{.to = State::receiving}));
    }
    EXPECT_EQ(life.on(informational), (Step{.to = State::closed, .ending = Ending::abort, .fate = Fate::mirror_failed}));
}

TEST(LifecycleT20, the_first_byte_of_the_answer_begins_receiving) { EXPECT_EQ(waiting_fresh().on(bytes), (Step{.to = State::receiving})); }

TEST(LifecycleT21, silence_is_not_staleness) {
    EXPECT_EQ(waiting_reused().on(deadline), (Step{.to = State::closed, .ending = Ending::abort, .fate = Fate::mirror_failed}));
    EXPECT_EQ(sending_reused().on(deadline), (Step{.to = State::closed, .ending = Ending::abort, .fate = Fate::mirror_failed}));
}

TEST(LifecycleT22, a_whole_answer_on_a_kept_connection_settles) {
    EXPECT_EQ(receiving_body().on(LifeEvent{.kind = complete, .keep = true}), (Step{.to = State::settling, .fate = Fate::delivered}));
}

TEST(LifecycleT23, a_whole_answer_on_one_that_is_not_kept_is_delivered_and_it_closes) {
    EXPECT_EQ(receiving_body().on(complete), (Step{.to = State::closing, .ending = Ending::notify, .fate = Fate::delivered}));
}

TEST(LifecycleT24, an_end_before_the_answers_end_keeps_what_came) {
    EXPECT_EQ(receiving_body().on(end), (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::partial}));
    // In the head there is nothing to keep: E.
    EXPECT_EQ(receiving().on(end).fate, Fate::mirror_failed);
    EXPECT_EQ(with(waiting_reused(), {just(bytes)}).on(end).fate, Fate::stale);
}

TEST(LifecycleT25, an_answer_that_lasts_until_the_end_is_whole_with_a_clean_end) {
    EXPECT_EQ(receiving_body().on(LifeEvent{.kind = end, .until_close = true}),
              (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::delivered}));
}

TEST(LifecycleT26, without_close_notify_it_is_truncated) {
    EXPECT_EQ(receiving_body().on(LifeEvent{.kind = end, .until_close = true, .clean = false}),
              (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::truncated}));
}

TEST(LifecycleT27, a_reset_behind_a_part_keeps_the_part_and_behind_the_whole_changes_nothing) {
    EXPECT_EQ(receiving_body().on(reset), (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::partial}));
    EXPECT_EQ(settling().on(reset), closed_quietly);
}

TEST(LifecycleT28, a_stalled_answer_is_aborted_and_what_came_is_kept) {
    EXPECT_EQ(receiving_body().on(deadline), (Step{.to = State::closed, .ending = Ending::abort, .fate = Fate::partial}));
    EXPECT_EQ(receiving().on(deadline), (Step{.to = State::closed, .ending = Ending::abort, .fate = Fate::mirror_failed}));
}

TEST(LifecycleT29, with_more_to_do_a_settled_connection_is_parked) { EXPECT_EQ(settling().on(quiet), (Step{.to = State::idle})); }

TEST(LifecycleT30, without_more_to_do_it_is_closed_from_our_side) {
    EXPECT_EQ(settling().on(LifeEvent{.kind = quiet, .needed = false}), closing_with_notify);
}

TEST(LifecycleT31, an_end_or_bytes_behind_the_answer_close_it) {
    EXPECT_EQ(settling().on(end), closed_quietly);
    EXPECT_EQ(settling().on(bytes), (Step{.to = State::closed, .ending = Ending::quiet, .suspicious = true}));
}

TEST(LifecycleT32, its_limit_closes_a_parked_connection_from_our_side) {
    EXPECT_EQ(idle().on(deadline), closing_with_notify);
    EXPECT_EQ(fresh().on(deadline), closing_with_notify);
}

TEST(LifecycleT33, what_wants_it_gone_closes_a_parked_connection) {
    for (const EventKind kind : {unneeded, pressure, freeze}) {
        EXPECT_EQ(idle().on(kind), closing_with_notify);
        EXPECT_EQ(fresh().on(kind), closing_with_notify);
    }
    for (const EventKind kind : {network_changed, resumed}) {
        EXPECT_EQ(idle().on(kind), closed_quietly) << "nobody hears a close_notify";
        EXPECT_EQ(fresh().on(kind), closed_quietly);
    }
}

TEST(LifecycleT34, closing_ends_with_whatever_happens_next) {
    for (const EventKind kind : {flushed, end, reset, deadline}) {
        EXPECT_EQ(closing().on(kind).to, State::closed);
    }
}

TEST(LifecycleT35, what_takes_an_active_connection_away_asks_for_the_rest_elsewhere) {
    for (const EventKind kind : {freeze, network_changed, resumed}) {
        EXPECT_EQ(Lifecycle{}.on(kind), (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::elsewhere}));
        EXPECT_EQ(handshaking().on(kind).fate, Fate::elsewhere);
        EXPECT_EQ(sending_fresh().on(kind).fate, Fate::elsewhere);
        EXPECT_EQ(waiting_fresh().on(kind).fate, Fate::elsewhere);
        EXPECT_EQ(receiving().on(kind).fate, Fate::elsewhere);
        EXPECT_EQ(receiving_body().on(kind), (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::partial}));
    }
}

TEST(Lifecycle, an_answer_of_408_on_a_reused_connection_was_meant_for_nobody) {
    Lifecycle life = with(waiting_reused(), {just(bytes)});
    EXPECT_EQ(life.on(LifeEvent{.kind = head, .idle_refused = true}),
              (Step{.to = State::closed, .ending = Ending::quiet, .fate = Fate::stale}));
    EXPECT_EQ(receiving().on(LifeEvent{.kind = head, .idle_refused = true}), (Step{.to = State::receiving}))
        << "on a fresh one it is the answer";
}

TEST(Lifecycle, a_closed_connection_stays_closed) {
    Lifecycle life = with(idle(), {just(end)});
    for (const EventKind kind : {connected, secured, bytes, checkout, complete, quiet, deadline, freeze}) {
        EXPECT_EQ(life.on(kind), (Step{.to = State::closed}));
    }
}

TEST(Lifecycle, remembers_what_ended_it) {
    EXPECT_EQ(with(idle(), {just(reset)}).ended_by(), reset);
    EXPECT_EQ(with(idle(), {just(pressure), just(flushed)}).ended_by(), pressure);
}

}  // namespace
}  // namespace lastack::net
