#include "bench/fault_server.hpp"

#include "bench/channel.hpp"
#include "bench/fault_connection.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fstream>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sstream>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lastack::bench {

namespace {

constexpr int backlog = 1024;
constexpr std::uint64_t wake_id = 0;
constexpr std::size_t event_count = 256;

sockaddr_in address_of(const std::string& ip, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
    return address;
}

int bound(const std::string& ip, std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    const sockaddr_in address = address_of(ip, port);
    if (fd < 0 || ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        die("a port for a mirror");
    }
    return fd;
}

std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
}

// What was sent is received at once on loopback, acknowledged or not.
std::uint64_t unsent(int fd) {
    int bytes = 0;
    ::ioctl(fd, SIOCOUTQNSD, &bytes);
    return static_cast<std::uint64_t>(std::max(bytes, 0));
}

// The kernel's table of sockets: what the one with this pair of ports has received and not read.
std::uint64_t receive_queue(unsigned local, unsigned remote) {
    std::ifstream table{"/proc/net/tcp"};
    std::string line;
    while (std::getline(table, line)) {
        unsigned from = 0;
        unsigned to = 0;
        unsigned long queue = 0;
        if (std::sscanf(line.c_str(), " %*u: %*x:%x %*x:%x %*x %*x:%lx", &from, &to, &queue) == 3 && from == local && to == remote) {
            return queue;
        }
    }
    return 0;
}

}  // namespace

std::string_view fault_name(Fault fault) {
    constexpr std::array<std::string_view, fault_kinds> names{"refused", "reset", "cut",        "stall",        "drip",          "404",
                                                              "500",     "503",   "wrong_size", "wrong_digest", "redirect_loop", "tls"};
    return names[static_cast<std::size_t>(fault)];
}

FaultServer::FaultServer(std::uint64_t seed, std::vector<MirrorSetup> mirrors)
    : seed_{seed}, epoll_{::epoll_create1(EPOLL_CLOEXEC)}, wake_{::eventfd(0, EFD_CLOEXEC)}, last_id_{mirrors.size()} {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = wake_id}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
    for (MirrorSetup& setup : mirrors) {
        auto mirror = std::make_unique<Mirror>();
        mirror->setup = std::move(setup);
        mirror->index = mirrors_.size();
        mirror->requests_allowed = mirror->setup.requests_per_second;
        mirror->holder = bound(mirror->setup.address, 0);
        mirror->port = port_of(mirror->holder);
        listen(*mirror);
        mirrors_.push_back(std::move(mirror));
    }
    thread_ = std::thread{[this] { run(); }};
}

FaultServer::~FaultServer() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
    thread_.join();
    for (auto& [id, connection] : connections_) {
        ::close(connection->fd);
    }
    for (auto& mirror : mirrors_) {
        for (const int fd : {mirror->holder, mirror->listener, mirror->fillers[0], mirror->fillers[1]}) {
            if (fd >= 0) {
                ::close(fd);
            }
        }
    }
    ::close(epoll_);
    ::close(wake_);
}

void FaultServer::listen(Mirror& mirror) {
    mirror.listen_again = never;
    if (mirror.setup.refuses) {
        return;
    }
    mirror.listener = bound(mirror.setup.address, mirror.port);
    if (mirror.setup.dead) {
        // With its backlog full the kernel drops every further SYN.
        ::listen(mirror.listener, 0);
        const sockaddr_in address = address_of(mirror.setup.address, mirror.port);
        for (int& filler : mirror.fillers) {
            filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            (void)::connect(filler, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        }
        return;
    }
    ::listen(mirror.listener, backlog);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = mirror.index + 1}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, mirror.listener, &event);
}

std::string FaultServer::url(std::size_t mirror, std::string_view path) const {
    const Mirror& of = *mirrors_[mirror];
    std::string url = of.setup.tls == nullptr ? "http://" : "https://";
    return url.append(of.setup.address).append(":").append(std::to_string(of.port)).append(path);
}

MirrorCounts FaultServer::counts(std::size_t mirror) const {
    const std::lock_guard lock{mutex_};
    return mirrors_[mirror]->counts;
}

MirrorCounts FaultServer::total() const {
    const std::lock_guard lock{mutex_};
    MirrorCounts sum;
    for (const auto& mirror : mirrors_) {
        sum.connections += mirror->counts.connections;
        sum.requests += mirror->counts.requests;
        sum.rejected += mirror->counts.rejected;
        sum.body_bytes += mirror->counts.body_bytes;
        sum.bytes_until_cut += mirror->counts.bytes_until_cut;
        for (std::size_t i = 0; i < fault_kinds; ++i) {
            sum.faults[i] += mirror->counts.faults[i];
        }
    }
    return sum;
}

void FaultServer::cut(std::size_t mirror, const CutPlan& plan) {
    const std::lock_guard lock{mutex_};
    mirrors_[mirror]->planned_cut = plan;
    mirrors_[mirror]->cut_reached = false;
}

