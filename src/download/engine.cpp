#include "download/engine.hpp"

#include "base/file.hpp"
#include "download/fetch.hpp"
#include "download/stream.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace lastack::download {

namespace {

constexpr unsigned most_connections = 4096;
constexpr auto save_interval = std::chrono::minutes{1};

net::PoolOptions pool_options(const ClientOptions& options, std::function<void(bool)> on_any_open) {
    const auto tell = [trace = options.trace, listener = options.on_connection_event](const ConnectionEvent& event) {
        if (trace) {
            trace(describe(event));
        }
        if (listener) {
            listener(event);
        }
    };
    return {.limits = {.per_key = std::clamp(options.max_connections_per_host, 1u, most_connections),
                       .total = std::clamp(options.max_parallel_downloads, 1u, most_connections) +
                                std::min(options.max_parallel_documents, most_connections)},
            .idle_limit = options.idle_limit,
            .on_event = options.trace || options.on_connection_event ? std::function<void(const ConnectionEvent&)>{tell} : nullptr,
            .on_any_open = std::move(on_any_open)};
}

Error cancelled_error() { return Error{.code = Errc::cancelled, .cause = "cancelled before it began"}; }

}  // namespace

Engine::Engine(net::Network& network, const ClientOptions& options, Setting setting)
    : network_{network},
      max_running_{std::clamp(options.max_parallel_downloads, 1u, most_connections)},
      workers_{setting.worker_threads},
      throttle_{options.rate_limit, options.rate_limit_per_host},
      tls_{workers_},
      connector_{network, tls_, authenticators_, default_user_agent()},
      pool_{network, connector_, pool_options(options, std::move(setting.on_any_open))},
      pace_{network, std::clamp(options.max_connections_per_host, 1u, most_connections),
            [this](const Origin& origin) {
                const HostRecord* record = mirrors_.book.find(Url{.origin = origin}.host_field());
                return record == nullptr ? 0 : record->taken;
            }},
      http_{network, pool_, authenticators_, std::move(setting.environment), &pace_},
      ftp_{network, pace_, setting.worker_threads == 0 ? 0 : max_running_},
      mirrors_{.layers = {options.request, options.mirrors},
               .budget = RetryBudget{max_running_},
               .connections_per_host = std::clamp(options.max_connections_per_host, 1u, most_connections),
               .chance = std::move(setting.chance),
               .on_attempt = options.on_attempt},
      history_{options.mirror_history},
      wall_clock_{setting.wall_clock ? std::move(setting.wall_clock) : [] { return static_cast<std::int64_t>(std::time(nullptr)); }},
      history_saved_{network.now()},
      files_{.most = max_running_, .queue = {}},
      documents_{.most = std::min(options.max_parallel_documents, most_connections), .queue = {}},
      tasks_{network} {
    mirrors_.places.most = max_running_;
    mirrors_.places.on_return = [this] { start_queued(); };
    if (!history_.empty()) {
        if (const auto text = read_file(history_, largest_mirror_history)) {
            mirrors_.book.read(*text, network_.now(), wall_clock_());
        }
    }
}

Engine::~Engine() = default;

Engine::JobId Engine::add(DownloadRequest request, std::shared_ptr<JobProgress> progress, OnDownload done) {
    auto first_need = need_of(request.urls, request.options);
    auto shared = std::make_shared<OnDownload>(std::move(done));  // owners: the start and the refusal, of which one runs
    auto start = [this, request = std::move(request), progress = std::move(progress), shared](std::optional<Need> need) -> net::Task<void> {
        return [](Transport transport, net::Workers& disk, Throttle& throttle, DownloadRequest wanted, std::shared_ptr<JobProgress> told,
                  std::shared_ptr<OnDownload> callback, std::optional<Need> held) -> net::Task<void> {
            (*callback)(co_await run_job(transport, disk, throttle, std::move(wanted), std::move(told), std::move(held)));
        }(transport(), workers_, throttle_, request, progress, shared, std::move(need));
    };
    return enqueue(files_, std::move(first_need), std::move(start),
                   [shared](Error error) { (*shared)(std::unexpected(std::move(error))); });
}

Engine::JobId Engine::add(FetchRequest request, OnFetch done) {
    auto first_need = need_of(request.urls, request.options);
    auto shared = std::make_shared<OnFetch>(std::move(done));
    auto start = [this, request = std::move(request), shared](std::optional<Need> need) -> net::Task<void> {
        return [](Transport transport, net::Workers& disk, Throttle& throttle, FetchRequest wanted, std::shared_ptr<OnFetch> callback,
                  std::optional<Need> held) -> net::Task<void> {
            (*callback)(co_await run_fetch(transport, disk, throttle, std::move(wanted), std::move(held)));
        }(transport(), workers_, throttle_, request, shared, std::move(need));
    };
    return enqueue(documents_, std::move(first_need), std::move(start),
                   [shared](Error error) { (*shared)(std::unexpected(std::move(error))); });
}

