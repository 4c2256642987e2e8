#include "net/network_watch.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cerrno>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace lastack::net {

namespace {

namespace asio = boost::asio;

constexpr std::size_t datagram_limit = std::size_t{32} << 10;  // the kernel sends none larger to one reader
constexpr int datagrams_per_turn = 32;                         // a host with busy routes does not hold up the reactor

int open_route_socket() {
    const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0) {
        return -1;
    }
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

// The answer comes among the events. Without it, an address is news when it is first spoken of, which costs a few idle connections.
void ask_for_addresses(int fd) {
    struct Question {
        nlmsghdr head;
        ifaddrmsg body;
    };
    Question question{};
    question.head = {.nlmsg_len = sizeof question, .nlmsg_type = RTM_GETADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1};
    question.body.ifa_family = AF_UNSPEC;
    (void)::send(fd, &question, sizeof question, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

struct NetworkWatch::State : std::enable_shared_from_this<State> {
    State(asio::io_context& context, std::function<void(const NetworkChange&)> callback)
        : descriptor{context}, on_change{std::move(callback)}, buffer(datagram_limit) {}

    void arm() {
        descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                              [self = shared_from_this()](const boost::system::error_code& code) {
                                  if (code || !self->descriptor.is_open()) {
                                      return;
                                  }
                                  for (int i = 0; i < datagrams_per_turn && self->receive(); ++i) {
                                  }
                                  if (self->descriptor.is_open()) {
                                      self->arm();
                                  }
                              });
    }

    // False when there is nothing more at this moment.
    bool receive() {
        sockaddr_nl from{};
        iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
        msghdr message{};
        message.msg_name = &from;
        message.msg_namelen = sizeof from;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const ssize_t n = ::recvmsg(descriptor.native_handle(), &message, MSG_DONTWAIT);
        if (n < 0 && errno == ENOBUFS) {
            lost = true;
            return true;
        }
        if (n < 0) {
            return errno == EINTR || (std::exchange(lost, false) && start_over());
        }
        if ((message.msg_flags & MSG_TRUNC) != 0) {
            lost = true;
            return true;
        }
        if (from.nl_pid != 0) {
            return true;  // not from the kernel
        }
        return tell(memory.news(parse_route_messages(std::span{buffer}.first(static_cast<std::size_t>(n)))));
    }

    // Once messages were lost the kernel goes on dropping them, silently, until everything that waits was read: only then is it time.
    bool start_over() {
        const bool open = tell(memory.news({NetworkChange{.kind = NetworkChange::Kind::unknown}}));
        if (open) {
            ask_for_addresses(descriptor.native_handle());
        }
        return open;
    }

    // False when a callback ended the watch.
    bool tell(const std::vector<NetworkChange>& changes) {
        for (const NetworkChange& change : changes) {
            on_change(change);
            if (!descriptor.is_open()) {
                return false;
            }
        }
        return true;
    }

    asio::posix::stream_descriptor descriptor;
    std::function<void(const NetworkChange&)> on_change;
    NetworkMemory memory;
    std::vector<std::byte> buffer;
    bool lost = false;
};

NetworkWatch::NetworkWatch(asio::io_context& context, std::function<void(const NetworkChange&)> on_change)
    : state_{std::make_shared<State>(context, std::move(on_change))} {
    const int fd = open_route_socket();
    if (fd < 0) {
        return;
    }
    boost::system::error_code code;
    state_->descriptor.assign(fd, code);
    if (code) {
        ::close(fd);
        return;
    }
    ask_for_addresses(fd);
    state_->arm();
}

NetworkWatch::~NetworkWatch() {
    boost::system::error_code ignored;
    state_->descriptor.close(ignored);
}

bool NetworkWatch::working() const noexcept { return state_->descriptor.is_open(); }

}  // namespace lastack::net
