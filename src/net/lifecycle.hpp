// The life of one HTTP/1.1 connection as a pure machine: an event goes in, what to do about it comes out. The rows T01 to T35 of
// docs/design/connections.md are its whole text; pool and exchange feed it and perform its steps. No I/O, no clock.
#pragma once

#include <cstdint>

namespace lastack::net {

enum class State : std::uint8_t {
    connecting,  // a SYN is out
    handshake,   // tunnel and TLS
    fresh,       // ready, never carried a request
    sending,     // a request is bound to it
    waiting,     // the request is out, no byte of the answer came
    receiving,
    settling,  // the answer is whole; one look before it is parked
    idle,      // parked
    closing,   // our close_notify is on its way
    closed,
};

enum class EventKind : std::uint8_t {
    // of the network
    connected,      // our SYN was answered
    failed,         // connecting: refused or unreachable; handshake: alert, refusal of the proxy, junk
    secured,        // tunnel and TLS stand; at once for a plain connection
    control,        // readable, but nothing for the application: a TLS ticket, a KeyUpdate
    bytes,          // for the application
    informational,  // a whole 1xx answer
    head,           // the final answer's head is whole
    complete,       // the answer is whole by its own framing
    malformed,      // what came breaks the protocol
    end,            // FIN, or close_notify
    reset,          // RST, or the kernel gave up
    quiet,          // read until nothing was left
    // of the clock
    deadline,  // the one that this state has
    // ours
    sent_part,
    sent_all,
    checkout,         // a request wants it
    abandoned,        // cancelled, or the answer is not wanted any more
    unneeded,         // no request will want it
    pressure,         // its descriptor, or its place in the limits, is wanted
    freeze,           // the process is about to stop, to prompt, to run a transaction, or to exit
    network_changed,  // its local address is gone, or its route
    resumed,          // the machine slept
    flushed,          // the close_notify is out, or cannot get out
};

// The guards of the rows, as far as the event has one.
struct LifeEvent {
    EventKind kind;
    bool bound = false;         // secured: a request waits for it
    bool others_left = false;   // failed, deadline (connecting): further addresses
    bool usable = true;         // checkout: within its limit, and a look showed nothing
    bool idle_refused = false;  // head: 408
    bool keep = false;          // complete: both sides keep the connection
    bool needed = true;         // quiet: a request will want it
    bool until_close = false;   // end: only the end of the connection ends this answer
    bool clean = true;          // end: FIN on a plain connection, close_notify on TLS
};

// How a connection goes.
enum class Ending : std::uint8_t {
    none,
    notify,  // ours: close_notify where TLS is spoken, then FIN
    quiet,   // the peer ended it, or cannot hear us: FIN without a word of TLS
    abort,   // bytes are still coming that nobody wants: RST
};

// What becomes of the request that the connection carried, or was dialled for.
enum class Fate : std::uint8_t {
    none,
    next_address,   // dial the next one
    bind,           // it is written here
    elsewhere,      // nothing was written: another connection, free of charge (A)
    stale,          // the connection had died unused: another one, the mirror is not to blame (B, E, M)
    mirror_failed,  // D, L, N
    delivered,      // G
    partial,        // what came is kept, the rest asked for by Range (F)
    truncated,      // the end proves nothing (H)
};

struct Step {
    State to = State::closed;
    Ending ending = Ending::none;
    Fate fate = Fate::none;
    bool suspicious = false;  // bytes that nobody asked for: worth a warning

    friend bool operator==(const Step&, const Step&) = default;
};

class Lifecycle {
public:
    static constexpr unsigned most_informational = 8;

    Step on(LifeEvent event);
    Step on(EventKind kind) { return on(LifeEvent{.kind = kind}); }

    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] bool is_open() const noexcept { return state_ != State::closed; }
    [[nodiscard]] bool is_parked() const noexcept { return state_ == State::fresh || state_ == State::idle; }
    [[nodiscard]] bool is_dialling() const noexcept { return state_ == State::connecting || state_ == State::handshake; }
    // It carried a request before the one that it carries now.
    [[nodiscard]] bool reused() const noexcept { return requests_ > (is_parked() || state_ == State::settling ? 0u : 1u); }
    [[nodiscard]] unsigned requests() const noexcept { return requests_; }  // bound so far
    // How the step that ended it wants it to go, and what that was.
    [[nodiscard]] Ending ending() const noexcept { return ending_; }
    [[nodiscard]] EventKind ended_by() const noexcept { return ended_by_; }

private:
    [[nodiscard]] Step decide(const LifeEvent& event);
    [[nodiscard]] Step connecting(const LifeEvent& event) const;
    [[nodiscard]] Step handshake(const LifeEvent& event) const;
    [[nodiscard]] Step parked(const LifeEvent& event);
    [[nodiscard]] Step sending(const LifeEvent& event);
    [[nodiscard]] Step waiting(const LifeEvent& event);
    [[nodiscard]] Step receiving(const LifeEvent& event);
    [[nodiscard]] Step settling(const LifeEvent& event) const;
    [[nodiscard]] Step died_unanswered() const;
    [[nodiscard]] Step died_in_answer() const;

    State state_ = State::connecting;
    Ending ending_ = Ending::none;
    EventKind ended_by_ = EventKind::abandoned;
    unsigned requests_ = 0;
    unsigned informational_ = 0;
    bool wrote_ = false;
    bool early_ = false;  // the answer came before the request was out
    bool head_ = false;
};

[[nodiscard]] const char* to_string(State state) noexcept;

}  // namespace lastack::net
