#include "bench/stream_server.hpp"

#include "bench/turn.hpp"

#include <algorithm>
#include <cstdlib>
#include <sys/socket.h>

namespace lastack::bench {

StreamServer::StreamServer(SSL_CTX* context)
    : context_{context}, accepting_{[this] {
          for (int fd = listener_.accept(); fd >= 0; fd = listener_.accept()) {
              const std::lock_guard lock{mutex_};
              open_.push_back(fd);
              threads_.emplace_back([this, fd] { serve(fd); });
          }
      }} {}

StreamServer::~StreamServer() {
    listener_.stop();
    accepting_.join();
    {
        const std::lock_guard lock{mutex_};
        for (const int fd : open_) {
            ::shutdown(fd, SHUT_RDWR);
        }
    }
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void StreamServer::serve(int fd) {
    give_way();
    static const std::string piece(std::size_t{256} << 10, 'x');
    Channel channel{fd, context_, Channel::End::server};
    for (auto head = channel.is_open() ? channel.read_head() : std::nullopt; head; head = channel.read_head()) {
        const auto size = std::strtoull(head->c_str() + std::string_view{"GET /"}.size(), nullptr, 10);
        bool taken = channel.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
        for (std::uint64_t sent = 0; taken && sent < size; sent += piece.size()) {
            taken = channel.write(std::string_view{piece}.substr(0, std::min<std::uint64_t>(piece.size(), size - sent)));
            sent_ += piece.size();
        }
        if (!taken) {
            break;
        }
    }
    const std::lock_guard lock{mutex_};  // closed under the lock: until then its number is nobody else's
    std::erase(open_, fd);
    channel.close();
}

}  // namespace lastack::bench
