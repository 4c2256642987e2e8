#include "repo/refresh.hpp"

#include "base/text.hpp"
#include "repo/error.hpp"
#include "repo/generation.hpp"
#include "repo/object_store.hpp"
#include "repo/repo_refresh.hpp"
#include "repo/shared_progress.hpp"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <system_error>
#include <thread>
#include <utility>

namespace lastack::repo {

namespace {

constexpr std::size_t most_threads = 16;
constexpr std::ptrdiff_t most_indexing = 2;

// The date of the last check is kept over reboots, so it is wall-clock time.
std::int64_t now_of(const RefreshRequest& request) { return request.wall_clock ? request.wall_clock() : std::time(nullptr); }

Error cancelled() { return {.code = Errc::cancelled, .phase = Phase::none, .cause = "cancelled"}; }

Error named(Error error, const RepoConfig& repo) {
    if (error.code == Errc::cancelled) {
        return error;
    }
    error.cause = "repository '" + repo.id + "': " + (error.cause.empty() ? error.code.message() : error.cause);
    if (!is_local_failure(error.code)) {
        error.next_step += error.next_step.empty() ? "" : "; ";
        error.next_step +=
            "to go on without it use --disablerepo=" + repo.id + ", or set skip_if_unavailable=1 for it (" + printable(repo.origin) + ")";
    }
    return error;
}

// What became of one repository.
struct Ended {
    Result<ReadyRepo> result = std::unexpected(cancelled());
    std::vector<std::string> warnings;
    bool published = false;
};

Ended refresh_one(const RepoConfig& config, const RefreshRun& run) {
    if (run.request.stop.stop_requested()) {
        return {};
    }
    RepoRefresh refresh{config, run, now_of(run.request)};
    auto result = refresh.run();
    return {.result = std::move(result), .warnings = refresh.warnings(), .published = refresh.published()};
}

// Each thread takes the next repository when it is done with one, so that none waits for another but for want of a thread.
std::vector<Ended> refresh_all(const std::vector<const RepoConfig*>& repos, const RefreshRun& run) {
    std::vector<Ended> ended(repos.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t mine = next++; mine < repos.size(); mine = next++) {
            ended[mine] = refresh_one(*repos[mine], run);
        }
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(repos.size(), most_threads); ++i) {
        try {
            others.emplace_back(work);
        } catch (const std::system_error&) {
            break;  // no more threads to be had: those that are here do the work
        }
    }
    work();
    others.clear();  // joins
    return ended;
}

Result<RefreshOutcome> outcome_of(std::vector<Ended> ended, const std::vector<const RepoConfig*>& repos) {
    RefreshOutcome outcome;
    for (std::size_t i = 0; i < ended.size(); ++i) {
        auto& [result, warnings, published] = ended[i];
        std::ranges::move(warnings, std::back_inserter(outcome.warnings));
        if (result) {
            outcome.ready.push_back(std::move(*result));
        } else if (repos[i]->skip_if_unavailable && !is_local_failure(result.error().code)) {
            outcome.skipped.push_back({.repo_id = repos[i]->id, .error = named(std::move(result.error()), *repos[i])});
        } else {
            return std::unexpected(named(std::move(result.error()), *repos[i]));
        }
    }
    return outcome;
}

// Whether metadata_expire_filter may have a say. What is not in the cache, or cannot be read there, is no metadata of any age.
bool caches_are_of_one_age(const RefreshRequest& request, const std::vector<const RepoConfig*>& repos) {
    const auto waives = [&](const RepoConfig* repo) { return is_waived(repo->metadata_expire_filter, request.timeliness); };
    if (request.expiry != Expiry::honour || std::ranges::none_of(repos, waives)) {
        return false;
    }
    std::vector<std::optional<std::int64_t>> checked_at;
    for (const RepoConfig* repo : repos) {
        const auto directory = RepoDirectory::open(request.cache.repo_directory(repo->id));
        const auto cached = directory ? directory->load() : std::nullopt;
        checked_at.push_back(cached && cached->state ? std::optional{cached->state->checked_at} : std::nullopt);
    }
    return are_of_one_age(checked_at, now_of(request));
}

}  // namespace

const MetadataFile* ReadyRepo::file(std::string_view type) const {
    const auto found = std::ranges::find(files, type, [](const MetadataFile& each) -> std::string_view { return each.file.type; });
    return found == files.end() ? nullptr : &*found;
}

Result<RefreshOutcome> refresh(const RefreshRequest& request) {
    std::vector<const RepoConfig*> repos;
    for (const RepoConfig& repo : request.config.repos) {
        if (repo.enabled) {
            repos.push_back(&repo);
        }
    }
    if (repos.empty()) {
        return RefreshOutcome{};
    }
    ObjectStore objects{request.cache};
    if (auto opened = objects.open(); !opened) {
        return std::unexpected(std::move(opened.error()));
    }
    SharedProgress progress{request.progress};
    std::counting_semaphore<> indexing{most_indexing};
    auto ended = refresh_all(repos, {.request = request,
                                     .objects = objects,
                                     .progress = progress,
                                     .indexing = indexing,
                                     .of_one_age = caches_are_of_one_age(request, repos)});
    if (std::ranges::any_of(ended, &Ended::published)) {
        objects.remove_unreferenced();
    }
    return outcome_of(std::move(ended), repos);
}

}  // namespace lastack::repo