bool FaultServer::wait_for_cut(std::size_t mirror, std::chrono::milliseconds limit) {
    std::unique_lock lock{mutex_};
    return cut_reached_.wait_for(lock, limit, [&] { return mirrors_[mirror]->cut_reached; });
}

std::uint64_t FaultServer::unread(std::size_t mirror) const {
    const std::lock_guard lock{mutex_};
    std::uint64_t sum = 0;
    for (const auto& [id, connection] : connections_) {
        if (connection->mirror->index == mirror) {
            sum += unsent(connection->fd) + receive_queue(connection->peer_port, connection->mirror->port);
        }
    }
    return sum;
}

void FaultServer::accept(Mirror& mirror) {
    while (true) {
        sockaddr_in peer{};
        socklen_t length = sizeof peer;
        const int fd = ::accept4(mirror.listener, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        auto connection = std::make_unique<Connection>();
        connection->id = ++last_id_;
        connection->fd = fd;
        connection->mirror = &mirror;
        connection->peer_port = ntohs(peer.sin_port);
        ++mirror.counts.connections;
        ++mirror.open;
        connection->is_excess = mirror.setup.most_connections != 0 && mirror.open > mirror.setup.most_connections;
        if (connection->is_excess && mirror.setup.excess_status == 0) {
            ++mirror.counts.rejected;
            end(*connection, true);
            continue;
        }
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (mirror.setup.tls != nullptr) {
            connection->breaks_handshake = mirror.setup.breaks_handshakes || mirror.broken_handshakes > 0;
            mirror.broken_handshakes -= mirror.broken_handshakes > 0 ? 1 : 0;
            connection->ssl.reset(SSL_new(mirror.setup.tls));
            SSL_set_fd(connection->ssl.get(), fd);
            SSL_set_accept_state(connection->ssl.get());
            SSL_set_mode(connection->ssl.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        }
        if (!mirror.was_asked) {
            mirror.was_asked = true;
            connection->first_answer = FaultClock::now() + mirror.setup.first_answer_delay;
        }
        epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = connection->id}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
        connections_.emplace(connection->id, std::move(connection));
    }
}

void FaultServer::end(Connection& connection, bool reset) {
    if (reset) {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ::close(connection.fd);
    connection.fd = -1;
    --connection.mirror->open;
}

int FaultServer::wait_time() const {
    FaultTime next = never;
    for (const auto& [id, connection] : connections_) {
        next = std::min(next, connection->wake);
    }
    for (const auto& mirror : mirrors_) {
        next = std::min(next, mirror->listen_again);
    }
    if (next == never) {
        return -1;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - FaultClock::now()).count();
    return static_cast<int>(std::clamp<long>(left, 0, 1000));
}

void FaultServer::run() {
    std::array<epoll_event, event_count> events{};
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        const int limit = wait_time();
        lock.unlock();
        const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), limit);
        lock.lock();
        for (int i = 0; i < n; ++i) {
            const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
            if (id != wake_id && id <= mirrors_.size()) {
                accept(*mirrors_[id - 1]);
            } else if (const auto found = connections_.find(id); found != connections_.end() && found->second->fd >= 0) {
                turn(*found->second);
            }
        }
        const FaultTime now = FaultClock::now();
        for (auto& mirror : mirrors_) {
            if (mirror->listen_again <= now) {
                listen(*mirror);
            }
        }
        for (auto at = connections_.begin(); at != connections_.end();) {
            Connection& connection = *at->second;
            if (connection.fd >= 0 && connection.wake <= now) {
                connection.wake = never;
                turn(connection);
            }
            at = connection.fd < 0 ? connections_.erase(at) : std::next(at);
        }
    }
}

// Until nothing is left to do without the client; an ended connection has no descriptor.
void FaultServer::turn(Connection& connection) {
    if (read(connection)) {
        pump(connection);
    }
}

bool FaultServer::read(Connection& connection) {
    std::array<char, 16384> piece;
    while (true) {
        if (!connection.ssl || connection.breaks_handshake) {
            const ssize_t n = ::recv(connection.fd, piece.data(), piece.size(), 0);
            if (n > 0 && connection.breaks_handshake) {
                constexpr std::string_view handshake_failure{"\x15\x03\x03\x00\x02\x02\x28", 7};
                (void)!::send(connection.fd, handshake_failure.data(), handshake_failure.size(), MSG_NOSIGNAL);
                end(connection, false);
                return false;
            }
            if (n <= 0) {
                if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                    return true;
                }
                end(connection, false);
                return false;
            }
            connection.in.append(piece.data(), static_cast<std::size_t>(n));
            continue;
        }
        ERR_clear_error();
        const int n = SSL_read(connection.ssl.get(), piece.data(), static_cast<int>(piece.size()));
        if (n <= 0) {
            const int why = SSL_get_error(connection.ssl.get(), n);
            if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
                return true;
            }
            end(connection, false);
            return false;
        }
        connection.in.append(piece.data(), static_cast<std::size_t>(n));
    }
}

}  // namespace lastack::bench
