// How long after the server's FIN does an idle client connection send its own? The server closes idle connections one by one and waits for
// the end of each; the same server measures lastack's client and, as the limit, a bare epoll loop that only waits to close.
//
//   bench_fin_to_fin [ROUNDS]
#include "lastack/client.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Microseconds = std::chrono::duration<double, std::micro>;
constexpr unsigned connections = 100;  // at a time; the most that one client holds
constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

class Server {
public:
    Server() : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener_, connections) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
            die("listen");
        }
        address_ = address;
    }
    ~Server() { ::close(listener_); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] const sockaddr_in& address() const { return address_; }
    [[nodiscard]] unsigned port() const { return ntohs(address_.sin_port); }

    // Answers only when all have asked, so that each request has a connection of its own.
    void serve_all() {
        for (unsigned i = 0; i < connections; ++i) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            std::array<char, 4096> request{};
            if (fd < 0 || ::read(fd, request.data(), request.size()) <= 0) {
                die("accept");
            }
            open_.push_back(fd);
        }
        for (const int fd : open_) {
            if (::write(fd, answer.data(), answer.size()) < 0) {
                die("write");
            }
        }
    }

    // Closes one after the other; the time from our FIN to theirs for each.
    std::vector<double> close_all() {
        std::vector<double> times;
        for (const int fd : open_) {
            // Some of the client's other work may be under way; a connection is closed when all is quiet.
            ::poll(nullptr, 0, 1);
            const auto begin = std::chrono::steady_clock::now();
            ::shutdown(fd, SHUT_WR);
            std::array<char, 16> rest{};
            while (::read(fd, rest.data(), rest.size()) > 0) {
            }
            times.push_back(Microseconds{std::chrono::steady_clock::now() - begin}.count());
            ::close(fd);
        }
        open_.clear();
        return times;
    }

private:
    int listener_;
    sockaddr_in address_{};
    std::vector<int> open_;
};

void report(const char* name, std::vector<double> times, double limit_median) {
    std::ranges::sort(times);
    const auto at = [&times](double share) { return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))]; };
    std::printf("%-10s %5zu closes   median %7.1f us   p99 %7.1f us   max %7.1f us", name, times.size(), at(0.5), at(0.99), times.back());
    if (limit_median > 0) {
        std::printf("   median %.2f x the bare loop", at(0.5) / limit_median);
    }
    std::printf("\n");
}

double median(std::vector<double> times) {
    std::ranges::sort(times);
    return times[times.size() / 2];
}

std::vector<double> measure_bare_loop(Server& server) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < connections; ++i) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&server.address()), sizeof(sockaddr_in)) != 0 || ::write(fd, "GET", 3) != 3) {
            die("connect");
        }
        epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.fd = fd}};
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
    std::thread loop{[epoll] {
        for (unsigned open = connections; open > 0;) {
            epoll_event event{};
            if (::epoll_wait(epoll, &event, 1, -1) != 1) {
                continue;
            }
            std::array<char, 256> bytes{};
            if (::read(event.data.fd, bytes.data(), bytes.size()) <= 0) {
                ::close(event.data.fd);
                --open;
            }
        }
    }};
    server.serve_all();
    auto times = server.close_all();
    loop.join();
    ::close(epoll);
    return times;
}

std::vector<double> measure_lastack(Server& server) {
    lastack::Client client{
        {.max_parallel_downloads = connections, .max_connections_per_host = connections, .idle_limit = std::chrono::seconds{60}}};
    client.expect_more(true);
    const std::vector<lastack::FetchRequest> requests(connections, {.urls = {"http://127.0.0.1:" + std::to_string(server.port()) + "/"}});
    std::thread serving{[&server] { server.serve_all(); }};
    const auto results = client.fetch(requests);
    serving.join();
    if (std::ranges::any_of(results, [](const auto& result) { return !result; }) || client.connections().idle != connections) {
        std::fprintf(stderr, "the client does not hold %u idle connections\n", connections);
        std::exit(1);
    }
    return server.close_all();
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
    Server server;
    std::vector<double> bare;
    std::vector<double> ours;
    for (int i = 0; i < rounds; ++i) {  // in turn, so that both see the same machine
        for (auto& [all, measure] : {std::pair{&bare, &measure_bare_loop}, std::pair{&ours, &measure_lastack}}) {
            const auto times = measure(server);
            all->insert(all->end(), times.begin(), times.end());
        }
    }
    report("bare epoll", bare, 0);
    report("lastack", ours, median(bare));
}
