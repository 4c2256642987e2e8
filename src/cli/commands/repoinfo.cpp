#include "base/file.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/choose_repos.hpp"
#include "cli/command.hpp"
#include "cli/load_packages.hpp"
#include "cli/open_cache.hpp"
#include "cli/repo_table.hpp"
#include "download/mirror_book.hpp"
#include "repo/declared_packages.hpp"
#include "repo/generation.hpp"
#include "repo/repomd_age.hpp"

#include <algorithm>
#include <ctime>

namespace lastack::cli {

namespace {

// What the client wrote down at the end of earlier runs.
download::MirrorBook read_mirror_book(const repo::Cache& cache) {
    download::MirrorBook book;
    if (const auto text = read_file(cache.mirror_history(), download::largest_mirror_history)) {
        book.read(*text, {}, std::time(nullptr));
    }
    return book;
}

std::vector<MirrorFacts> mirrors_of(const std::vector<std::string>& urls, const download::MirrorBook& book) {
    std::vector<MirrorFacts> mirrors;
    for (const std::string& text : urls) {
        const auto url = parse_url(text, Schemes::http_and_ftp);
        const download::HostRecord* const record = url ? book.find(url->host_field()) : nullptr;
        mirrors.push_back({.url = text, .rate = record != nullptr ? record->rate : 0, .fails = record != nullptr ? record->fails : 0});
    }
    return mirrors;
}

RepoFacts facts_of(const repo::ReadyRepo& ready, const download::MirrorBook& book) {
    return {.config = ready.config,
            .repomd = ready.repomd,
            .state = ready.state,
            .packages = repo::declared_packages(ready.files.front()),
            .updated = repo::date_of(ready.repomd),
            .mirrors = mirrors_of(ready.base_urls, book),
            .trouble = {}};
}

}  // namespace

// One repository that cannot be had must not hide what is known of the others: each is told by itself.
int run_repoinfo(Session& session) {
    const auto chosen = choose_repos(session.config(), session.arguments());
    if (chosen.empty()) {
        if (session.arguments().json) {
            session.print(repo_info_json({}));
        } else {
            session.warn("no repository matches");
        }
        return exit_status::done;
    }
    auto cache = open_cache(session);
    if (!cache) {
        return session.fail(cache.error());
    }
    repo::Config wanted = session.config();
    wanted.repos = chosen;
    for (repo::RepoConfig& repo : wanted.repos) {
        repo.skip_if_unavailable = true;
    }
    auto outcome = refresh_outcome(session, *cache, wanted);
    session.close_connections();
    if (!outcome) {
        return session.fail(outcome.error());
    }
    const download::MirrorBook book = read_mirror_book(*cache);
    std::vector<RepoFacts> facts;
    for (const repo::RepoConfig& repo : chosen) {
        const auto ready = std::ranges::find(outcome->ready, repo.id, [](const repo::ReadyRepo& each) { return each.config.id; });
        const auto skipped = std::ranges::find(outcome->skipped, repo.id, &repo::RefreshFailure::repo_id);
        facts.push_back(ready != outcome->ready.end() ? facts_of(*ready, book)
                                                      : RepoFacts{.config = repo, .mirrors = mirrors_of(repo.baseurl, book)});
        facts.back().config = repo;
        if (skipped != outcome->skipped.end()) {
            facts.back().trouble = printable(skipped->error.cause);
        }
    }
    session.print(session.arguments().json ? repo_info_json(facts) : repo_info(facts, std::time(nullptr)));
    return outcome->skipped.empty() ? exit_status::done : exit_status::failed;
}

}  // namespace lastack::cli
