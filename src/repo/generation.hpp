// One repository's directory in the cache: the generation it holds, and how the next one takes its place. Blocks on disk.
#pragma once

#include "repo/refresh_state.hpp"
#include "repo/repomd.hpp"

#include "lastack/result.hpp"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

// repomd.xml as it is cached, with what is known of it.
struct Generation {
    std::string text;
    std::string sha256;
    Repomd repomd;
    std::optional<RefreshState> state;  // only when it belongs to this text
};

class RepoDirectory {
public:
    // Makes the directory with gen/ and packages/; a symbolic link or somebody else's directory in their place is
    // RepoErrc::cache_unusable. Removes what a killed run left.
    [[nodiscard]] static Result<RepoDirectory> open(const std::filesystem::path& path);

    [[nodiscard]] std::filesystem::path packages() const { return path_ / "packages"; }
    [[nodiscard]] std::filesystem::path primary() const { return path_ / "gen" / "primary.xml"; }
    [[nodiscard]] std::filesystem::path downloaded(const Repomd& repomd) const;  // the primary as it came; its name is its digest

    // Nothing when there is none or it is not usable: then everything is fetched.
    [[nodiscard]] std::optional<Generation> load() const;

    // Whether primary() is the file that `repomd` means, by size and digest; made anew from the downloaded file when that is intact.
    // False when the network is needed. Errors: of the local system only.
    [[nodiscard]] Result<bool> ensure_primary(const Repomd& repomd, std::stop_token stop) const;
    // From the downloaded file, whose size and digest were checked. Errors: RepoErrc::bad_metadata and of the local system.
    [[nodiscard]] Result<void> decompress_primary(const Repomd& repomd, std::stop_token stop) const;

    // repomd.xml, then refresh.state, then removal of what no generation refers to.
    [[nodiscard]] Result<void> publish(std::string_view repomd_text, const Repomd& repomd, const RefreshState& state) const;
    [[nodiscard]] Result<void> publish_state(const RefreshState& state) const;

    [[nodiscard]] std::optional<std::string> cached_mirrorlist() const;
    [[nodiscard]] Result<void> publish_mirrorlist(std::string_view text) const;

private:
    explicit RepoDirectory(std::filesystem::path path) : path_{std::move(path)} {}
    std::filesystem::path path_;
};

}  // namespace lastack::repo
