#include "lastack/client.hpp"

#include "base/text.hpp"
#include "download/engine.hpp"
#include "net/asio_network.hpp"
#include "net/network_watch.hpp"
#include "net/resume_watch.hpp"
#include "net/watchdog.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <condition_variable>
#include <future>
#include <mutex>
#include <pthread.h>
#include <random>
#include <signal.h>
#include <thread>

namespace lastack {

namespace {

namespace asio = boost::asio;

constexpr unsigned worker_threads = 2;
constexpr auto suspend_patience = std::chrono::milliseconds{50};
constexpr auto tick = std::chrono::milliseconds{100};

// Signals are the business of whoever embeds us: none is delivered to our threads.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

// Used on the reactor alone.
std::function<double()> chance() {
    return [random = std::mt19937_64{std::random_device{}()}]() mutable { return std::uniform_real_distribution<double>{}(random); };
}

// Where the reactor leaves results and the calling thread waits for them.
template <typename T>
struct Batch {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::vector<std::optional<Result<T>>> results;
    std::vector<std::size_t> news;  // finished and not reported yet
    std::size_t finished = 0;

    explicit Batch(std::size_t size) : results(size) {}

    void finish(std::size_t index, Result<T> result) {
        const std::lock_guard lock{mutex};
        results[index].emplace(std::move(result));
        news.push_back(index);
        ++finished;
        changed.notify_all();
    }

    std::vector<Result<T>> take() {
        std::vector<Result<T>> out;
        for (auto& result : results) {
            out.push_back(std::move(*result));
        }
        return out;
    }
};

std::optional<std::uint64_t> known(std::uint64_t total) {
    return total == download::JobProgress::unknown ? std::nullopt : std::optional{total};
}

// Tells the observer, on the calling thread, what the jobs wrote down.
class Reporter {
public:
    Reporter(ProgressObserver& observer, const std::vector<std::string>& labels,
             const std::vector<std::shared_ptr<download::JobProgress>>& jobs)
        : observer_{observer}, labels_{labels}, jobs_{jobs}, begun_(jobs.size()), ended_(jobs.size()), last_(jobs.size()) {}

    void report_running() {
        for (std::size_t i = 0; i < jobs_.size(); ++i) {
            if (!ended_[i] && jobs_[i]->started) {
                begin(i);
                const std::uint64_t received = jobs_[i]->received;
                if (received != std::exchange(last_[i], received)) {
                    observer_.advanced(i, received, known(jobs_[i]->total));
                }
            }
        }
        observer_.tick();
    }

    void report_finished(std::size_t i, const Result<DownloadResult>& result) {
        if (!std::exchange(ended_[i], 1)) {
            begin(i);
            observer_.finished(i, result);
        }
    }

private:
    void begin(std::size_t i) {
        if (!std::exchange(begun_[i], 1)) {
            observer_.started(i, labels_[i], known(jobs_[i]->total));
        }
    }

    ProgressObserver& observer_;
    const std::vector<std::string>& labels_;
    const std::vector<std::shared_ptr<download::JobProgress>>& jobs_;
    std::vector<char> begun_;  // not vector<bool>: its elements are no objects
    std::vector<char> ended_;
    std::vector<std::uint64_t> last_;
};

std::string label_of(const DownloadRequest& request) { return request.label.empty() ? request.path.filename().string() : request.label; }

}  // namespace

struct Client::Impl {
    explicit Impl(const ClientOptions& options) : network{context}, work{asio::make_work_guard(context)} {
        const SignalsBlocked blocked;
        resume_watch.emplace(context, [this] { engine->resumed(); });
        network_watch.emplace(context, [this](const net::NetworkChange& change) { network_changed(change); });
        engine = std::make_unique<download::Engine>(network, options,
                                                    download::Engine::Setting{.worker_threads = worker_threads,
                                                                              .environment = http::read_proxy_environment(),
                                                                              .on_any_open = [this](bool any) { any_open(any); },
                                                                              .chance = chance()});
        reactor = std::thread([this] { run_reactor(); });
        pthread_setname_np(reactor.native_handle(), "reactor");
    }

    ~Impl() {
        // The last task of the reactor: everything ends, then nothing is left to run.
        asio::co_spawn(context, engine->shut_down(), [this](std::exception_ptr failure) {
            if (failure) {
                std::terminate();
            }
            network_watch.reset();
            resume_watch.reset();
            work.reset();
        });
        reactor.join();
    }

    void run_reactor() {
        std::optional<net::Watchdog> watchdog;
        if (auto action = net::watchdog_action_from_environment()) {
            watchdog.emplace(context, net::Watchdog::usual_limit(), std::move(action));
        }
        context.run();
    }

    void network_changed(const net::NetworkChange& change) {
        using enum net::NetworkChange::Kind;
        switch (change.kind) {
            case address_gone:
                engine->network_changed(change.ip);
                break;
            case link_down:
                engine->link_down(change.addresses);
                break;
            case address_added:
            case default_route_changed:
            case unknown:
                engine->network_changed("");
                break;
            case link_up:
                break;
        }
    }

