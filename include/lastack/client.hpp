// The download client: one pool of connections for everything a program fetches.
//
// A Client owns a reactor thread that holds all sockets. The calls below block the calling thread and may be made from any thread, one
// or several at a time; progress is reported on the thread that called. Nothing blocks the reactor, so a server's close of an idle
// connection is answered at once whatever the caller does meanwhile.
#pragma once

#include "lastack/connection_event.hpp"
#include "lastack/progress.hpp"
#include "lastack/request.hpp"
#include "lastack/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

namespace lastack {

struct ClientOptions {
    // Files transferred at a time, and connections open at a time. Default 3, range 1..4096. dnf.conf: max_parallel_downloads.
    unsigned max_parallel_downloads = 3;
    // Connections per host and port. Default 3, range 1..4096. dnf.conf: max_downloads_per_mirror.
    unsigned max_connections_per_host = 3;
    // Longest time a connection stays open unused when the server gave no Keep-Alive hint. Default 4 s.
    std::chrono::milliseconds idle_limit{4000};
    // Most bytes per second of all bodies together, and of those from one host; shared fairly among its transfers. Default 0 = no limit.
    // urlgrabber, yum.conf: throttle, bandwidth (a fraction of it is the caller's multiplication).
    std::uint64_t rate_limit = 0;
    std::uint64_t rate_limit_per_host = 0;
    // One line per event in the life of a connection, called on the reactor thread; must not block. Unset: none.
    std::function<void(std::string_view line)> trace;
    // The same events as values, on the same terms.
    std::function<void(const ConnectionEvent& event)> on_connection_event;
};

// What the pool holds at this moment.
struct ConnectionCounts {
    unsigned open = 0;           // all sockets
    unsigned idle = 0;           // of them without a request
    std::uint64_t opened = 0;    // since the client began
    std::uint64_t requests = 0;  // answered since the client began
    std::uint64_t resends = 0;   // requests sent again because their connection had died unused
};

// Whether a batch is the last that the program plans: then it takes over the connections that expect_more() kept open, and each is closed
// as soon as nothing queued needs it.
enum class LastBatch : std::uint8_t { no, yes };

class Client {
public:
    explicit Client(ClientOptions options = {});
    ~Client();  // cancels what runs, closes every socket, ends the reactor thread
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Downloads all files; results stand in the order of the requests. One failure does not end the others. When `stop` is requested, what
    // runs is ended within a turn of the reactor, partial files stay for a later resume, and unfinished results are Errc::cancelled.
    [[nodiscard]] std::vector<Result<DownloadResult>> download(std::vector<DownloadRequest> requests, ProgressObserver* progress = nullptr,
                                                               std::stop_token stop = {}, LastBatch last = LastBatch::no);

    // Fetches documents to memory, in parallel within the limits; results stand in the order of the requests.
    [[nodiscard]] std::vector<Result<FetchResult>> fetch(std::vector<FetchRequest> requests, std::stop_token stop = {});

    // Tells whether more requests will come soon: while true, connections without work stay open for their idle limit; while false (the
    // default) each is closed as soon as nothing queued needs it. Takes effect at once.
    void expect_more(bool more);

    // Closes every idle connection from our side and returns when they are closed. Called before a prompt and before a transaction.
    void close_connections();

    // Before the process is stopped (SIGTSTP) or the machine goes to sleep: closes every socket, idle or not, and opens none before
    // resume(). Returns when they are closed. Running calls go on afterwards where they were; no mirror is blamed.
    void suspend();
    void resume();

    [[nodiscard]] ConnectionCounts connections();
    // Every connection at this moment, in the order in which they were dialled.
    [[nodiscard]] std::vector<ConnectionInfo> connection_list();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lastack
