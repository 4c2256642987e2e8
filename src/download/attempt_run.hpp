// All attempts for one file or document: asks, supervises, blames, plans what is next.
#pragma once

#include "download/attempts.hpp"
#include "download/mirrors.hpp"
#include "download/patience.hpp"
#include "download/retry_plan.hpp"
#include "download/stall_rule.hpp"
#include "http/exchange_watch.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace lastack::download {

class AttemptRun {
public:
    AttemptRun(Transport transport, std::vector<std::string> urls, RequestOptions options, Attempt& attempt);

    [[nodiscard]] net::Task<Result<void>> run();

private:
    // The attempt under way, as its judge sees it.
    struct Current {
        TimePoint started{};
        TimePoint judged{};
        Duration dial{0};        // longest time that opening a connection may take
        bool queued = false;     // more are at work on the host than it gets connections
        bool exploring = false;  // tried to see whether it is faster
        std::uint64_t seen = 0;  // bytes, when judged last
        Duration seen_with_receiver{0};
        double bytes = 0;  // lately, older ones fading
        double time = 0;   // seconds that they took
        std::uint64_t booked = 0;
        double unbooked_time = 0;
        LeftMirror left = LeftMirror::no;
        std::size_t to = 0;
        Duration silent{0};
    };

    void order_mirrors();
    [[nodiscard]] MirrorBook::Question question() const;
    [[nodiscard]] const std::string& host() const { return hosts_[history_.mirror]; }
    [[nodiscard]] std::size_t mirrors() const { return urls_.size(); }
    [[nodiscard]] bool usable(std::size_t mirror) const;
    [[nodiscard]] OtherMirrors others() const;
    [[nodiscard]] std::vector<std::size_t> ranking() const;
    [[nodiscard]] std::size_t next_mirror() const;
    [[nodiscard]] std::optional<Error> known_dead() const;

    [[nodiscard]] net::Task<bool> wait_for_place();
    [[nodiscard]] net::Task<Result<void>> ask_once();
    void begin_time();
    void end_time(const Result<void>& done);
    [[nodiscard]] bool has_new_mirror() const;
    [[nodiscard]] bool is_out_of_time() const;
    [[nodiscard]] bool judge(http::ExchangeWatch& watch);
    void measure(const http::ExchangeWatch& watch, TimePoint now);
    void spend(Duration time, TimePoint now);
    [[nodiscard]] bool takes_too_long();
    void explain_leaving(Error& error) const;
    [[nodiscard]] bool look_for_better(const http::ExchangeWatch& watch, TimePoint now);
    void write_down(const Result<void>& done);

    // What follows a failure; unset: give up.
    [[nodiscard]] std::optional<Retry> plan(const Error& error, std::uint64_t bytes_before);
    [[nodiscard]] bool begin_second_round(const Error& error);
    [[nodiscard]] std::optional<Retry> act(MirrorAction action, std::optional<Retry> planned);
    void tell(const Result<void>& done, AfterAttempt next, Duration delay) const;
    [[nodiscard]] Error give_up_error(Error last) const;

    Transport transport_;
    Mirrors& shared_;
    std::vector<std::string> urls_;
    std::vector<std::string> hosts_;
    RequestOptions wanted_;       // the request's own
    RequestOptions options_;      // over the client's: of the file as a whole
    RequestOptions here_;         // with the mirror's between them: of the attempt under way
    std::vector<unsigned> most_;  // files in transfer at a time, per mirror; 0: no limit of its own
    Attempt& attempt_;
    AttemptHistory history_;
    std::optional<Patience> patience_;  // unset: no bound for the file as a whole
    std::vector<bool> tried_;           // per mirror
    std::vector<std::size_t> order_;    // listed or shuffled; ranked asks the book each time
    std::vector<unsigned> moved_to_;
    std::map<std::size_t, Error> failures_;
    unsigned asked_ = 0;
    unsigned explored_ = 0;
    unsigned free_rejections_ = 0;
    bool waited_long_ = false;  // as long as anything is waited for
    bool second_round_ = false;
    Current current_;
    http::ExchangeWatch watch_;
};

}  // namespace lastack::download
