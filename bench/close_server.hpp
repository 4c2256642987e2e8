// A server that closes at random moments. After each answer it may decide how this connection ends: at a random moment while nothing is
// asked, or right when the next request has been read, without an answer. A connection that has answered nothing yet is never closed, so a
// client that sends a request again on a new connection loses none.
#pragma once

#include "bench/channel.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

namespace lastack::bench {

enum class Fate : std::uint8_t {
    keep,
    fin,              // FIN at a random moment; with TLS without close_notify
    rst,              // RST at a random moment
    refused,          // 408, then FIN, at a random moment
    notify,           // close_notify and FIN at a random moment; without TLS as fin
    notify_alone,     // close_notify at a random moment, the FIN 50 ms later; without TLS as fin
    fin_in_race,      // FIN right after a request was read
    rst_in_race,      // RST likewise
    fin_with_answer,  // the answer promises to keep the connection, and the FIN comes with it
};
constexpr std::size_t fates = 9;

[[nodiscard]] std::string_view fate_name(Fate fate);

struct Mixture {
    std::array<unsigned, fates> weights{80, 4, 3, 2, 4, 2, 2, 1, 2};  // in the order above

    // "keep=90,fin=10": the weights named; the others are 0. False when a word is unknown.
    [[nodiscard]] bool parse(std::string_view text);
    [[nodiscard]] std::string text() const;
};

struct CloseCounts {
    std::uint64_t connections = 0;
    std::uint64_t requests = 0;        // read
    std::uint64_t read_again = 0;      // requests that had been read before: resends that met us
    std::uint64_t answered_again = 0;  // of them those that had been answered before
    std::array<std::uint64_t, fates> ends{};
};

class CloseServer {
public:
    // `requests`: their targets are "/0" to "/REQUESTS-1", the answers "document N\n".
    CloseServer(SSL_CTX* context, const Mixture& mixture, std::uint64_t seed, std::chrono::microseconds longest_idle, std::size_t requests);
    ~CloseServer();
    CloseServer(const CloseServer&) = delete;
    CloseServer& operator=(const CloseServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
    [[nodiscard]] CloseCounts counts() const;

private:
    class Conversation;

    SSL_CTX* context_;
    std::discrete_distribution<std::size_t> fate_;
    std::chrono::microseconds longest_idle_;
    Listener listener_;
    std::unique_ptr<std::atomic<std::uint8_t>[]> read_;
    std::unique_ptr<std::atomic<std::uint8_t>[]> answered_;
    std::size_t requests_;
    std::atomic<std::uint64_t> connections_ = 0;
    std::atomic<std::uint64_t> heads_ = 0;
    std::atomic<std::uint64_t> read_again_ = 0;
    std::atomic<std::uint64_t> answered_again_ = 0;
    std::array<std::atomic<std::uint64_t>, fates> ends_{};
    std::vector<std::thread> threads_;
};

}  // namespace lastack::bench
