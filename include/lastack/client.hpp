// The download client: one pool of connections for everything a program fetches.
//
// A Client owns a reactor thread that holds all sockets. All calls may be made from any thread, one or several at a time. download() and
// fetch() block the calling thread, and report progress on it; start() returns at once with a handle to wait for, to ask, or to
// `co_await`; open() gives a document piece by piece. Nothing blocks the reactor, so a server's close of an idle
// connection is answered at once whatever the caller does meanwhile.
#pragma once

#include "lastack/attempt_event.hpp"
#include "lastack/connection_event.hpp"
#include "lastack/progress.hpp"
#include "lastack/reader.hpp"
#include "lastack/request.hpp"
#include "lastack/result.hpp"
#include "lastack/transfer.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace lastack {

struct ClientOptions {
    // Files transferred at a time, and connections open at a time. Default 3, range 1..4096. dnf.conf: max_parallel_downloads.
    unsigned max_parallel_downloads = 3;
    // Documents to memory fetched at a time, beside the downloads and with connections of their own; small answers wait for the way there
    // and back rather than for bandwidth. Default 0 = they are counted among max_parallel_downloads. Range to 4096.
    unsigned max_parallel_documents = 0;
    // Connections per host and port. Default 3, range 1..4096. dnf.conf: max_downloads_per_mirror.
    unsigned max_connections_per_host = 3;
    // Longest time a connection stays open unused when the server gave no Keep-Alive hint. Default 4 s.
    std::chrono::milliseconds idle_limit{4000};
    // Where the speed and failures of hosts are kept between runs. Empty (the default): in memory only. (urlgrabber: timedhosts)
    std::filesystem::path mirror_history;
    // What requests that leave an option unset have for it. A user name and password here would go to every server: give them in `mirrors`.
    // urlgrabber: default_grabber, URLGrabber(**options).
    RequestOptions request;
    // The same for the URLs of one mirror; comes before `request`. urlgrabber: a mirror's kwargs and grabber.
    std::vector<MirrorOptions> mirrors;
    // Called for each attempt at a file or document when it has ended, on the reactor thread; must not block. Unset: none.
    std::function<void(const AttemptEvent& event)> on_attempt;
    // Most bytes per second of all bodies together, and of those from one host; shared fairly among its transfers. Default 0 = no limit.
    // urlgrabber, yum.conf: throttle, bandwidth (a fraction of it is the caller's multiplication).
    std::uint64_t rate_limit = 0;
    std::uint64_t rate_limit_per_host = 0;
    // One line per event in the life of a connection, called on the reactor thread; must not block. Unset: none.
    std::function<void(std::string_view line)> trace;
    // The same events as values, on the same terms.
    std::function<void(const ConnectionEvent& event)> on_connection_event;
    // Has `work` called later, on a thread of the caller's choice: what a Transfer tells, and the coroutines that await one. Called on the
    // reactor thread or by an earlier `work`; must not block, nor call `work` before it returns. Unset: a thread of the client's own.
    std::function<void(std::function<void()> work)> callback_executor;
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
    // Cancels what runs, closes every socket, ends the reactor thread, and returns when every Done has. From inside a Done it returns at
    // once.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Downloads all files; results stand in the order of the requests. One failure does not end the others. When `stop` is requested, what
    // runs is ended within a turn of the reactor, partial files stay for a later resume, and unfinished results are Errc::cancelled.
    [[nodiscard]] std::vector<Result<DownloadResult>> download(std::vector<DownloadRequest> requests, ProgressObserver* progress = nullptr,
                                                               std::stop_token stop = {}, LastBatch last = LastBatch::no);

    // Fetches documents to memory, in parallel within the limits; results stand in the order of the requests.
    [[nodiscard]] std::vector<Result<FetchResult>> fetch(std::vector<FetchRequest> requests, std::stop_token stop = {});

    // The same with a function in place of the observer; it sees each file whenever it has moved, and once when it has ended.
    [[nodiscard]] std::vector<Result<DownloadResult>> download(std::vector<DownloadRequest> requests,
                                                               std::function<void(const FileProgress&)> progress);

    // One document, with all defaults.
    [[nodiscard]] Result<FetchResult> fetch(std::string url);

    // Begins one and returns at once; within max_parallel_downloads, which all calls share. `done`, when given, is called once with the
    // result, before the handle is ready.
    [[nodiscard]] Transfer<DownloadResult> start(DownloadRequest request, Transfer<DownloadResult>::Done done = nullptr);
    [[nodiscard]] Transfer<FetchResult> start(FetchRequest request, Transfer<FetchResult>::Done done = nullptr);
    [[nodiscard]] Transfer<FetchResult> start(std::string url);

    // Waits for the answer's head; the body is read while it arrives. `size_limit`, the validators and `check` of the request are not
    // looked at. Takes one of max_parallel_downloads until it has ended. The Reader must not be waited for by whoever ends the client.
    [[nodiscard]] Result<Reader> open(FetchRequest request);

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
