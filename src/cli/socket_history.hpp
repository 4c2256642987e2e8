// What was seen of sockets, look by look, and what follows from it. Pure: the looks bring their times along. A time told here is one during
// which the socket certainly was in that state: from the end of the first look that saw it so to the beginning of the last.
#pragma once

#include "base/time.hpp"
#include "net/socket_table.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace lastack::cli {

// A time between two looks that is longer was not watched: we were stopped, or the machine slept, and then the program was no freer to
// act than we. It counts for nothing.
inline constexpr std::chrono::seconds longest_gap{1};
// A socket that is on its way from one process to another has no owner for a moment. One that is away for longer is a new one.
inline constexpr std::chrono::seconds remembered{1};
inline constexpr std::size_t most_overdue_kept = 1000;

struct SeenSocket {
    net::TcpSocket tcp;
    pid_t pid = -1;       // -1: no owner was found
    std::string program;  // as the process calls itself
};

struct Look {
    TimePoint begun;
    TimePoint ended;
    std::vector<SeenSocket> sockets;
};

struct FollowedSocket {
    SeenSocket seen;
    TimePoint since;  // the end of the first look that saw it in its state
    TimePoint until;  // the beginning of the last

    [[nodiscard]] Duration in_state() const { return until > since ? until - since : Duration::zero(); }
};

struct SocketEvent {
    // Gone: closed, or given to a process that is not watched.
    enum class Kind : std::uint8_t { seen, changed, gone } kind = Kind::seen;
    FollowedSocket socket;
    net::TcpState before = net::TcpState::close;  // of a changed one
    Duration in_state_before{};
};

struct CloseWait {
    SeenSocket socket;
    Duration lasted{};
};

struct SocketSummary {
    std::size_t sockets = 0;         // different ones
    std::size_t most_at_a_time = 0;  // seen in one look
    std::size_t in_close_wait = 0;   // different ones that were in CLOSE_WAIT in some look
    std::optional<CloseWait> longest_close_wait;
};

class SocketHistory {
public:
    // `limit`: how long a socket may stay in CLOSE_WAIT.
    explicit SocketHistory(std::optional<std::chrono::milliseconds> limit = {}) : limit_{limit} {}

    // What changed since the look before; looks come in the order of their times.
    std::vector<SocketEvent> feed(const Look& look);

    // As of the last look, in the order of owner, local and remote address.
    [[nodiscard]] std::vector<FollowedSocket> sockets() const;
    [[nodiscard]] const SocketSummary& summary() const { return summary_; }
    // The verdict: those that stayed longer than the limit, in the order in which they passed it. None without a limit.
    [[nodiscard]] const std::vector<CloseWait>& overdue() const { return overdue_; }
    [[nodiscard]] std::size_t overdue_count() const { return overdue_count_; }

private:
    struct Key {
        std::uint64_t inode = 0;
        net::Endpoint local;
        net::Endpoint remote;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Entry {
        FollowedSocket socket;
        std::uint64_t look = 0;  // the last that saw it
        bool open = true;
        bool counted_close_wait = false;
        bool passed_limit = false;
        std::optional<std::size_t> overdue;  // its place there
    };

    void leave_gap_out(const Look& look);
    void see(const SeenSocket& seen, const Look& look, std::vector<SocketEvent>& events);
    void judge(Entry& entry);

    std::optional<std::chrono::milliseconds> limit_;
    std::uint64_t looks_ = 0;
    std::optional<TimePoint> last_ended_;
    std::map<Key, Entry> entries_;
    SocketSummary summary_;
    std::vector<CloseWait> overdue_;
    std::size_t overdue_count_ = 0;
};

// When to look again. A look that takes long, because there are very many sockets, does not eat more than about a fifth of a processor, as
// long as looks do not get rare by it.
[[nodiscard]] TimePoint next_look(const Look& last, Duration interval);

}  // namespace lastack::cli