Engine::JobId Engine::add(FetchRequest request, std::shared_ptr<StreamPipe> pipe) {
    auto first_need = need_of(request.urls, request.options);
    auto start = [this, request = std::move(request), pipe](std::optional<Need> need) -> net::Task<void> {
        return [](Transport transport, net::Workers& disk, Throttle& throttle, FetchRequest wanted, std::shared_ptr<StreamPipe> to,
                  std::optional<Need> held) -> net::Task<void> {
            to->end(co_await run_stream(transport, disk, throttle, std::move(wanted), to, std::move(held)));
        }(transport(), workers_, throttle_, request, pipe, std::move(need));
    };
    return enqueue(files_, std::move(first_need), std::move(start), [pipe](Error error) { pipe->end(std::unexpected(std::move(error))); });
}

Engine::JobId Engine::enqueue(Lane& lane, std::optional<Need> need, std::function<net::Task<void>(std::optional<Need>)> start,
                              std::function<void(Error)> refuse) {
    const JobId id = ++last_id_;
    if (shutting_down_) {
        refuse(cancelled_error());
        return id;
    }
    Lane& own = lane.most == 0 ? files_ : lane;
    own.queue.push_back({.id = id, .need = std::move(need), .start = std::move(start), .refuse = std::move(refuse)});
    start_queued();
    return id;
}

std::optional<Need> Engine::need_of(const std::vector<std::string>& urls, const RequestOptions& options) {
    if (urls.empty()) {
        return std::nullopt;
    }
    const auto url = parse_url(urls.front());
    if (!url) {
        return std::nullopt;
    }
    auto key = http_.key_for(*url, mirrors_.layers.at(*url, options).connection);
    return key ? std::make_optional<Need>(pool_, std::move(*key)) : std::nullopt;
}

void Engine::start_queued() {
    start_queued(documents_, 0);
    start_queued(files_, mirrors_.places.lent);
    mirrors_.places.taken = files_.running;
    mirrors_.places.wanted = !files_.queue.empty();
}

void Engine::start_queued(Lane& lane, unsigned lent) {
    while (!shutting_down_ && lane.running + lent < lane.most && !lane.queue.empty()) {
        Queued next = std::move(lane.queue.front());
        lane.queue.pop_front();
        ++lane.running;
        running_[next.id] = tasks_.spawn(run(next.id, lane, next.start(std::move(next.need))), "a download");
    }
}

net::Task<void> Engine::run(JobId id, Lane& lane, net::Task<void> job) {
    co_await std::move(job);
    running_.erase(id);
    --lane.running;
    start_queued();
    if (network_.now() - history_saved_ >= save_interval) {
        co_await save_history();
    }
}

// What cannot be saved is measured again: no reason to tell the caller of.
net::Task<void> Engine::save_history() {
    history_saved_ = network_.now();
    pace_.for_each([this](const Origin& origin, unsigned taken) { mirrors_.book.took(Url{.origin = origin}.host_field(), taken); });
    if (history_.empty() || !mirrors_.book.changed()) {
        co_return;
    }
    const std::string text = mirrors_.book.write(network_.now(), wall_clock_());
    mirrors_.book.saved();
    co_await workers_.run([this, &text] { return publish_file(history_, text).has_value(); });
}

void Engine::cancel(JobId id) {
    if (const auto running = running_.find(id); running != running_.end()) {
        tasks_.cancel(running->second);
        return;
    }
    for (Lane* lane : {&files_, &documents_}) {
        const auto queued = std::ranges::find_if(lane->queue, [id](const Queued& job) { return job.id == id; });
        if (queued != lane->queue.end()) {
            const auto refuse = std::move(queued->refuse);
            lane->queue.erase(queued);
            return refuse(cancelled_error());
        }
    }
}

ConnectionCounts Engine::counts() const {
    const net::PoolCounts pool = pool_.counts();
    return {.open = pool.open,
            .idle = pool.idle,
            .opened = pool.opened,
            .requests = http_.counts().answers,
            .resends = http_.counts().resends()};
}

net::Task<void> Engine::shut_down() {
    shutting_down_ = true;
    for (Lane* lane : {&files_, &documents_}) {
        while (!lane->queue.empty()) {
            const Queued job = std::move(lane->queue.front());
            lane->queue.pop_front();
            job.refuse(cancelled_error());
        }
    }
    tasks_.cancel_all();
    co_await tasks_.join();
    co_await save_history();
    co_await pool_.shut_down();
}

}  // namespace lastack::download
