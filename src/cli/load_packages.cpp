#include "cli/load_packages.hpp"

#include "cli/import_keys.hpp"
#include "cli/progress.hpp"
#include "package/error.hpp"
#include "package/solv_indexer.hpp"
#include "repo/error.hpp"
#include "repo/repo_keyring.hpp"
#include "repo/signature_trust.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace lastack::cli {

Error no_repositories() {
    return Error{.code = repo::RepoErrc::no_urls,
                 .cause = "There are no enabled repositories",
                 .next_step = "enable one with --enablerepo=ID, or put a .repo file into reposdir"};
}

namespace {

Result<void> import_wanted_keys(Session& session, const std::set<std::string>& wanted) {
    for (const repo::RepoConfig& repo : session.config().repos) {
        if (wanted.contains(repo.id)) {
            if (auto imported = import_repository_keys(session, repo); !imported) {
                return imported;
            }
        }
    }
    return {};
}

repo::Expiry expiry_of(MetadataUse use) {
    switch (use) {
        case MetadataUse::refresh:
            return repo::Expiry::ignore;
        case MetadataUse::cache_only:
            return repo::Expiry::never;
        case MetadataUse::when_expired:
            break;
    }
    return repo::Expiry::honour;
}

// As yum has them.
repo::Timeliness timeliness_of(const Arguments& arguments) {
    switch (arguments.command) {
        case Command::repoinfo:
            return repo::Timeliness::past;
        case Command::list:
            return !arguments.operands.empty() && arguments.operands.front() == "updates" ? repo::Timeliness::future
                                                                                          : repo::Timeliness::present;
        case Command::check_update:
            return repo::Timeliness::future;
        default:
            return repo::Timeliness::newest;
    }
}

}  // namespace

Result<repo::RefreshOutcome> refresh_outcome(Session& session, repo::Cache& cache, const repo::Config& config) {
    Client& client = session.client();
    client.expect_more(true);
    const repo::Expiry expiry = expiry_of(session.arguments().metadata);
    package::SolvIndexer indexer{expiry == repo::Expiry::ignore ? package::IndexCheck::whole : package::IndexCheck::header};
    repo::SignatureTrust trust(repo::persist_directory(session.config().main));
    // A JSON document is all that stands on standard output.
    const bool silent = session.quiet() || session.arguments().json;
    const auto refresh = [&] {
        const auto progress = silent ? nullptr : make_progress(stdout, 1, 0);
        return repo::refresh({.config = config,
                              .cache = cache,
                              .client = client,
                              .expiry = expiry,
                              .timeliness = timeliness_of(session.arguments()),
                              .indexer = &indexer,
                              .trust = &trust,
                              .progress = progress.get(),
                              .stop = session.stop()});
    };
    auto outcome = refresh();
    if (const auto wanted = trust.take_key_wanted(); !wanted.empty() && !session.stop().stop_requested()) {
        if (auto imported = import_wanted_keys(session, wanted); imported) {
            outcome = refresh();
        } else if (!outcome || imported.error().code == Errc::cancelled) {
            return std::unexpected(std::move(imported.error()));
        } else {
            session.warn(describe(imported.error()));  // the old metadata, which was verified, serves on
        }
    }
    if (!outcome && !trust.take_key_wanted().empty()) {
        outcome.error().cause += ". Import of key(s) didn't help, wrong key(s)?";
    }
    if (outcome) {
        for (const std::string& warning : outcome->warnings) {
            session.warn(warning);
        }
    }
    return outcome;
}

Result<std::vector<repo::ReadyRepo>> refresh_metadata(Session& session, repo::Cache& cache) {
    auto outcome = refresh_outcome(session, cache, session.config());
    if (!outcome) {
        return std::unexpected(std::move(outcome.error()));
    }
    for (const repo::RefreshFailure& skipped : outcome->skipped) {
        session.warn("repository '" + skipped.repo_id + "' is left out: " + describe(skipped.error));
    }
    return std::move(outcome->ready);
}

namespace {

Result<LoadedPackages> load_once(Session& session, repo::Cache& cache, bool with_repositories) {
    std::vector<repo::ReadyRepo> repos;
    if (with_repositories) {
        auto ready = refresh_metadata(session, cache);
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
        auto added = sack->add_repository({.id = repo.config.id,
                                           .cost = repo.config.cost,
                                           .priority = repo.config.priority,
                                           .exclude = repo.config.exclude,
                                           .include = repo.config.includepkgs,
                                           .indexed = repo.files.front()});
        if (!added) {
            return std::unexpected(std::move(added.error()));
        }
    }
    for (const std::string& notice : sack->notices()) {
        session.warn(notice);
    }
    return LoadedPackages{.sack = std::move(*sack), .repos = std::move(repos)};
}

}  // namespace

Result<LoadedPackages> load_packages(Session& session, repo::Cache& cache, Metadata metadata) {
    const bool any_enabled = std::ranges::any_of(session.config().repos, &repo::RepoConfig::enabled);
    if (metadata == Metadata::needed && !any_enabled) {
        return std::unexpected(no_repositories());
    }
    const bool with_repositories = metadata != Metadata::not_needed && any_enabled;
    auto loaded = load_once(session, cache, with_repositories);
    // The cache was damaged, index and file; the refresh looks at the file now that there is no index.
    if (!loaded && loaded.error().code == package::PackageErrc::bad_metadata && session.arguments().metadata != MetadataUse::cache_only) {
        session.warn(describe(loaded.error()));
        loaded = load_once(session, cache, with_repositories);
    }
    return loaded;
}

}  // namespace lastack::cli
