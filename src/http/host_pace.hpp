// How many requests one server gets at a time and how soon one after the other, learned from those that it turns away. Pure.
//
// A rejection while others are served means too many at a time: the number is halved, grows again one by one up to what failed, and tries
// that again only after many answers. A rejection that met the server alone means too fast: requests get a distance, first estimated from
// what was served, then halved until it fails once. Where distances that a limit would have to like are rejected too, the server has moods:
// it is asked again soon, and at full speed.
#pragma once

#include "base/time.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace lastack::http {

class HostPace {
public:
    using Ticket = std::uint64_t;

    static constexpr auto longest_quiet = std::chrono::seconds{60};  // that a server may ask for by Retry-After; more is not its pace

    // `most`: requests at a time when the server does not mind. `taken_before`: so many it served at a time in an earlier run.
    explicit HostPace(unsigned most, unsigned taken_before = 0);

    // When the next request may begin: `now` or earlier is at once, TimePoint::max() is after one that runs has ended or was answered.
    [[nodiscard]] TimePoint next_start(TimePoint now);
    Ticket start(TimePoint now);
    void accepted(Ticket ticket, TimePoint now);                   // an answer began that is no rejection
    enum class Meaning : std::uint8_t { any, too_many_requests };  // 429 can mean nothing else
    void rejected(Ticket ticket, TimePoint now, std::optional<Duration> retry_after, Meaning meaning = Meaning::any);
    void ended(Ticket ticket);

    // Other requests were served, or may still be, while this one ran.
    [[nodiscard]] bool others_served(Ticket ticket) const { return served_beside(running_.at(ticket), ticket) > 0; }

    [[nodiscard]] unsigned allowed() const noexcept { return allowed_; }
    // For the next run: so many at a time it took, or was allowed after it had; 0: it turned some away, or never answered.
    [[nodiscard]] unsigned taken() const noexcept;
    [[nodiscard]] Duration interval() const noexcept { return interval_; }  // 0: no distance
    [[nodiscard]] TimePoint quiet_until() const noexcept { return quiet_until_; }
    [[nodiscard]] bool ever_accepted() const noexcept { return last_accepted_.has_value(); }
    // It serves requests, only not all that it gets.
    [[nodiscard]] bool serves(TimePoint now) const noexcept;

private:
    struct Running {
        TimePoint started{};
        unsigned peak = 0;           // most at a time while it ran
        std::uint64_t lowering = 0;  // how often the number had been lowered when it began
        std::uint64_t served = 0;    // how many had been served then
        Duration interval{0};        // the distance that was kept then
        bool at_interval = false;    // it began as soon as that allowed
        bool full = false;           // all that were allowed ran at a time
        bool accepted = false;
        bool rejected = false;
        bool may_be_mood = false;  // it was rejected without a word that this is about our pace
        bool slow = false;         // it runs for so long that it is none of those rejected at once
    };
    struct Level {
        unsigned allowed = 0;
        std::optional<unsigned> failed;
        std::uint64_t served = 0;
    };

    [[nodiscard]] unsigned served_beside(const Running& request, Ticket ticket) const;
    void grow(const Running& request);
    void too_many(const Running& request, unsigned beside);
    void too_fast(const Running& request, TimePoint now, std::optional<Duration> retry_after);
    [[nodiscard]] bool is_lone();
    void distance_failed(const Running& request, TimePoint now, std::optional<Duration> retry_after);
    [[nodiscard]] Duration within_proof(Duration interval) const;
    void note_gap(TimePoint now);
    void begin_moods(TimePoint now);
    void mood(TimePoint now);
    void begin_distance(TimePoint now, std::optional<Duration> retry_after, Duration longest);
    void shorten_distance(const Running& request);

    unsigned most_;
    unsigned taken_before_;
    std::map<Ticket, Running> running_;
    Ticket last_ticket_ = 0;
    std::uint64_t served_ = 0;  // ended well

    unsigned allowed_;
    std::optional<unsigned> failed_;  // so many at a time were too many
    std::optional<Level> before_;     // before the last lowering, until that proves right
    std::uint64_t lowerings_ = 0;
    unsigned credits_ = 0;  // accepted since the number changed
    unsigned patience_;     // credits for another try of what failed

    TimePoint quiet_until_{};
    Duration interval_{0};
    Duration good_{0};  // the shortest distance that worked
    Duration bad_{0};   // the longest that did not
    bool coarse_ = false;
    unsigned steady_ = 0;  // accepted at this distance
    unsigned interval_patience_;
    unsigned rejected_in_a_row_ = 0;
    std::optional<std::uint64_t> lone_at_;  // served when a rejection was taken for a lone one
    bool moody_ = false;                    // it rejects whatever the distance
    unsigned close_ = 0;                    // rejections in a row, each after but a few accepted
    unsigned most_close_moods_;
    unsigned lengthened_ = 0;               // the distance, in vain
    std::optional<Duration> doubted_;       // a distance that failed after it had worked for long
    std::optional<Duration> proved_;        // a limit of its own would not have let requests through at a shorter distance
    std::optional<TimePoint> turned_;       // when it rejected the last time
    std::uint64_t accepted_since_ = 0;      // that
    std::optional<TimePoint> rejected_at_;  // the last time that it was too fast
    std::optional<TimePoint> last_start_;
    std::optional<TimePoint> last_accepted_;  // when the answer came
    std::deque<TimePoint> accepted_starts_;   // of the last seconds
};

}  // namespace lastack::http
