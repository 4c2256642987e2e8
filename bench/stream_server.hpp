// Sends bodies as fast as they are taken: "GET /SIZE" is answered with SIZE bytes. A thread per connection.
#pragma once

#include "bench/channel.hpp"

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

namespace lastack::bench {

class StreamServer {
public:
    explicit StreamServer(SSL_CTX* context);
    ~StreamServer();
    StreamServer(const StreamServer&) = delete;
    StreamServer& operator=(const StreamServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }

private:
    void serve(int fd);

    SSL_CTX* context_;
    Listener listener_;
    std::atomic<std::uint64_t> sent_ = 0;
    std::mutex mutex_;
    std::list<int> open_;
    std::list<std::thread> threads_;
    std::thread accepting_;
};

}  // namespace lastack::bench
