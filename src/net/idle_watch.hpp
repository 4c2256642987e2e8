// Sees what happens to connections that idle: their end must not wait behind the bytes of those that work. They have an epoll set of their
// own, which the reactor watches and which every read of a busy connection looks at in passing.
#pragma once

#include "net/stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <unordered_map>

namespace lastack::net {

// What lies in a socket's buffer. MSG_PEEK leaves the bytes for whoever has a right to them.
[[nodiscard]] Input peek(int fd) noexcept;

// On the reactor only.
class IdleWatch : public std::enable_shared_from_this<IdleWatch> {
public:
    explicit IdleWatch(asio::io_context& context);
    IdleWatch(const IdleWatch&) = delete;
    IdleWatch& operator=(const IdleWatch&) = delete;

    // Calls `on_input` once, with anything but Input::quiet. False when the kernel refuses to watch one more.
    [[nodiscard]] bool add(int fd, std::move_only_function<void(Input)> on_input);
    // Before the descriptor is closed: a child between fork and exec would keep it in the set.
    void remove(int fd) noexcept;
    // Tells of what has happened, a bounded number at a time; costs one system call.
    void look();

private:
    void wait();
    void tell(int fd);

    asio::posix::stream_descriptor set_;
    std::unordered_map<int, std::move_only_function<void(Input)>> watched_;
    bool waiting_ = false;
    bool looking_ = false;
};

}  // namespace lastack::net
