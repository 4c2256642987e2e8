// Mirrors of the same made-up files, each with troubles of its own: several listeners in one thread, which answers 10 000 small requests
// in about a second. All calls may be made from any thread.
#pragma once

#include "bench/content.hpp"
#include "support/openssl_handles.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace lastack::bench {

enum class Fault : std::uint8_t {
    refused,        // the connection is reset unanswered, and for `refusing_for` nobody listens
    reset,          // RST after half of the body
    cut,            // FIN after half of the body
    stall,          // silence after half of the body
    drip,           // ten bytes a second
    not_found,      // 404
    server_error,   // 500
    busy,           // 503 with Retry-After: 1
    wrong_size,     // a longer file
    wrong_digest,   // other bytes
    redirect_loop,  // 302 to itself
    tls,            // the connection is reset unanswered, and the next handshake gets a fatal alert (on plain mirrors: never drawn)
};
constexpr std::size_t fault_kinds = 12;
[[nodiscard]] std::string_view fault_name(Fault fault);

struct MirrorSetup {
    std::string address = "127.0.0.1";
    SSL_CTX* tls = nullptr;
    bool ranges = true;
    unsigned version = 0;                             // of all its files
    double fault_share = 0;                           // of its answers
    std::vector<Fault> faults;                        // what is drawn from
    std::uint64_t rate = 0;                           // bytes per second of all its connections; 0: as fast as it goes
    std::chrono::milliseconds first_answer_delay{0};  // of the first connection: what a slow name lookup costs
    bool dead = false;                                // a SYN gets no answer
    bool refuses = false;                             // a SYN gets a RST
    bool breaks_handshakes = false;
    unsigned most_connections = 0;     // per address; 0: no limit
    unsigned requests_per_second = 0;  // 0: no limit
    int excess_status = 503;           // for what is beyond a limit; 0: the connection is reset
    unsigned retry_after = 0;          // seconds, with `excess_status`; 0: not said
};

struct MirrorCounts {
    std::uint64_t connections = 0;
    std::uint64_t requests = 0;
    std::uint64_t rejected = 0;         // by the limits
    std::uint64_t body_bytes = 0;       // given to the kernel, without what a RST of ours took back
    std::uint64_t bytes_until_cut = 0;  // of them, when the planned cut came
    std::array<std::uint64_t, fault_kinds> faults{};
};

// What happens, once, when the body has come to an offset of the file.
enum class Cut : std::uint8_t {
    hold,  // nothing more is sent: whoever waits for it kills the client
    rst,
    fin,
    stall,
};

struct CutPlan {
    std::uint64_t offset = 0;
    Cut cut = Cut::hold;
    bool gone_afterwards = false;                  // the mirror
    std::optional<unsigned> version_afterwards{};  // of its files
};

class FaultServer {
public:
    FaultServer(std::uint64_t seed, std::vector<MirrorSetup> mirrors);
    ~FaultServer();
    FaultServer(const FaultServer&) = delete;
    FaultServer& operator=(const FaultServer&) = delete;

    [[nodiscard]] std::string url(std::size_t mirror, std::string_view path) const;  // path begins with a slash
    [[nodiscard]] Content content(std::string_view path, unsigned version = 0) const { return content_of(seed_, path, version); }

    [[nodiscard]] MirrorCounts counts(std::size_t mirror) const;
    [[nodiscard]] MirrorCounts total() const;

    void cut(std::size_t mirror, const CutPlan& plan);
    [[nodiscard]] bool wait_for_cut(std::size_t mirror, std::chrono::milliseconds limit);
    // Body bytes that left us and that the client, which must stand still, has not read; of all connections of the mirror.
    [[nodiscard]] std::uint64_t unread(std::size_t mirror) const;

private:
    struct Mirror;
    struct Connection;

    void run();
    void accept(Mirror& mirror);
    void listen(Mirror& mirror);
    void end(Connection& connection, bool reset);
    void turn(Connection& connection);
    [[nodiscard]] bool read(Connection& connection);
    [[nodiscard]] bool answer(Connection& connection);
    void pump(Connection& connection);
    [[nodiscard]] bool send(Connection& connection);
    [[nodiscard]] bool finish(Connection& connection);
    void plan(Connection& connection, const std::string& head);
    [[nodiscard]] std::optional<Fault> draw(Mirror& mirror, const std::string& path);
    void spoil(Connection& connection, Fault fault, const std::string& path, Content& content);
    [[nodiscard]] bool is_beyond_limits(Connection& connection);
    [[nodiscard]] int wait_time() const;

    std::uint64_t seed_;
    int epoll_ = -1;
    int wake_ = -1;
    mutable std::mutex mutex_;
    std::condition_variable cut_reached_;
    bool stopping_ = false;
    std::vector<std::unique_ptr<Mirror>> mirrors_;
    std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::uint64_t last_id_;
    std::thread thread_;
};

}  // namespace lastack::bench
