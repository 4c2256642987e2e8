#include "repo/refresh.hpp"

#include "base/text.hpp"
#include "repo/error.hpp"
#include "repo/repo_work.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace lastack::repo {

namespace {

// The date of the last check is kept over reboots, so it is wall-clock time.
std::int64_t wall_clock() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

Error cancelled() { return {.code = Errc::cancelled, .phase = Phase::none, .cause = "cancelled"}; }

// Failures of this machine: the next repository would meet them too, so they are no reason to go on without this one.
bool is_local(const std::error_code& code) {
    constexpr Errc local[] = {Errc::cancelled, Errc::no_space, Errc::not_permitted, Errc::io_failed, Errc::locked};
    return code == RepoErrc::cache_unusable || code == RepoErrc::cache_locked ||
           std::ranges::any_of(local, [&](Errc each) { return code == each; });
}

Error named(Error error, const RepoConfig& repo) {
    if (error.code == Errc::cancelled) {
        return error;
    }
    error.cause = "repository '" + repo.id + "': " + (error.cause.empty() ? error.code.message() : error.cause);
    if (!is_local(error.code)) {
        error.next_step += error.next_step.empty() ? "" : "; ";
        error.next_step +=
            "to go on without it use --disablerepo=" + repo.id + ", or set skip_if_unavailable=1 for it (" + printable(repo.origin) + ")";
    }
    return error;
}

class Refresher {
public:
    Refresher(const Config& config, Cache& cache, Client& client, Expiry expiry, ProgressObserver* progress, std::stop_token stop)
        : cache_{cache}, client_{client}, expiry_{expiry}, progress_{progress}, stop_{std::move(stop)} {
        for (const RepoConfig& repo : config.repos) {
            if (repo.enabled) {
                works_.emplace_back(repo, config.main);
            }
        }
    }

    Result<RefreshOutcome> run() {
        for (const auto stage : {&Refresher::prepare, &Refresher::fetch_mirrorlists, &Refresher::fetch_repomds,
                                 &Refresher::download_primaries, &Refresher::publish}) {
            if (stop_.stop_requested()) {
                return std::unexpected(cancelled());
            }
            (this->*stage)();
        }
        return outcome();
    }

private:
    template <typename Predicate>
    std::vector<RepoWork*> select(Predicate wanted) {
        std::vector<RepoWork*> selected;
        for (RepoWork& work : works_) {
            if ((work.*wanted)()) {
                selected.push_back(&work);
            }
        }
        return selected;
    }

    void prepare() {
        for (RepoWork& work : works_) {
            work.prepare(cache_.repo_directory(work.config().id), expiry_, wall_clock(), stop_);
        }
    }

    void fetch_mirrorlists() {
        const auto wanting = select(&RepoWork::wants_mirrorlist);
        std::vector<FetchRequest> requests;
        for (const RepoWork* work : wanting) {
            requests.push_back(work->mirrorlist_request());
        }
        auto answers = fetch(std::move(requests));
        for (std::size_t i = 0; i < wanting.size(); ++i) {
            wanting[i]->take_mirrorlist(std::move(answers[i]));
        }
        for (RepoWork& work : works_) {
            work.settle_urls();
        }
    }

    // More than one round only when a server sent something that cannot be used and another one can be asked.
    void fetch_repomds() {
        for (auto wanting = select(&RepoWork::wants_repomd); !wanting.empty(); wanting = select(&RepoWork::wants_repomd)) {
            std::vector<FetchRequest> requests;
            for (const RepoWork* work : wanting) {
                requests.push_back(work->repomd_request());
            }
            auto answers = fetch(std::move(requests));
            for (std::size_t i = 0; i < wanting.size(); ++i) {
                wanting[i]->take_repomd(std::move(answers[i]), wall_clock());
            }
        }
        for (RepoWork* work : select(&RepoWork::open)) {
            work->look_for_primary(stop_);
        }
    }

    void download_primaries() {
        const auto wanting = select(&RepoWork::wants_primary);
        if (wanting.empty()) {
            return;
        }
        std::vector<DownloadRequest> requests;
        for (const RepoWork* work : wanting) {
            requests.push_back(work->primary_request());
        }
        const auto answers = client_.download(std::move(requests), progress_, stop_);
        for (std::size_t i = 0; i < wanting.size(); ++i) {
            wanting[i]->take_primary(answers[i], stop_);
        }
    }

    void publish() {
        for (RepoWork& work : works_) {
            work.publish();
        }
    }

    std::vector<Result<FetchResult>> fetch(std::vector<FetchRequest> requests) {
        return requests.empty() ? std::vector<Result<FetchResult>>{} : client_.fetch(std::move(requests), stop_);
    }

    Result<RefreshOutcome> outcome() {
        RefreshOutcome outcome;
        for (const RepoWork& work : works_) {
            if (!work.error()) {
                outcome.ready.push_back(work.result());
            } else if (work.config().skip_if_unavailable && !is_local(work.error()->code)) {
                outcome.skipped.push_back({.repo_id = work.config().id, .error = named(*work.error(), work.config())});
            } else {
                return std::unexpected(named(*work.error(), work.config()));
            }
        }
        return outcome;
    }

    Cache& cache_;
    Client& client_;
    Expiry expiry_;
    ProgressObserver* progress_;
    std::stop_token stop_;
    std::vector<RepoWork> works_;
};

}  // namespace

Result<RefreshOutcome> refresh(const Config& config, Cache& cache, Client& client, Expiry expiry, ProgressObserver* progress,
                               std::stop_token stop) {
    return Refresher{config, cache, client, expiry, progress, std::move(stop)}.run();
}

}  // namespace lastack::repo
