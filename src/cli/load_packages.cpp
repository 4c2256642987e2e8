#include "cli/load_packages.hpp"

#include "cli/progress.hpp"
#include "package/solv_indexer.hpp"
#include "repo/error.hpp"

#include <algorithm>

namespace lastack::cli {

Error no_repositories() {
    return Error{.code = repo::RepoErrc::no_urls,
                 .cause = "There are no enabled repositories",
                 .next_step = "enable one with --enablerepo=ID, or put a .repo file into reposdir"};
}

Result<repo::Cache> open_cache(Session& session) { return repo::Cache::open(session.config().main.cachedir); }

Result<std::vector<repo::ReadyRepo>> refresh_metadata(Session& session, repo::Cache& cache, repo::Expiry expiry) {
    Client& client = session.client();
    client.expect_more(true);
    const auto progress = session.quiet() ? nullptr : make_progress(stdout, 1, 0);
    package::SolvIndexer indexer;
    auto outcome = repo::refresh({.config = session.config(),
                                  .cache = cache,
                                  .client = client,
                                  .expiry = expiry,
                                  .indexer = &indexer,
                                  .progress = progress.get(),
                                  .stop = session.stop()});
    if (!outcome) {
        return std::unexpected(std::move(outcome.error()));
    }
    for (const std::string& warning : outcome->warnings) {
        session.warn(warning);
    }
    for (const repo::RefreshFailure& skipped : outcome->skipped) {
        session.warn("repository '" + skipped.repo_id + "' is left out: " + describe(skipped.error));
    }
    return std::move(outcome->ready);
}

Result<LoadedPackages> load_packages(Session& session, repo::Cache& cache, Metadata metadata) {
    std::vector<repo::ReadyRepo> repos;
    const bool any_enabled = std::ranges::any_of(session.config().repos, &repo::RepoConfig::enabled);
    if (metadata == Metadata::needed && !any_enabled) {
        return std::unexpected(no_repositories());
    }
    if (metadata != Metadata::not_needed && any_enabled) {
        auto ready = refresh_metadata(session, cache, repo::Expiry::honour);
        if (!ready) {
            return std::unexpected(std::move(ready.error()));
        }
        repos = std::move(*ready);
    }
    auto sack = package::Sack::open({.installroot = session.config().main.installroot, .exclude = session.config().main.exclude});
    if (!sack) {
        return std::unexpected(std::move(sack.error()));
    }
    for (const repo::ReadyRepo& repo : repos) {
        auto added = sack->add_repository(
            {.id = repo.config.id, .cost = repo.config.cost, .priority = repo.config.priority, .indexed = repo.files.front()});
        if (!added) {
            return std::unexpected(std::move(added.error()));
        }
    }
    for (const std::string& notice : sack->notices()) {
        session.warn(notice);
    }
    return LoadedPackages{.sack = std::move(*sack), .repos = std::move(repos)};
}

}  // namespace lastack::cli
