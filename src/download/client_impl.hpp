// What a client consists of, seen by the files that implement it: the reactor's thread with the engine on it, and the ways to it from other
// threads.
#pragma once

#include "download/callback_thread.hpp"
#include "download/engine.hpp"
#include "net/asio_network.hpp"
#include "net/network_watch.hpp"
#include "net/resume_watch.hpp"
#include "net/running.hpp"

#include "lastack/client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace lastack {

namespace asio = boost::asio;

inline constexpr auto progress_tick = std::chrono::milliseconds{100};

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

// Ends the transfer whatever happens to the callback of its job: a job dropped unfinished was cancelled.
template <typename T>
class Completion {
public:
    explicit Completion(std::shared_ptr<detail::TransferState<T>> state) : state_{std::move(state)} {}
    ~Completion() {
        if (state_) {
            detail::TransferState<T>::finish(state_, Failure{Error{.code = Errc::cancelled, .cause = "cancelled: the client is gone"}});
        }
    }
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;
    void operator()(Result<T> result) { detail::TransferState<T>::finish(std::exchange(state_, nullptr), std::move(result)); }

private:
    std::shared_ptr<detail::TransferState<T>> state_;
};

struct Client::Impl {
    explicit Impl(const ClientOptions& options);
    ~Impl();

    void run_reactor();
    void network_changed(const net::NetworkChange& change);
    void any_open(bool any);

    // Adds a job in a turn of the reactor to come; `add` is given how it ends, `state` what the handle shares.
    template <typename T, typename Add>
    Transfer<T> begin(Add add, std::function<TransferProgress()> progress, std::function<void(const Result<T>&)> done);

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
            batch->changed.wait_for(lock, progress_tick, [&batch] { return !batch->news.empty(); });
            const auto news = std::exchange(batch->news, {});
            // Whoever is told may take its time; the reactor must never wait for this lock meanwhile.
            lock.unlock();
            each_tick(*batch, news);
            lock.lock();
        }
        return batch->take();
    }

    download::CallbackThread callbacks;  // outlives the engine, whose end is told on it
    std::function<void(std::function<void()>)> run_callback;
    asio::io_context context{1};
    net::AsioNetwork network;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::optional<net::ResumeWatch> resume_watch;
    std::optional<net::NetworkWatch> network_watch;
    std::unique_ptr<download::Engine> engine;
    std::thread reactor;
};

template <typename T, typename Add>
Transfer<T> Client::Impl::begin(Add add, std::function<TransferProgress()> progress, std::function<void(const Result<T>&)> done) {
    const auto id = std::make_shared<std::optional<download::Engine::JobId>>();  // on the reactor only
    auto state =
        std::make_shared<detail::TransferState<T>>(typename detail::TransferState<T>::Hooks{.cancel =
                                                                                                [this, id] {
                                                                                                    asio::post(context, [this, id] {
                                                                                                        if (*id) {
                                                                                                            engine->cancel(**id);
                                                                                                        }
                                                                                                    });
                                                                                                },
                                                                                            .progress = std::move(progress),
                                                                                            .run_callback = run_callback,
                                                                                            .done = std::move(done)});
    asio::post(context, [id, add = std::move(add), completion = std::make_shared<Completion<T>>(state)]() mutable {
        *id = add([completion](Result<T> result) { (*completion)(std::move(result)); });
    });
    return Transfer<T>{std::move(state)};
}

}  // namespace lastack
