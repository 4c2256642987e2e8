// A network and a clock that exist only in this process. Everything runs on one io_context that never waits: when nothing can run any more,
// virtual time jumps to the next event. Hosts are coroutines that hold the server's end of each connection.
//
// After every turn in which nothing is left to run the network looks at the client's ends: one that is open, has something to read and is
// not being read is reported as a test failure, whatever the test is about.
#pragma once

#include "net/network.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastack::sim {

namespace asio = boost::asio;
using net::Task;

class SimNetwork;

// One TCP connection; both ends look at it.
struct Wire;

// The server's end of a connection. Cheap to copy; lives as long as the wire.
class Peer {
public:
    Peer(SimNetwork& network, std::shared_ptr<Wire> wire) : network_{&network}, wire_{std::move(wire)} {}

    // The next request's head, blank line included; nothing once the client has closed.
    [[nodiscard]] Task<std::optional<std::string>> read_request();
    // Waits for that many bytes of the client, or its close.
    [[nodiscard]] Task<std::string> read_bytes(std::size_t count);
    [[nodiscard]] Task<void> client_gone();
    [[nodiscard]] Task<void> sleep(Duration duration);

    void send(std::string_view bytes);
    void fin();    // sends nothing more but still reads
    void close();  // FIN; what the client sends later is answered by a RST
    void reset();  // RST behind what was sent

    [[nodiscard]] std::uint64_t number() const;  // of the connection, counted from 1 over the whole network

private:
    SimNetwork* network_;
    std::shared_ptr<Wire> wire_;
};

// What became of a connection, as the server's side saw it.
struct WireRecord {
    std::uint64_t number = 0;
    std::string host;
    TimePoint opened{};
    std::optional<TimePoint> closed;  // by the client
    bool aborted = false;             // by a RST
    unsigned requests = 0;            // read by the server
};

enum class Answer : unsigned char { accepts, refuses, is_silent };

struct HostBehaviour {
    Answer answer = Answer::accepts;
    Duration latency{0};              // one way
    bool too_late_to_cancel = false;  // a cancelled attempt to connect turns out to have succeeded in the same moment
    std::size_t window = SIZE_MAX;    // request bytes taken before the server reads no more
    std::size_t segment = SIZE_MAX;   // most bytes that one read of the client gets
    std::function<Task<void>(Peer)> on_accept;
};

class SimNetwork final : public net::Network {
public:
    SimNetwork();
    ~SimNetwork() override;
    SimNetwork(const SimNetwork&) = delete;
    SimNetwork& operator=(const SimNetwork&) = delete;

    // Makes the host known under an address of its own and says how it behaves. Again: replaces the behaviour for connections to come.
    void listen(const std::string& host, std::uint16_t port, HostBehaviour behaviour);
    void listen(const std::string& host, std::uint16_t port, std::function<Task<void>(Peer)> on_accept) {
        listen(host, port, HostBehaviour{.on_accept = std::move(on_accept)});
    }
    // Addresses that shall behave differently are hosts of their own: listen() knows them by their number.
    void set_addresses(const std::string& host, std::vector<std::string> ips) { addresses_[host] = std::move(ips); }
    void set_resolve_delay(Duration delay) { resolve_delay_ = delay; }
    // The next attempts to connect fail with these codes, in this order.
    void fail_connects(std::vector<std::error_code> codes) { connect_failures_ = std::move(codes); }

    // What the client's end of every connection says of itself.
    [[nodiscard]] static std::string local_ip() { return "10.9.9.9"; }

    // The test itself holds connections without reading them: only the watched ones are judged.
    void lend_to_the_test() { lent_ = true; }

    // net::Network
    [[nodiscard]] asio::any_io_executor executor() override { return context_.get_executor(); }
    [[nodiscard]] TimePoint now() override { return now_; }
    [[nodiscard]] std::unique_ptr<net::Timer> make_timer() override;
    [[nodiscard]] Task<Result<std::vector<net::Address>>> resolve(std::string host, std::uint16_t port, TimePoint deadline) override;
    [[nodiscard]] Task<Result<std::unique_ptr<net::Stream>>> connect(net::Address address, TimePoint deadline) override;

    // Runs everything that can run at this moment of virtual time.
    void settle();
    // Runs until `done` or until nothing will ever happen again; says whether it was `done`.
    bool run_until(const std::function<bool()>& done);
    // Lets virtual time pass.
    void run_for(Duration duration);
    // The clock jumps as after a suspend: nothing ran meanwhile.
    void jump(Duration duration) { now_ += duration; }

    // Runs a task to its end and gives its value; a task that never ends fails the test and gives nothing.
    template <typename T>
    std::optional<T> run(Task<T> task) {
        std::optional<T> value;
        bool ended = false;
        asio::co_spawn(context_, keep(std::move(task), value), [&ended](std::exception_ptr failure) {
            ended = true;
            if (failure) {
                std::rethrow_exception(failure);
            }
        });
        check_ended(run_until([&ended] { return ended; }));
        return value;
    }
    void run(Task<void> task);
    // Starts a task beside the test; it must end before the network goes or is dropped with it.
    void start(Task<void> task);

    [[nodiscard]] const std::vector<WireRecord>& records() const { return records_; }
    [[nodiscard]] std::size_t open_connections() const;
    [[nodiscard]] std::size_t open_connections(std::string_view host) const;
    [[nodiscard]] std::size_t watched_connections() const;
    [[nodiscard]] unsigned lookups() const { return lookups_; }

    // For the pieces of the network in sim_network.cpp.
    using EventId = std::pair<TimePoint, std::uint64_t>;
    EventId at(TimePoint when, std::function<void()> what);
    void forget(const EventId& event) { events_.erase(event); }
    [[nodiscard]] asio::io_context& context() { return context_; }
    [[nodiscard]] WireRecord& record(std::uint64_t number) { return records_.at(number - 1); }

private:
    template <typename T>
    static Task<void> keep(Task<T> task, std::optional<T>& value) {
        co_await asio::this_coro::throw_if_cancelled(false);
        value.emplace(co_await std::move(task));
    }
    static void check_ended(bool ended);
    bool step();  // one jump of time; false when no event is left
    void check_invariants();

    TimePoint now_{std::chrono::hours{1}};
    std::uint64_t last_event_ = 0;
    std::map<EventId, std::function<void()>> events_;
    std::map<net::Address, HostBehaviour> hosts_;
    std::map<std::string, std::vector<std::string>> addresses_;
    std::map<net::Address, std::string> names_;
    std::vector<std::weak_ptr<Wire>> wires_;
    std::vector<WireRecord> records_;
    std::vector<std::error_code> connect_failures_;
    Duration resolve_delay_{0};
    unsigned lookups_ = 0;
    bool lent_ = false;
    bool going_ = false;
    asio::io_context context_{1};  // last: what its handlers hold goes first
};

}  // namespace lastack::sim
