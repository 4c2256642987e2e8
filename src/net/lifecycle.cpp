#include "net/lifecycle.hpp"

namespace lastack::net {

namespace {

constexpr Step stay(State state) { return {.to = state}; }

}  // namespace

Step Lifecycle::on(LifeEvent event) {
    const Step step = decide(event);
    state_ = step.to;
    if (step.ending != Ending::none) {
        ending_ = step.ending;
        ended_by_ = event.kind;
    }
    return step;
}

Step Lifecycle::decide(const LifeEvent& event) {
    switch (state_) {
        case State::connecting:
            return connecting(event);
        case State::handshake:
            return handshake(event);
        case State::fresh:
        case State::idle:
            return parked(event);
        case State::sending:
            return sending(event);
        case State::waiting:
            return waiting(event);
        case State::receiving:
            return receiving(event);
        case State::settling:
            return settling(event);
        case State::closing:  // T34: whatever happens, it is not waited for
            return {.to = State::closed};
        case State::closed:
            return stay(State::closed);
    }
    return stay(state_);
}

Step Lifecycle::connecting(const LifeEvent& event) const {
    switch (event.kind) {
        case EventKind::connected:  // T01
            return stay(State::handshake);
        case EventKind::failed:
        case EventKind::reset:
        case EventKind::deadline:  // T02
            return {.ending = Ending::quiet, .fate = event.others_left ? Fate::next_address : Fate::mirror_failed};
        case EventKind::unneeded:
        case EventKind::abandoned:
        case EventKind::pressure:
        case EventKind::freeze:
        case EventKind::network_changed:
        case EventKind::resumed:  // T03, T35
            return {.ending = Ending::quiet, .fate = Fate::elsewhere};
        default:
            return stay(state_);
    }
}

Step Lifecycle::handshake(const LifeEvent& event) const {
    switch (event.kind) {
        case EventKind::secured:  // T04, T05: the request is bound by a checkout in the same turn
            return {.to = State::fresh, .fate = event.bound ? Fate::bind : Fate::none};
        case EventKind::failed:
        case EventKind::end:
        case EventKind::reset:
        case EventKind::deadline:  // T06
            return {.ending = Ending::quiet, .fate = Fate::mirror_failed};
        case EventKind::unneeded:
        case EventKind::abandoned:
        case EventKind::pressure:
        case EventKind::freeze:
        case EventKind::network_changed:
        case EventKind::resumed:  // T35
            return {.ending = Ending::quiet, .fate = Fate::elsewhere};
        default:
            return stay(state_);
    }
}

Step Lifecycle::parked(const LifeEvent& event) {
    switch (event.kind) {
        case EventKind::checkout:
            if (!event.usable) {  // T13: the caller says by end, reset or bytes what was seen; only its limit is left
                return {.to = State::closing, .ending = Ending::notify, .fate = Fate::elsewhere};
            }
            ++requests_;  // T12
            informational_ = 0;
            wrote_ = early_ = head_ = false;
            return {.to = State::sending, .fate = Fate::bind};
        case EventKind::end:
        case EventKind::reset:  // T08, T09
            return {.ending = Ending::quiet};
        case EventKind::bytes:  // T10, T11
            return {.ending = Ending::quiet, .suspicious = true};
        case EventKind::deadline:
        case EventKind::unneeded:
        case EventKind::pressure:
        case EventKind::freeze:  // T32, T33
            return {.to = State::closing, .ending = Ending::notify};
        case EventKind::network_changed:
        case EventKind::resumed:  // T33: nobody hears a close_notify
            return {.ending = Ending::quiet};
        default:  // T07 among them
            return stay(state_);
    }
}

// The connection died, or said nothing, before the first byte of an answer.
Step Lifecycle::died_unanswered() const {
    if (!reused()) {  // T18 (D)
        return {.ending = Ending::quiet, .fate = Fate::mirror_failed};
    }
    return {.ending = Ending::quiet, .fate = wrote_ ? Fate::stale : Fate::elsewhere};  // T17 (B, A)
}

Step Lifecycle::sending(const LifeEvent& event) {
    switch (event.kind) {
        case EventKind::sent_part:  // T14
            wrote_ = true;
            return stay(State::sending);
        case EventKind::sent_all:  // T15
            wrote_ = true;
            return stay(State::waiting);
        case EventKind::bytes:
            if (!wrote_) {  // T16b; a server that speaks first on every connection is not HTTP
                return {.ending = Ending::quiet, .fate = reused() ? Fate::elsewhere : Fate::mirror_failed, .suspicious = true};
            }
            early_ = true;  // T16
            return stay(State::receiving);
        case EventKind::end:
        case EventKind::reset:
            return died_unanswered();
        case EventKind::deadline:
        case EventKind::abandoned:  // as T21
            return {.ending = Ending::abort, .fate = event.kind == EventKind::deadline ? Fate::mirror_failed : Fate::none};
        case EventKind::freeze:
        case EventKind::network_changed:
        case EventKind::resumed:  // T35
            return {.ending = Ending::quiet, .fate = Fate::elsewhere};
        default:
            return stay(state_);
    }
}

Step Lifecycle::waiting(const LifeEvent& event) {
    switch (event.kind) {
        case EventKind::bytes:  // T20
            return stay(State::receiving);
        case EventKind::end:
        case EventKind::reset:  // T17, T18
            return died_unanswered();
        case EventKind::deadline:  // T21 (L): silence is not staleness
            return {.ending = Ending::abort, .fate = Fate::mirror_failed};
        case EventKind::abandoned:
            return {.ending = Ending::abort};
        case EventKind::freeze:
        case EventKind::network_changed:
        case EventKind::resumed:  // T35
            return {.ending = Ending::quiet, .fate = Fate::elsewhere};
        default:
            return stay(state_);
    }
}

// An end before the answer's own end.
Step Lifecycle::died_in_answer() const {
    if (!head_) {  // E
        return {.ending = Ending::quiet, .fate = reused() ? Fate::stale : Fate::mirror_failed};
    }
    return {.ending = Ending::quiet, .fate = Fate::partial};  // T24 (F)
}

Step Lifecycle::receiving(const LifeEvent& event) {
    switch (event.kind) {
        case EventKind::informational:  // T19
            return ++informational_ > most_informational ? Step{.ending = Ending::abort, .fate = Fate::mirror_failed}
                                                         : stay(State::receiving);
        case EventKind::head:
            head_ = true;
            if (event.idle_refused && reused()) {  // M
                return {.ending = Ending::quiet, .fate = Fate::stale};
            }
            return stay(State::receiving);
        case EventKind::complete:
            if (event.keep && !early_) {  // T22
                return {.to = State::settling, .fate = Fate::delivered};
            }
            return {.to = State::closing, .ending = Ending::notify, .fate = Fate::delivered};  // T23
        case EventKind::end:
            if (event.until_close && head_) {  // T25, T26 (H)
                return {.ending = Ending::quiet, .fate = event.clean ? Fate::delivered : Fate::truncated};
            }
            return died_in_answer();
        case EventKind::reset:  // T27: what was queued before it was read before it
            return died_in_answer();
        case EventKind::malformed:
            return {.ending = Ending::abort, .fate = head_ ? Fate::partial : Fate::mirror_failed};
        case EventKind::deadline:  // T28
            return {.ending = Ending::abort, .fate = head_ ? Fate::partial : Fate::mirror_failed};
        case EventKind::abandoned:
            return {.ending = Ending::abort};
        case EventKind::freeze:
        case EventKind::network_changed:
        case EventKind::resumed:  // T35
            return {.ending = Ending::quiet, .fate = head_ ? Fate::partial : Fate::elsewhere};
        default:
            return stay(state_);
    }
}

Step Lifecycle::settling(const LifeEvent& event) const {
    switch (event.kind) {
        case EventKind::quiet:
            if (event.needed) {  // T29
                return stay(State::idle);
            }
            return {.to = State::closing, .ending = Ending::notify};  // T30
        case EventKind::end:
        case EventKind::reset:
            return {.ending = Ending::quiet};  // T31
        case EventKind::bytes:
            return {.ending = Ending::quiet, .suspicious = true};  // T31
        case EventKind::control:
            return stay(state_);
        case EventKind::network_changed:
        case EventKind::resumed:
            return {.ending = Ending::quiet};
        default:
            return {.to = State::closing, .ending = Ending::notify};
    }
}

const char* to_string(State state) noexcept {
    switch (state) {
        case State::connecting:
            return "connecting";
        case State::handshake:
            return "handshake";
        case State::fresh:
            return "fresh";
        case State::sending:
            return "sending";
        case State::waiting:
            return "waiting";
        case State::receiving:
            return "receiving";
        case State::settling:
            return "settling";
        case State::idle:
            return "idle";
        case State::closing:
            return "closing";
        case State::closed:
            return "closed";
    }
    return "";
}

}  // namespace lastack::net
