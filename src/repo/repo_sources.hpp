// Where a repository's metadata comes from: its baseurl and the mirrors of its mirror list or metalink; of a metalink also what its
// repomd.xml must be. Asks nobody: gives the request and takes the answer.
#pragma once

#include "download/metalink.hpp"
#include "repo/config.hpp"
#include "repo/generation.hpp"

#include "lastack/client.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

class RepoSources {
public:
    // Whether the mirrors that were named last time are this repository's.
    enum class Known : std::uint8_t { nothing, last_time };
    RepoSources(const RepoConfig& config, const MainConfig& main, const RepoDirectory& directory, Known known);

    [[nodiscard]] bool has_list() const { return !url_.empty(); }
    [[nodiscard]] bool is_metalink() const { return kind_ == RepoDirectory::List::metalink; }

    // Whether the mirror list is older than mirrorlist_expire, or not here.
    [[nodiscard]] bool list_expired(const RefreshState* state, std::int64_t now) const;
    [[nodiscard]] FetchRequest list_request() const;
    // Errors: RepoErrc::no_urls, RepoErrc::bad_metalink, of the local system; the mirrors known before stay.
    [[nodiscard]] Result<void> take_list(const FetchResult& answer);

    // baseurl, then the mirrors; no trailing slash, each once.
    [[nodiscard]] const std::vector<std::string>& bases() const { return bases_; }
    // The server that has this repomd.xml has the files that it names; another may not yet.
    void prefer(const std::string& answering_url);

    // Whether `text` is the repomd.xml of the metalink that was taken, or one of its alternates. Errors: RepoErrc::bad_repomd.
    [[nodiscard]] Result<void> check(std::string_view text) const;
    [[nodiscard]] bool is_newest(std::string_view text) const;  // the metalink's first choice

private:
    [[nodiscard]] Result<void> read_list(std::string_view text, const std::string& name);
    [[nodiscard]] Result<void> read_metalink(std::string_view text, const std::string& name);
    void set_mirrors(const std::vector<std::string>& mirrors);

    const RepoConfig& config_;
    const MainConfig& main_;
    const RepoDirectory& directory_;
    RepoDirectory::List kind_;
    std::string url_;  // of the mirror list or metalink; empty: none
    std::vector<std::string> bases_;
    bool listed_ = false;  // the mirrors are known
    std::optional<download::MetalinkFile> metalink_;
};

// What tells one repository from another that has its name: sha256 over its URLs.
[[nodiscard]] std::string source_of(const RepoConfig& config);

// The base whose repomd.xml answered as `url`, which has no secrets and no default port; the end after a redirect.
[[nodiscard]] std::vector<std::string>::iterator find_base(std::vector<std::string>& bases, const std::string& url);

inline constexpr auto repomd_path = "/repodata/repomd.xml";

}  // namespace lastack::repo
