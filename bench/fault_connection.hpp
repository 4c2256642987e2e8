// What the fault server knows of a mirror and of one connection to it. Its own files only.
#pragma once

#include "bench/fault_server.hpp"

#include <openssl/err.h>

#include <cerrno>
#include <unordered_map>

namespace lastack::bench {

using FaultClock = std::chrono::steady_clock;
using FaultTime = FaultClock::time_point;
constexpr FaultTime never = FaultTime::max();

enum class FaultEnding : std::uint8_t { keep, fin, rst, silence };

struct FaultAnswer {
    std::string head;
    Content content;
    std::uint64_t at = 0;
    std::uint64_t stop_at = 0;
    FaultEnding ending = FaultEnding::keep;
    bool is_cut = false;  // the planned one
    FaultTime not_before{};
    std::chrono::microseconds byte_time{0};  // of each byte of a drip; 0: none
};

struct FaultServer::Mirror {
    MirrorSetup setup;
    std::size_t index = 0;
    std::uint16_t port = 0;
    int holder = -1;  // keeps the port while nobody listens
    int listener = -1;
    std::array<int, 2> fillers{-1, -1};  // of the backlog of a dead one
    FaultTime listen_again = never;
    bool gone = false;
    unsigned broken_handshakes = 0;
    bool was_asked = false;
    unsigned open = 0;
    double bytes_allowed = 0;
    FaultTime allowed_at{};
    double requests_allowed = 0;
    FaultTime requests_allowed_at{};
    std::unordered_map<std::string, unsigned> times_asked;
    std::optional<CutPlan> planned_cut;
    bool cut_reached = false;
    MirrorCounts counts;
};

struct FaultServer::Connection {
    std::uint64_t id = 0;
    int fd = -1;
    test::SslHandle ssl;
    Mirror* mirror = nullptr;
    std::uint16_t peer_port = 0;
    bool breaks_handshake = false;
    bool is_excess = false;
    FaultTime first_answer{};
    std::string in;
    std::optional<FaultAnswer> answer;
    std::string out;
    std::size_t out_sent = 0;
    bool out_is_body = false;
    bool only_ends = false;  // its FIN is out; the client's is awaited
    FaultTime wake = never;
};

}  // namespace lastack::bench
