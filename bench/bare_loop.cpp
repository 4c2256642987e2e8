// The limit: a thread in epoll_wait that reads and closes, and nothing else.
#include "bench/channel.hpp"
#include "bench/idle_client.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lastack::bench {

namespace {

constexpr std::size_t turn_bytes = std::size_t{64} << 10;

struct Held {
    Channel channel;
    bool streams = false;
};

class BareLoop final : public IdleClient {
public:
    explicit BareLoop(const std::filesystem::path& ca)
        : context_{ca.empty() ? nullptr : client_context(ca)},
          epoll_{::epoll_create1(EPOLL_CLOEXEC)},
          wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
        epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
        loop_ = std::thread{[this] { run(); }};
    }
    ~BareLoop() override {
        end_ = true;
        ::eventfd_write(wake_, 1);
        loop_.join();
        ::close(epoll_);
        ::close(wake_);
    }

    void ask(const std::vector<std::uint16_t>& ports) override {
        answered_ = 0;
        for (const std::uint16_t port : ports) {
            add(port, "GET / HTTP/1.1\r\nHost: bench\r\n\r\n", false);
        }
        for (unsigned seen = answered_; seen < ports.size(); seen = answered_) {
            answered_.wait(seen);
        }
    }

    void begin_load(std::uint16_t port, const std::filesystem::path&) override {
        for (unsigned i = 0; i < load_downloads; ++i) {
            streaming_.push_back(add(port, "GET /1000000000000000 HTTP/1.1\r\nHost: bench\r\n\r\n", true));
        }
    }

    void end_load() override {
        for (const int fd : streaming_) {
            ::shutdown(fd, SHUT_RD);
        }
        streaming_.clear();
    }

private:
    int add(std::uint16_t port, std::string_view request, bool streams) {
        auto held = std::make_unique<Held>(Held{.channel = Channel::connect(port, context_.get()), .streams = streams});
        if (!held->channel.is_open() || !held->channel.write(request)) {
            die("a connection of the bare loop");
        }
        held->channel.do_not_block();
        const int fd = held->channel.fd();
        epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.ptr = held.release()}};  // the loop owns it
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
        return fd;
    }

    void run() {
        std::vector<char> buffer(turn_bytes);
        while (!end_) {
            std::array<epoll_event, 64> events;
            const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < ready; ++i) {
                if (auto* held = static_cast<Held*>(events[static_cast<std::size_t>(i)].data.ptr)) {
                    if (!read(*held, buffer)) {
                        delete held;
                    }
                }
            }
        }
    }

    // False at its end.
    bool read(Held& held, std::vector<char>& buffer) {
        for (std::size_t taken = 0; taken < buffer.size();) {
            const long n = held.channel.read(buffer.data(), buffer.size() - taken);
            if (n == Channel::nothing_yet) {
                return true;
            }
            if (n <= 0) {
                return false;
            }
            taken += static_cast<std::size_t>(n);
            if (!held.streams) {
                ++answered_;
                answered_.notify_one();
            }
        }
        return true;
    }

    ContextHandle context_;
    int epoll_;
    int wake_;
    std::vector<int> streaming_;
    std::atomic<unsigned> answered_ = 0;
    std::atomic<bool> end_ = false;
    std::thread loop_;
};

}  // namespace

std::unique_ptr<IdleClient> make_bare_loop(const std::filesystem::path& ca) { return std::make_unique<BareLoop>(ca); }

}  // namespace lastack::bench
