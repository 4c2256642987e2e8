#include "bench/holding_server.hpp"

#include "bench/turn.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <poll.h>
#include <random>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace lastack::bench {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr int patience_with_requests = 60;  // seconds; a client that does not ask is a failed run

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>{time}.count(); }

enum class Gone : std::uint8_t { no, finished, reset };

// Takes what is there, without waiting; close_notify and the like are bytes that nobody here asks for.
Gone look(int fd) {
    std::array<char, 4096> rest;
    ssize_t n = 1;
    while (n > 0) {
        n = ::recv(fd, rest.data(), rest.size(), MSG_DONTWAIT);
    }
    return n == 0 ? Gone::finished : errno == EAGAIN || errno == EINTR ? Gone::no : Gone::reset;
}

class Epoll {
public:
    Epoll() : fd_{::epoll_create1(EPOLL_CLOEXEC)} {}
    ~Epoll() { ::close(fd_); }
    Epoll(const Epoll&) = delete;
    Epoll& operator=(const Epoll&) = delete;

    void add(int fd, std::size_t index) const {
        epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.u64 = index}};
        ::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event);
    }
    void remove(int fd) const {
        epoll_event none{};
        ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, &none);
    }
    [[nodiscard]] int wait(std::array<epoll_event, 64>& events, int milliseconds) const {
        return ::epoll_wait(fd_, events.data(), static_cast<int>(events.size()), milliseconds);
    }

private:
    int fd_;
};

}  // namespace

Channel HoldingServer::accept_one(Listener& listener) {
    const int fd = listener.accept();
    if (fd < 0) {
        die("accept");
    }
    Channel channel{fd, context_, Channel::End::server};
    if (!channel.is_open()) {
        die("the handshake of a client");
    }
    channel.set_receive_limit(patience_with_requests);
    if (!channel.read_head()) {
        die("the request of a client");
    }
    return channel;
}

std::string HoldingServer::open_ports(std::size_t count) {
    std::string numbers;
    ports_.clear();
    while (ports_.size() < count) {
        numbers += (numbers.empty() ? "" : " ") + std::to_string(ports_.emplace_back().port());
    }
    return numbers;
}

void HoldingServer::collect_from_ports() {
    open_.clear();
    for (Listener& port : ports_) {
        if (!open_.emplace_back(accept_one(port)).write(answer)) {
            die("an answer");
        }
    }
    ports_.clear();
}

void HoldingServer::collect(std::size_t count) {
    open_.clear();
    open_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        open_.push_back(accept_one(listener_));
    }
    for (Channel& channel : open_) {
        if (!channel.write(answer)) {
            die("an answer");
        }
    }
}

void HoldingServer::serve_one() {
    Channel channel = accept_one(listener_);
    channel.write(answer);
    channel.notify();
    channel.fin();
}

Closes HoldingServer::close_all(std::chrono::microseconds pace, std::chrono::milliseconds patience) {
    Closes closes;
    const Epoll epoll;
    for (std::size_t i = 0; i < open_.size(); ++i) {
        epoll.add(open_[i].fd(), i);
    }
    std::vector<std::size_t> order(open_.size());
    std::ranges::generate(order, [next = std::size_t{0}]() mutable { return next++; });
    std::ranges::shuffle(order, std::minstd_rand{7});

    constexpr Clock::rep never = 0;
    const auto begun = std::make_unique<std::atomic<Clock::rep>[]>(open_.size());
    std::atomic<bool> all_begun = false;
    const Clock::time_point begin = Clock::now();
    std::thread closer{[&] {
        measure_in_real_time();
        Clock::time_point next = begin;
        for (const std::size_t i : order) {
            if (pace.count() > 0) {
                std::this_thread::sleep_until(next += pace);
            }
            begun[i] = Clock::now().time_since_epoch().count();
            open_[i].notify();
            open_[i].fin();
        }
        all_begun = true;
    }};

    std::size_t waiting = open_.size();
    Clock::time_point last_sign = Clock::now();
    while (waiting > 0 && (!all_begun || Clock::now() - last_sign < patience)) {
        std::array<epoll_event, 64> events;
        const int ready = epoll.wait(events, 20);
        for (int e = 0; e < ready; ++e) {
            const auto i = events[static_cast<std::size_t>(e)].data.u64;
            const Gone gone = look(open_[i].fd());
            if (gone == Gone::no) {
                continue;
            }
            last_sign = Clock::now();
            const Clock::rep since = begun[i];
            if (since == never) {
                ++closes.closed_by_them;
            } else {
                closes.times.push_back(microseconds(last_sign.time_since_epoch() - Clock::duration{since}));
            }
            closes.resets += gone == Gone::reset ? 1 : 0;
            closes.last_gone = microseconds(last_sign - begin);
            --waiting;
            // The closer may be about to use it: out of the set now, closed below.

            epoll.remove(open_[i].fd());
        }
        if (!all_begun) {
            last_sign = Clock::now();
        }
    }
    closer.join();
    closes.left = waiting;
    if (waiting == 0) {
        open_.clear();
    }
    return closes;
}

std::size_t HoldingServer::drop_left(std::chrono::milliseconds patience) {
    std::this_thread::sleep_for(patience);
    const auto gone = std::ranges::count_if(open_, [](const Channel& channel) { return look(channel.fd()) != Gone::no; });
    open_.clear();
    return static_cast<std::size_t>(gone);
}

}  // namespace lastack::bench
