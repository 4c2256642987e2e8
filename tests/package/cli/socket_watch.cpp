#include "socket_watch.hpp"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <stop_token>

namespace lastack::cli::test {

namespace {

using lastack::test::TcpState;

// The process first; each thread has its own list of children.
std::vector<pid_t> process_tree(pid_t root) {
    std::vector<pid_t> found{root};
    for (std::size_t i = 0; i < found.size(); ++i) {
        std::error_code error;
        for (std::filesystem::directory_iterator each("/proc/" + std::to_string(found[i]) + "/task", error), end; !error && each != end;
             each.increment(error)) {
            std::ifstream in(each->path() / "children");
            for (pid_t child = 0; in >> child;) {
                found.push_back(child);
            }
        }
    }
    return found;
}

SocketLook look_at(pid_t root) {
    SocketLook look{.begun = Clock::now(), .ended = {}, .sockets = {}};
    for (const pid_t pid : process_tree(root)) {
        const auto sockets = lastack::test::tcp_sockets(pid);
        look.sockets.insert(look.sockets.end(), sockets.begin(), sockets.end());
    }
    look.ended = Clock::now();
    return look;
}

}  // namespace

SocketWatch::SocketWatch(pid_t pid)
    : thread_([this, pid](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any stopped;
          std::unique_lock lock(mutex);
          do {
              looks_.push_back(look_at(pid));
          } while (!stopped.wait_for(lock, stop, std::chrono::milliseconds(1), [&] { return stop.stop_requested(); }));
      }) {}

std::vector<SocketLook> SocketWatch::stop() {
    thread_.request_stop();
    thread_.join();
    return std::move(looks_);
}

std::string open_between(const std::vector<SocketLook>& looks, TimePoint from, TimePoint to) {
    bool looked = false;
    for (const auto& look : looks) {
        if (look.begun < from || look.ended > to) {
            continue;
        }
        looked = true;
        if (!look.sockets.empty()) {
            const auto after = std::chrono::duration_cast<std::chrono::milliseconds>(look.begun - from);
            return describe(look.sockets) + " after " + std::to_string(after.count()) + " ms";
        }
    }
    return looked ? "" : "not looked";
}

std::chrono::milliseconds longest_close_wait(const std::vector<SocketLook>& looks) {
    std::map<std::uint64_t, TimePoint> since;
    Duration longest{};
    for (const auto& look : looks) {
        for (const auto& socket : look.sockets) {
            if (socket.state == TcpState::close_wait) {
                const auto first = since.try_emplace(socket.inode, look.ended).first->second;
                longest = std::max(longest, Duration(look.begun - first));
            }
        }
    }
    return std::chrono::ceil<std::chrono::milliseconds>(longest);
}

std::size_t most_open(const std::vector<SocketLook>& looks) {
    std::size_t most = 0;
    for (const auto& look : looks) {
        most = std::max(most, look.sockets.size());
    }
    return most;
}

}  // namespace lastack::cli::test
