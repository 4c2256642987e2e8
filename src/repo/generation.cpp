#include "repo/generation.hpp"

#include "base/digest_stream.hpp"
#include "base/file.hpp"
#include "download/metalink.hpp"
#include "repo/own_directory.hpp"

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t max_state_size = std::uint64_t{64} << 10;

// "<hex digest>-primary.xml": the names that downloads had here before the shared objects.
bool is_old_download(std::string_view name) {
    constexpr std::size_t shortest_digest = 32;
    const auto dash = name.find('-');
    return dash != std::string_view::npos && dash >= shortest_digest &&
           name.substr(0, dash).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_left_over(std::string_view name) {
    for (const std::string_view base :
         {RepoDirectory::repomd_name, RepoDirectory::signature_name, RepoDirectory::state_name,
          RepoDirectory::name_of(RepoDirectory::List::mirrorlist), RepoDirectory::name_of(RepoDirectory::List::metalink)}) {
        if (is_temporary_of(name, base)) {
            return true;
        }
    }
    return is_old_download(name);
}

void remove_old_layout(const fs::path& path) {
    const fs::path generation = path / "gen";
    std::error_code ignored;
    if (fs::is_directory(fs::symlink_status(generation, ignored))) {
        remove_files(generation, [](std::string_view) { return true; });
        ::rmdir(generation.c_str());
    }
}

}  // namespace

Result<RepoDirectory> RepoDirectory::open(const fs::path& path) {
    for (const fs::path& directory : {path, path / "packages"}) {
        if (auto made = make_own_directory(directory); !made) {
            return std::unexpected(std::move(made.error()));
        }
    }
    remove_files(path, is_left_over);
    remove_old_layout(path);
    return RepoDirectory{path};
}

const char* RepoDirectory::name_of(List list) { return list == List::metalink ? "metalink.xml" : "mirrorlist.txt"; }

std::optional<Generation> RepoDirectory::load() const { return load_generation(path_); }

std::optional<Generation> load_generation(const fs::path& directory) {
    auto text = read_file(directory / RepoDirectory::repomd_name, max_repomd_size);
    if (!text) {
        return std::nullopt;
    }
    auto repomd = parse_repomd(*text, (directory / RepoDirectory::repomd_name).string(), WeakDigests::allowed);
    if (!repomd) {
        return std::nullopt;
    }
    Generation generation{.text = std::move(*text), .sha256 = {}, .repomd = std::move(*repomd), .state = {}};
    generation.sha256 = digest_of(DigestAlgorithm::sha256, generation.text).hex;
    if (const auto state_text = read_file(directory / RepoDirectory::state_name, max_state_size)) {
        generation.state = parse_refresh_state(*state_text);
        if (generation.state && generation.state->repomd_sha256 != generation.sha256) {
            generation.state.reset();
        }
    }
    return generation;
}

Result<void> RepoDirectory::publish(std::string_view repomd_text, std::string_view signature, const RefreshState& state) const {
    if (signature.empty()) {
        ::unlink((path_ / signature_name).c_str());
    } else if (auto done = publish_file(path_ / signature_name, signature); !done) {
        return done;
    }
    if (auto done = publish_file(path_ / repomd_name, repomd_text); !done) {
        return done;
    }
    return publish_state(state);
}

Result<void> RepoDirectory::publish_state(const RefreshState& state) const { return publish_file(path_ / state_name, to_text(state)); }

std::optional<std::string> RepoDirectory::cached_list(List list) const {
    auto text = read_file(path_ / name_of(list), download::max_metalink_size);
    return text ? std::optional{std::move(*text)} : std::nullopt;
}

Result<void> RepoDirectory::publish_list(List list, std::string_view text) const {
    if (cached_list(list) == text) {
        return {};
    }
    return publish_file(path_ / name_of(list), text);
}

std::optional<Repomd> load_repomd(const fs::path& directory) {
    const fs::path path = directory / RepoDirectory::repomd_name;
    const auto text = read_file(path, max_repomd_size);
    auto repomd = text ? parse_repomd(*text, path.string(), WeakDigests::allowed) : Result<Repomd>{std::unexpected(Error{})};
    return repomd ? std::optional{std::move(*repomd)} : std::nullopt;
}

}  // namespace lastack::repo
