#include "net/idle_watch.hpp"

#include <boost/asio/error.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace lastack::net {

namespace {

constexpr std::size_t most_at_once = 64;  // busy connections go on between two bursts of ends

}  // namespace

Input peek(int fd) noexcept {
    std::byte byte{};
    const ssize_t n = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0) {
        return Input::bytes;
    }
    if (n == 0) {
        return Input::end;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Input::quiet : Input::failed;
}

IdleWatch::IdleWatch(asio::io_context& context) : set_{context} {
    if (const int fd = ::epoll_create1(EPOLL_CLOEXEC); fd >= 0) {
        boost::system::error_code refused;
        set_.assign(fd, refused);
    }
}

bool IdleWatch::add(int fd, std::move_only_function<void(Input)> on_input) {
    epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.fd = fd}};
    if (!set_.is_open() || ::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return false;
    }
    watched_[fd] = std::move(on_input);
    wait();
    return true;
}

void IdleWatch::remove(int fd) noexcept {
    if (watched_.erase(fd) == 0) {
        return;
    }
    epoll_event none{};
    ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, fd, &none);
    if (watched_.empty() && waiting_) {  // a wait of its own would keep the reactor from ending
        boost::system::error_code ignored;
        set_.cancel(ignored);
    }
}

void IdleWatch::look() {
    if (watched_.empty() || looking_) {
        return;
    }
    looking_ = true;
    std::array<epoll_event, most_at_once> events;
    const int ready = ::epoll_wait(set_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < ready; ++i) {
        tell(events[static_cast<std::size_t>(i)].data.fd);
    }
    looking_ = false;
}

// What one listener does may end others of the same batch, and the number of a socket that is gone may be watched again.
void IdleWatch::tell(int fd) {
    const auto found = watched_.find(fd);
    const Input input = found != watched_.end() ? peek(fd) : Input::quiet;
    if (input == Input::quiet) {
        return;
    }
    auto on_input = std::move(found->second);
    remove(fd);
    on_input(input);
}

void IdleWatch::wait() {
    if (waiting_ || watched_.empty()) {
        return;
    }
    waiting_ = true;
    set_.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code&) {
        self->waiting_ = false;
        self->look();
        self->wait();
    });
}

}  // namespace lastack::net
