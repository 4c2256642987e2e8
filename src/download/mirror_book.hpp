// What is known of the hosts that serve files: measured goodput, what a connection and an answer cost there, and failures. One per client,
// reactor thread only; pure, `now` is passed in.
#pragma once

#include "base/time.hpp"

#include "lastack/error.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::download {

enum class AttemptOutcome : std::uint8_t {
    succeeded,
    no_file,   // this file is missing or another one there: says nothing of the host
    failed,    // the host or the way to it
    no_blame,  // interrupted or left by us
};

// One attempt as the book sees it. Seconds; unset: it did not come to that.
struct AttemptSample {
    AttemptOutcome outcome = AttemptOutcome::no_blame;
    std::optional<double> setup;  // of a connection opened for it
    std::optional<double> first_byte;
};

struct HostRecord {
    double rate = 0;        // bytes per second of one transfer; 0: not measured
    double setup = 0;       // seconds to open a connection, the name's lookup included
    double first_byte = 0;  // seconds from request to answer
    double fail_share = 0;  // of the attempts lately
    unsigned fails = 0;     // in a row
    TimePoint failed_at{};
    TimePoint used_at{};
    double rate_now = 0;         // as `rate`, of this run alone
    TimePoint measured_at{};     // for it
    std::uint64_t requests = 0;  // in this run
    std::uint64_t opened = 0;    // of them with a connection of their own
    unsigned taken = 0;          // requests at a time, as HostPace::taken()
    unsigned active = 0;
    bool explored = false;   // an attempt has ended there
    bool succeeded = false;  // once, in this run or an earlier one
    bool removed = false;
    std::optional<Error> last_error;
};

constexpr std::uint64_t largest_mirror_history = std::uint64_t{1} << 20;  // of what is read

class MirrorBook {
public:
    void began(const std::string& host, TimePoint now);
    void ended(const std::string& host, const AttemptSample& sample, TimePoint now);
    // Bytes of a body that came within that time.
    void carried(const std::string& host, std::uint64_t bytes, double seconds, TimePoint now);
    void failed_with(const std::string& host, const Error& error);
    void took(const std::string& host, unsigned at_a_time);
    void remove(const std::string& host) { hosts_[host].removed = true; }

    [[nodiscard]] const HostRecord* find(const std::string& host) const;
    [[nodiscard]] bool known_good(const std::string& host, TimePoint now) const;
    // Failed often, lately, and never succeeded since.
    [[nodiscard]] bool is_down(const std::string& host, TimePoint now) const;

    // Transfers at work, over all hosts.
    [[nodiscard]] unsigned active() const;
    // Bytes per second of the fastest host but this one, of those measured lately in this run; 0: none was.
    [[nodiscard]] double fastest_beside(const std::string& host, TimePoint now) const;

    // Seconds until `size` bytes would be here. Unset: nothing is known.
    [[nodiscard]] std::optional<double> cost(const std::string& host, double size, TimePoint now) const;

    struct Question {
        double size = 1 << 20;
        bool explore = false;      // a mirror of unknown speed may be tried: the digest tells whether its file is right
        unsigned connections = 3;  // per host
    };
    // The order to try them in: known ones by cost, unknown ones as listed, those that failed lately, removed ones last.
    [[nodiscard]] std::vector<std::size_t> rank(const std::vector<std::string>& hosts, const Question& question, TimePoint now) const;

    // docs/design/mirrors.md. `wall` is the wall clock in seconds: `now` means nothing to another run.
    [[nodiscard]] std::string write(TimePoint now, std::int64_t wall) const;
    void read(std::string_view text, TimePoint now, std::int64_t wall);
    [[nodiscard]] bool changed() const noexcept { return changed_; }
    void saved() noexcept { changed_ = false; }

private:
    [[nodiscard]] static double faded_fails(const HostRecord& record, TimePoint now);

    std::map<std::string, HostRecord, std::less<>> hosts_;
    bool changed_ = false;
};

}  // namespace lastack::download
