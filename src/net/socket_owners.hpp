// Which of the watched processes holds which socket, found by inode through /proc/PID/fd. Looking through all descriptors of all processes
// is dear, so it is done when a socket appears that was not judged yet, when a holder has let go, and otherwise now and then; what is told
// in between was checked on the one descriptor that is known. Blocks on /proc: never on the reactor.
#pragma once

#include "base/time.hpp"
#include "net/socket_table.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <sys/types.h>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace lastack::net {

// How long a socket that nobody watched held may go to a watched process unnoticed, and a new process or namespace stay unseen while no
// socket appears.
inline constexpr std::chrono::milliseconds longest_between_scans{100};

struct SocketHolder {
    pid_t pid = -1;
    int fd = -1;
};

class SocketOwners {
public:
    using Processes = std::function<std::vector<pid_t>()>;

    // `watched` is asked at each scan; where several hold a socket, the first of its answer is the holder.
    explicit SocketOwners(Processes watched) : watched_{std::move(watched)} {}

    // To be called with each table before holder_of: looks through the processes when that is due.
    void follow(const std::vector<TcpSocket>& table, TimePoint now);
    // Nothing when no watched process holds it. `socket` is of the table that was followed last.
    [[nodiscard]] std::optional<SocketHolder> holder_of(const TcpSocket& socket) const;

    // As of the last scan: who was watched, how many of them may not be looked into, and one process of each other network namespace.
    [[nodiscard]] const std::vector<pid_t>& processes() const { return processes_; }
    [[nodiscard]] std::size_t hidden() const { return hidden_; }
    [[nodiscard]] const std::vector<pid_t>& elsewhere() const { return elsewhere_; }

private:
    [[nodiscard]] bool scan_is_due(const std::vector<TcpSocket>& table, TimePoint now) const;
    void scan();
    void scan_descriptors(pid_t pid);

    Processes watched_;
    std::vector<pid_t> processes_;
    std::vector<pid_t> elsewhere_;
    std::size_t hidden_ = 0;
    std::optional<TimePoint> scanned_;
    std::unordered_map<std::uint64_t, SocketHolder> holders_;
    std::unordered_set<std::uint64_t> judged_;
};

}  // namespace lastack::net