    // While nothing is open, nothing can be lost by a sleep, and the machine is not woken to look.
    void any_open(bool any) {
        if (any) {
            resume_watch->begin();
        } else if (resume_watch) {
            resume_watch->end();
        }
    }

    // Runs on the reactor and waits for it.
    template <typename Work>
    auto on_reactor(Work call) {
        std::packaged_task<decltype(call())()> task{std::move(call)};
        auto answer = task.get_future();
        asio::post(context, [task = std::move(task)]() mutable {
            const net::Running running{"a call from another thread"};
            task();
        });
        return answer.get();
    }

    // Adds all requests, then waits for all results; `each_tick` runs on the calling thread.
    template <typename T, typename Add, typename Tick>
    std::vector<Result<T>> run(std::size_t size, std::stop_token stop, LastBatch last, Add add, Tick each_tick) {
        const auto batch = std::make_shared<Batch<T>>(size);  // owners: this call and the callbacks on the reactor
        const auto ids = on_reactor([&] {
            std::vector<download::Engine::JobId> added;
            if (stop.stop_requested()) {
                for (std::size_t i = 0; i < size; ++i) {
                    batch->finish(i, std::unexpected(Error{.code = Errc::cancelled, .cause = "cancelled before it began"}));
                }
                return added;
            }
            for (std::size_t i = 0; i < size; ++i) {
                added.push_back(add(i, [batch, i](Result<T> result) { batch->finish(i, std::move(result)); }));
            }
            // In the same turn: the connections at hand have work before their need is judged.
            if (last == LastBatch::yes) {
                engine->expect_more(false);
            }
            return added;
        });
        const std::stop_callback cancel{stop, [this, ids] {
                                            asio::post(context, [this, ids] {
                                                for (const auto id : ids) {
                                                    engine->cancel(id);
                                                }
                                            });
                                        }};
        std::unique_lock lock{batch->mutex};
        while (batch->finished < size || !batch->news.empty()) {
            batch->changed.wait_for(lock, tick, [&batch] { return !batch->news.empty(); });
            const auto news = std::exchange(batch->news, {});
            // Whoever is told may take its time; the reactor must never wait for this lock meanwhile.
            lock.unlock();
            each_tick(*batch, news);
            lock.lock();
        }
        return batch->take();
    }

    asio::io_context context{1};
    net::AsioNetwork network;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::optional<net::ResumeWatch> resume_watch;
    std::optional<net::NetworkWatch> network_watch;
    std::unique_ptr<download::Engine> engine;
    std::thread reactor;
};

Client::Client(ClientOptions options) : impl_{std::make_unique<Impl>(options)} {}

Client::~Client() = default;

std::vector<Result<DownloadResult>> Client::download(std::vector<DownloadRequest> requests, ProgressObserver* progress,
                                                     std::stop_token stop, LastBatch last) {
    std::vector<std::string> labels;
    std::vector<std::shared_ptr<download::JobProgress>> jobs;
    for (const DownloadRequest& request : requests) {
        labels.push_back(label_of(request));
        jobs.push_back(std::make_shared<download::JobProgress>());  // owners: this call and the job
    }
    std::optional<Reporter> reporter;
    if (progress != nullptr) {
        reporter.emplace(*progress, labels, jobs);
    }
    const auto report = [&](const Batch<DownloadResult>& batch, const std::vector<std::size_t>& finished) {
        if (!reporter) {
            return;
        }
        for (const std::size_t i : finished) {
            reporter->report_finished(i, *batch.results[i]);  // written once, before it was seen under the lock
        }
        reporter->report_running();
    };
    return impl_->run<DownloadResult>(
        requests.size(), std::move(stop), last,
        [&](std::size_t i, auto done) { return impl_->engine->add(std::move(requests[i]), jobs[i], std::move(done)); }, report);
}

std::vector<Result<FetchResult>> Client::fetch(std::vector<FetchRequest> requests, std::stop_token stop) {
    return impl_->run<FetchResult>(
        requests.size(), std::move(stop), LastBatch::no,
        [&](std::size_t i, auto done) { return impl_->engine->add(std::move(requests[i]), std::move(done)); },
        [](const Batch<FetchResult>&, const std::vector<std::size_t>&) {});
}

void Client::expect_more(bool more) {
    asio::post(impl_->context, [engine = impl_->engine.get(), more] { engine->expect_more(more); });
}

void Client::close_connections() {
    impl_->on_reactor([this] { impl_->engine->close_idle(); });
}

void Client::suspend() {
    impl_->on_reactor([this] { impl_->engine->freeze(); });
    // A dial under way ends in a turn of its own, unless it waits for a worker; then it has no socket or closes it at once.
    const TimePoint until = Clock::now() + suspend_patience;
    while (impl_->on_reactor([this] { return impl_->engine->dialling(); }) > 0 && Clock::now() < until) {
        std::this_thread::yield();
    }
}

void Client::resume() {
    asio::post(impl_->context, [engine = impl_->engine.get()] { engine->thaw(); });
}

std::vector<ConnectionInfo> Client::connection_list() {
    return impl_->on_reactor([this] { return impl_->engine->snapshot(); });
}

ConnectionCounts Client::connections() {
    return impl_->on_reactor([this] { return impl_->engine->counts(); });
}

}  // namespace lastack
