// Asks a repository's mirrors for repomd.xml until one has sent one that may be used. Blocks; one thread.
#pragma once

#include "repo/generation.hpp"
#include "repo/refresh.hpp"
#include "repo/repo_sources.hpp"

#include "lastack/client.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lastack::repo {

// The repomd.xml to be used.
struct FoundRepomd {
    std::string text;
    Repomd repomd;
    RefreshState state;
    std::string signature;  // with a changed one: repomd.xml.asc, when it was asked for
    bool changed = false;   // differs from the cached one
};

class RepomdSearch {
public:
    RepomdSearch(const RepoConfig& config, const RefreshRequest& run, RepoSources& sources, const Generation* cached, std::int64_t now)
        : config_{config}, run_{run}, sources_{sources}, cached_{cached}, now_{now} {}

    [[nodiscard]] Result<FoundRepomd> find();

private:
    [[nodiscard]] Result<FoundRepomd> find_by_metalink();
    [[nodiscard]] Result<FoundRepomd> find_by_mirrors();
    [[nodiscard]] Result<void> fetch_list();
    [[nodiscard]] Result<void> take_list(const Result<FetchResult>& answer);
    [[nodiscard]] Result<FoundRepomd> ask_mirrors();
    [[nodiscard]] FetchRequest request() const;
    [[nodiscard]] Result<FoundRepomd> judge(FetchResult& answer) const;
    [[nodiscard]] Result<TrustState> trust(const std::string& text, const std::string& url) const;
    [[nodiscard]] bool needs_second_opinion(const FoundRepomd& found) const;
    [[nodiscard]] FoundRepomd unchanged() const;
    void refuse(Error error, const std::string& answering_url);
    void pass_over(const std::string& answering_url);

    const RepoConfig& config_;
    const RefreshRequest& run_;
    RepoSources& sources_;
    const Generation* cached_;  // nullptr: none
    std::int64_t now_;
    std::vector<std::string> untried_;  // bases whose repomd.xml was not refused yet
    unsigned refused_ = 0;
    std::optional<Error> refusal_;
    std::int64_t list_checked_at_ = 0;
};

}  // namespace lastack::repo
