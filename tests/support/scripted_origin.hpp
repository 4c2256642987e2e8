// An HTTP/1.1 origin inside the test's process that can misbehave, per request and per connection, and records what it sees.
//
// One thread polls plain sockets, in the network namespace of the thread that constructs the origin. Every call below may be made from any
// thread. Answers come from a script; what no entry matches is answered with 404. Nothing here shares code with the client under test but
// the words of `base`.
#pragma once

#include "support/script.hpp"
#include "support/scripted_connection.hpp"
#include "support/static_file.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

// Which requests an entry is for. The entries are tried in the order in which they were added; the first that matches and is not used up
// answers. An unlimited entry takes the place of an earlier one with the same conditions.
struct When {
    std::string path;              // without query; empty: any
    int connection = 0;            // 0: any
    int number_on_connection = 0;  // 0: any
    int times = 0;                 // how often it may answer; 0: always
};

// Called on the origin's thread with its lock held: it must not call the origin.
using Responder = std::function<Reply(const SeenRequest&)>;

inline constexpr std::chrono::seconds kTestPatience{10};

class ScriptedOrigin {
public:
    struct Options {
        std::string address = "127.0.0.1";  // any that the constructing thread's network has; "::": all of them
        std::uint16_t port = 0;             // 0: a free one
        std::string host{};                 // what url() calls it; empty: the address
    };

    // Throws std::system_error when it cannot listen.
    ScriptedOrigin();
    explicit ScriptedOrigin(const Options& options);
    ~ScriptedOrigin();  // closes every socket and joins the thread
    ScriptedOrigin(const ScriptedOrigin&) = delete;
    ScriptedOrigin& operator=(const ScriptedOrigin&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url(std::string_view path = "/") const;                            // "http://127.0.0.1:PORT" + path
    [[nodiscard]] std::string url_at(std::string_view host, std::string_view path = "/") const;  // the same by another name

    // What to answer.
    void on(When when, Responder responder);
    void on(When when, Reply reply);
    void on(std::string path, Reply reply) { on(When{.path = std::move(path)}, std::move(reply)); }
    void once(std::string path, Reply reply) { on(When{.path = std::move(path), .times = 1}, std::move(reply)); }
    void serve_file(std::string path, std::string bytes, ServeOptions options = {});
    void forget(std::string_view path);  // every entry for this path

    // What to do when a connection is accepted, before any request; `connection` 0: each.
    void on_accept(int connection, Steps steps);
    // Closes the listening socket: whoever connects from now on is refused.
    void stop_listening();

    void open(const std::string& gate);
    void close_gate(const std::string& gate);

    // Acts on the connections that are between two requests now; returns how many, when it is done.
    int close_idle();  // FIN
    int reset_idle();  // RST
    int send_on_idle(std::string bytes);
    int run_on_idle(const Steps& steps);

    // What was seen.
    [[nodiscard]] Record record() const;
    [[nodiscard]] std::vector<SeenRequest> requests() const { return record().requests; }
    [[nodiscard]] int accepted() const;
    [[nodiscard]] int open_connections() const;

    // Returns when `predicate` holds, true, or when the time is over, false. It is asked with the origin's lock held.
    [[nodiscard]] bool wait_for(const std::function<bool(const Record&)>& predicate,
                                std::chrono::milliseconds patience = kTestPatience) const;
    // Until this many connections stand at the gate.
    [[nodiscard]] bool wait_at(const std::string& gate, int connections = 1) const;
    // Until every connection is closed at both ends.
    [[nodiscard]] bool wait_until_all_closed() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lastack::test
