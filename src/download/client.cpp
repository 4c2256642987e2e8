#include "lastack/client.hpp"

#include "download/client_impl.hpp"

namespace lastack {

namespace {

constexpr auto suspend_patience = std::chrono::milliseconds{50};

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

// An observer that is one function.
class FunctionObserver final : public ProgressObserver {
public:
    FunctionObserver(std::function<void(const FileProgress&)> tell, std::size_t files) : tell_{std::move(tell)}, files_(files) {}

    void started(std::size_t index, std::string_view label, std::optional<std::uint64_t> total) override {
        files_[index] = {.index = index, .label = label, .total = total};
        tell_(files_[index]);
    }
    void advanced(std::size_t index, std::uint64_t received, std::optional<std::uint64_t> total) override {
        files_[index].received = received;
        files_[index].total = total;
        tell_(files_[index]);
    }
    void finished(std::size_t index, const Result<DownloadResult>& result) override {
        files_[index].finished = &result;
        if (result) {
            files_[index].received = result->size;
            files_[index].total = result->size;
        }
        tell_(files_[index]);
    }
    void tick() override {}

private:
    std::function<void(const FileProgress&)> tell_;
    std::vector<FileProgress> files_;
};

std::string label_of(const DownloadRequest& request) { return request.label.empty() ? request.path.filename().string() : request.label; }

}  // namespace

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

std::vector<Result<DownloadResult>> Client::download(std::vector<DownloadRequest> requests,
                                                     std::function<void(const FileProgress&)> progress) {
    if (!progress) {
        return download(std::move(requests));
    }
    FunctionObserver observer{std::move(progress), requests.size()};
    return download(std::move(requests), &observer);
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
    // A dial under way ends in a turn of its own, unless it waits for a worker; then it has no socket or closes it at once. An ftp
    // transfer ends with the step that it is in.
    const TimePoint until = Clock::now() + suspend_patience;
    while (impl_->on_reactor([this] { return impl_->engine->still_open(); }) > 0 && Clock::now() < until) {
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
