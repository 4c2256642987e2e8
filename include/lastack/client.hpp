// The download client: one pool of connections for everything a program fetches.
//
// A Client owns a reactor thread that holds all sockets. The calls below block the calling thread and may be made from any thread, one
// or several at a time; progress is reported on the thread that called. Nothing blocks the reactor, so a server's close of an idle
// connection is answered at once whatever the caller does meanwhile.
#pragma once

#include "lastack/connection_event.hpp"
#include "lastack/connection_options.hpp"
#include "lastack/digest.hpp"
#include "lastack/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace lastack {

// How requests are made; unset fields mean the default given. Set per request.
struct RequestOptions {
    // Longest silence in any phase: resolving, connecting, waiting for the first byte, and receiving (where it is also the window over
    // which `minrate` is judged). Default 30 s, range 1 ms..1 h. yum.conf: timeout.
    std::chrono::milliseconds timeout{30'000};
    // Attempts per file over all mirrors, the first included. Default 10; 0 means as often as it takes progress to be made, capped at
    // 1000. Permanent failures (404, refused redirect) do not use it up: they end that mirror at once. yum.conf: retries.
    unsigned retries = 10;
    // Slowest acceptable mean rate over one `timeout`, bytes per second. Default 1000, 0 = no limit. yum.conf: minrate.
    std::uint64_t minrate = 1000;
    // Whether a connection may carry a further request. Default true. false: one request per connection. yum.conf: keepalive.
    bool keepalive = true;
    // The User-Agent field. Empty: "lastack/VERSION". Control characters are an error (Errc::invalid_argument).
    std::string user_agent;
    // TLS, proxy, credentials and addresses. Default: verified TLS with the system's trust store, the environment's proxy.
    ConnectionOptions connection;
};

// One file to bring to disk.
struct DownloadRequest {
    std::vector<std::string> urls;          // the same file on each mirror, best first; at least one
    std::filesystem::path path;             // final name; the directory must exist. PATH.part and PATH.part.journal are used beside it
    std::string label;                      // what progress calls it; empty: the last segment of `path`
    std::optional<std::uint64_t> size;      // the exact size; unset: unknown
    std::uint64_t size_limit = UINT64_MAX;  // most bytes accepted when `size` is unset
    std::vector<Digest> digests;            // all must match; empty: the file is only checked by size
    RequestOptions options;
};

enum class DownloadOutcome : std::uint8_t {
    downloaded,     // fetched now, whole or from where a partial file ended
    already_there,  // the file stood under its final name with the right size and digests
};

struct DownloadResult {
    DownloadOutcome outcome = DownloadOutcome::downloaded;
    std::filesystem::path path;
    std::string url;            // the URL that served the last byte, without secrets
    std::uint64_t size = 0;     // of the file
    std::uint64_t fetched = 0;  // body bytes that crossed the network for it in this call
};

// A small document to memory: repomd.xml, a mirror list, a key.
struct FetchRequest {
    std::vector<std::string> urls;
    std::string label;
    std::uint64_t size_limit = 1u << 20;  // most bytes accepted. Default 1 MiB
    std::string if_none_match;            // the entity tag of the copy at hand, quoted as it came; empty: none
    std::string if_modified_since;        // its Last-Modified; empty: none
    RequestOptions options;
};

struct FetchResult {
    bool not_modified = false;  // 304: the copy at hand is current and `body` is empty
    std::string body;
    std::string url;            // the URL that answered, without secrets
    std::string etag;           // as the server sent it; empty: none
    std::string last_modified;  // likewise
};

// What a progress observer sees. Calls come on the thread that called download(), never concurrently.
class ProgressObserver {
public:
    virtual ~ProgressObserver() = default;
    // `index` is the request's place in the vector given to download(). `total` is unset while the size is unknown.
    virtual void started(std::size_t index, std::string_view label, std::optional<std::uint64_t> total) = 0;
    // At most some ten times a second per file; `received` counts resumed bytes too and may go down when a file starts over.
    virtual void advanced(std::size_t index, std::uint64_t received, std::optional<std::uint64_t> total) = 0;
    virtual void finished(std::size_t index, const Result<DownloadResult>& result) = 0;
    // About ten times a second while anything runs, for redrawing.
    virtual void tick() = 0;
};

struct ClientOptions {
    // Files transferred at a time, and connections open at a time. Default 3, range 1..4096. dnf.conf: max_parallel_downloads.
    unsigned max_parallel_downloads = 3;
    // Connections per host and port. Default 3, range 1..4096. dnf.conf: max_downloads_per_mirror.
    unsigned max_connections_per_host = 3;
    // Longest time a connection stays open unused when the server gave no Keep-Alive hint. Default 4 s.
    std::chrono::milliseconds idle_limit{4000};
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
