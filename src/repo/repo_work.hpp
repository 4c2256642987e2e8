// One repository on its way through a refresh: what is cached of it, what the servers said, and whether it can be used. The stages of
// refresh.cpp ask it for requests and hand it the answers; it never talks to the network itself.
#pragma once

#include "repo/config.hpp"
#include "repo/generation.hpp"
#include "repo/refresh.hpp"

#include "lastack/client.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace lastack::repo {

class RepoWork {
public:
    RepoWork(const RepoConfig& config, const MainConfig& main) : config_{&config}, main_{&main} {}

    [[nodiscard]] const RepoConfig& config() const { return *config_; }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    [[nodiscard]] bool open() const { return !error_ && !ready_; }  // something is still to be done
    [[nodiscard]] bool wants_mirrorlist() const { return open() && !config_->mirrorlist.empty(); }
    [[nodiscard]] bool wants_repomd() const { return open() && !served_; }
    [[nodiscard]] bool wants_primary() const { return open() && needs_download_; }

    void fail(Error error);  // the first one stays

    // Reads the cache; ready at once when it is current and intact and `expiry` honours that.
    void prepare(const std::filesystem::path& directory, Expiry expiry, std::int64_t now, std::stop_token stop);

    [[nodiscard]] FetchRequest mirrorlist_request() const;
    void take_mirrorlist(Result<FetchResult> answer);
    void settle_urls();  // after the mirror lists: an error when there is no URL

    [[nodiscard]] FetchRequest repomd_request() const;
    void take_repomd(Result<FetchResult> answer, std::int64_t now);

    // With repomd.xml at hand: uses the cached primary when it is the right one; else wants_primary().
    void look_for_primary(std::stop_token stop);
    [[nodiscard]] DownloadRequest primary_request() const;
    void take_primary(const Result<DownloadResult>& answer, std::stop_token stop);

    void publish();  // the new generation, when all of it is there

    [[nodiscard]] ReadyRepo result() const;

private:
    struct Served {
        std::string text;
        std::string sha256;
        Repomd repomd;
        RefreshState state;
        bool changed = false;  // the text differs from the cached one
    };

    void add_mirrors(std::string_view mirrorlist);
    void accept_cached(const FetchResult& answer, std::int64_t now);
    [[nodiscard]] Result<void> accept_served(FetchResult& answer, std::int64_t now);
    void reject(Error error, const std::string& answering_url);
    void prefer(const std::string& answering_url);

    const RepoConfig* config_;
    const MainConfig* main_;
    std::optional<RepoDirectory> directory_;
    std::optional<Generation> cached_;
    std::string source_;
    std::vector<std::string> bases_;
    std::vector<std::string> untried_;  // bases whose repomd.xml was not refused yet
    unsigned refused_ = 0;
    std::optional<Error> refusal_;
    std::optional<Served> served_;
    std::optional<Error> error_;
    bool needs_download_ = false;
    bool refreshed_ = false;
    bool ready_ = false;
};

}  // namespace lastack::repo
