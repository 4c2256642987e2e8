// The reactor's side of a client: owns network use, pool, HTTP client, disk workers and the queue of jobs. Reactor thread only.
#pragma once

#include "download/attempts.hpp"
#include "download/ftp_client.hpp"
#include "download/job.hpp"
#include "download/mirrors.hpp"
#include "http/authenticators.hpp"
#include "http/client.hpp"
#include "http/connector.hpp"
#include "net/task_group.hpp"
#include "net/tls_context.hpp"
#include "net/workers.hpp"

#include "lastack/client.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>

namespace lastack::download {

class StreamPipe;

class Engine {
public:
    using JobId = std::uint64_t;
    using OnDownload = std::function<void(Result<DownloadResult>)>;
    using OnFetch = std::function<void(Result<FetchResult>)>;

    struct Setting {
        unsigned worker_threads = 2;         // 0: what may block runs inline (simulations)
        http::ProxyEnvironment environment;  // for requests that name no proxy
        std::function<void(bool)> on_any_open;
        std::function<double()> chance;            // evenly from [0, 1); unset: no jitter
        std::function<std::int64_t()> wall_clock;  // seconds since 1970; unset: the system's
    };
    Engine(net::Network& network, const ClientOptions& options, Setting setting);
    ~Engine();  // `shut_down` was awaited
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Jobs run in the order they were added, `max_parallel_downloads` at a time; documents beside them when they have places of their own.
    // The callback comes on the reactor, exactly once.
    JobId add(DownloadRequest request, std::shared_ptr<JobProgress> progress, OnDownload done);
    JobId add(FetchRequest request, OnFetch done);
    // Bytes and end go to the pipe.
    JobId add(FetchRequest request, std::shared_ptr<StreamPipe> pipe);
    void cancel(JobId id);

    void expect_more(bool more) { pool_.expect_more(more); }
    void close_idle() { pool_.close_idle(); }
    void freeze() {
        pool_.freeze();
        ftp_.freeze();
    }
    void thaw() {
        pool_.thaw();
        ftp_.thaw();
    }
    void resumed() { pool_.resumed(); }
    void network_changed(const std::string& lost_ip) { pool_.network_changed(lost_ip); }
    void link_down(const std::vector<std::string>& ips) { pool_.link_down(ips); }
    [[nodiscard]] ConnectionCounts counts() const;
    // What freeze() does not end in its own turn.
    [[nodiscard]] unsigned still_open() const { return pool_.counts().dialling + ftp_.open(); }
    [[nodiscard]] std::vector<ConnectionInfo> snapshot() const { return pool_.snapshot(); }

    [[nodiscard]] net::Task<void> shut_down();

private:
    // A queued job: `start` makes its task; `refuse` ends it unstarted.
    struct Queued {
        JobId id;
        std::optional<Need> need;
        std::function<net::Task<void>(std::optional<Need>)> start;
        std::function<void(Error)> refuse;
    };
    // Jobs that wait for each other's places.
    struct Lane {
        unsigned most = 0;  // 0: its jobs are those of the other lane
        unsigned running = 0;
        std::list<Queued> queue;
    };

    JobId enqueue(Lane& lane, std::optional<Need> need, std::function<net::Task<void>(std::optional<Need>)> start,
                  std::function<void(Error)> refuse);
    void start_queued();
    void start_queued(Lane& lane, unsigned lent);
    net::Task<void> run(JobId id, Lane& lane, net::Task<void> job);
    std::optional<Need> need_of(const std::vector<std::string>& urls, const RequestOptions& options);
    [[nodiscard]] Transport transport() { return {network_, pool_, http_, ftp_, pace_, tasks_, mirrors_}; }
    [[nodiscard]] net::Task<void> save_history();

    net::Network& network_;
    unsigned max_running_;
    net::Workers workers_;
    Throttle throttle_;
    net::TlsContexts tls_;
    http::Authenticators authenticators_;
    http::Connector connector_;
    net::Pool pool_;
    http::PaceGate pace_;
    http::Client http_;
    FtpClient ftp_;
    Mirrors mirrors_;
    std::filesystem::path history_;  // of the mirrors; empty: none is kept
    std::function<std::int64_t()> wall_clock_;
    TimePoint history_saved_;
    Lane files_;
    Lane documents_;  // to memory
    std::map<JobId, net::TaskGroup::Id> running_;
    JobId last_id_ = 0;
    bool shutting_down_ = false;
    net::TaskGroup tasks_;
};

}  // namespace lastack::download
