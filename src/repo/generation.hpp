// One repository's directory in the cache: the generation it holds, and how the next one takes its place. The files that repomd.xml names
// lie elsewhere, shared by all repositories (object_store). Blocks on disk.
#pragma once

#include "repo/refresh_state.hpp"
#include "repo/repomd.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

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
    static constexpr auto repomd_name = "repomd.xml";
    static constexpr auto signature_name = "repomd.xml.asc";
    static constexpr auto state_name = "refresh.state";

    // Makes the directory with packages/; a symbolic link or somebody else's directory in their place is RepoErrc::cache_unusable. Removes
    // what a killed run left, and what versions before the shared objects kept here.
    [[nodiscard]] static Result<RepoDirectory> open(const std::filesystem::path& path);

    [[nodiscard]] std::filesystem::path packages() const { return path_ / "packages"; }

    // Nothing when there is none or it is not usable: then everything is fetched.
    [[nodiscard]] std::optional<Generation> load() const;

    // The signature (none: an old one is removed), then repomd.xml, then refresh.state.
    [[nodiscard]] Result<void> publish(std::string_view repomd_text, std::string_view signature, const RefreshState& state) const;
    [[nodiscard]] Result<void> publish_state(const RefreshState& state) const;

    // Where mirrors were named last: the mirror list or the metalink, as it came.
    enum class List : std::uint8_t { mirrorlist, metalink };
    [[nodiscard]] static const char* name_of(List list);
    [[nodiscard]] std::optional<std::string> cached_list(List list) const;
    [[nodiscard]] Result<void> publish_list(List list, std::string_view text) const;

private:
    explicit RepoDirectory(std::filesystem::path path) : path_{std::move(path)} {}
    std::filesystem::path path_;
};

// The generation in a repository's directory, whoever it belongs to. Nothing when there is none or it is not usable.
[[nodiscard]] std::optional<Generation> load_generation(const std::filesystem::path& directory);

// The repomd.xml of a repository's directory. Nothing when it is not there or cannot be read.
[[nodiscard]] std::optional<Repomd> load_repomd(const std::filesystem::path& directory);

}  // namespace lastack::repo
