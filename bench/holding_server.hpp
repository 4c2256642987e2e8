// Holds many connections idle, then closes them and sees how long the client takes to close its side. One clock: that of this process.
#pragma once

#include "bench/channel.hpp"

#include <chrono>
#include <list>
#include <string>
#include <vector>

namespace lastack::bench {

struct Closes {
    std::vector<double> times;       // microseconds from our FIN to theirs, in the order of their coming
    double last_gone = 0;            // microseconds from the first FIN to the end of the last connection
    std::size_t left = 0;            // without an answer when patience ended
    std::size_t resets = 0;          // answered with a RST
    std::size_t closed_by_them = 0;  // before we did
};

class HoldingServer {
public:
    explicit HoldingServer(SSL_CTX* context) : context_{context} {}

    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

    // One port per connection: so a client opens many without having many requests at a time.
    [[nodiscard]] std::string open_ports(std::size_t count);  // "40001 40002 ..."
    void collect_from_ports();
    // Answers only when all have asked, so that each request has a connection of its own.
    void collect(std::size_t count);
    // One answer, then nothing more is heard of that connection.
    void serve_one();
    // Closes all in random order, one every `pace` whether or not the client keeps up (0: in one burst).  Those that the
    // client does not answer stay half closed for `drop_left`.
    [[nodiscard]] Closes close_all(std::chrono::microseconds pace, std::chrono::milliseconds patience);
    // How many of those left are gone after `patience` at the most; the rest is dropped.
    [[nodiscard]] std::size_t drop_left(std::chrono::milliseconds patience);

private:
    [[nodiscard]] Channel accept_one(Listener& listener);

    SSL_CTX* context_;
    Listener listener_;
    std::list<Listener> ports_;
    std::vector<Channel> open_;
};

}  // namespace lastack::bench
