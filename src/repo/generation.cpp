#include "repo/generation.hpp"

#include "base/digest_stream.hpp"
#include "base/file.hpp"
#include "download/mirror_list.hpp"
#include "repo/decompress.hpp"
#include "repo/error.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr auto repomd_name = "repomd.xml";
constexpr auto state_name = "refresh.state";
constexpr auto mirrorlist_name = "mirrorlist.txt";
constexpr std::uint64_t max_state_size = std::uint64_t{64} << 10;
constexpr mode_t directory_mode = 0755;

Result<void> make_own_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), directory_mode) == 0) {
        ::chmod(path.c_str(), directory_mode);
    } else if (errno != EEXIST) {
        return std::unexpected(system_error(errno, "cannot make the directory " + path.string()));
    }
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) {
        return std::unexpected(system_error(errno, "cannot look at " + path.string()));
    }
    const uid_t user = ::geteuid();
    const mode_t too_open = user == 0 ? (S_IWGRP | S_IWOTH) : S_IWOTH;
    if (!S_ISDIR(info.st_mode) || info.st_uid != user || (info.st_mode & too_open) != 0) {
        return std::unexpected(Error{.code = RepoErrc::cache_unusable,
                                     .phase = Phase::writing,
                                     .cause = path.string() + " is not a directory that only you may write to",
                                     .next_step = "remove it and run the command again"});
    }
    return {};
}

// BASE.XXXXXX as mkostemp makes it.
bool is_temporary_of(std::string_view name, std::string_view base) {
    constexpr std::size_t random_length = 6;
    if (name.size() != base.size() + 1 + random_length || !name.starts_with(base) || name[base.size()] != '.') {
        return false;
    }
    return std::ranges::all_of(name.substr(base.size() + 1),
                               [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

template <typename Predicate>
void remove_files(const fs::path& directory, Predicate unwanted) {
    std::error_code failure;
    std::vector<fs::path> found;
    for (fs::directory_iterator it{directory, failure}, end; !failure && it != end; it.increment(failure)) {
        if (unwanted(it->path().filename().string())) {
            found.push_back(it->path());
        }
    }
    for (const fs::path& path : found) {
        ::unlink(path.c_str());
    }
}

// "<hex digest>-name": the names that downloads have here.
bool is_digest_name(std::string_view name) {
    constexpr std::size_t shortest_digest = 32;
    const auto dash = name.find('-');
    return dash != std::string_view::npos && dash >= shortest_digest &&
           name.substr(0, dash).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

const Digest& strongest(const std::vector<Digest>& digests) { return *std::ranges::max_element(digests, {}, &Digest::algorithm); }

std::string_view extension_of(std::string_view href) {
    for (const std::string_view extension : {".gz", ".zst", ".xz"}) {
        if (href.ends_with(extension)) {
            return extension;
        }
    }
    return {};
}

// A file that is not there does not match; any other failure is one.
Result<bool> matches(const fs::path& path, std::optional<std::uint64_t> size, const std::vector<Digest>& digests) {
    auto same = file_matches(path, size, digests);
    std::error_code ignored;
    const bool odd = !same && (same.error().code == Errc::not_found || fs::is_symlink(fs::symlink_status(path, ignored)));
    return odd ? Result<bool>{false} : same;
}

}  // namespace

Result<RepoDirectory> RepoDirectory::open(const fs::path& path) {
    for (const fs::path& directory : {path, path / "gen", path / "packages"}) {
        if (auto made = make_own_directory(directory); !made) {
            return std::unexpected(std::move(made.error()));
        }
    }
    remove_files(path, [](std::string_view name) {
        return is_temporary_of(name, repomd_name) || is_temporary_of(name, state_name) || is_temporary_of(name, mirrorlist_name);
    });
    remove_files(path / "gen", [](std::string_view name) { return is_temporary_of(name, "primary.xml"); });
    return RepoDirectory{path};
}

fs::path RepoDirectory::downloaded(const Repomd& repomd) const {
    const RepomdFile& file = repomd.primary();
    return path_ / (strongest(file.digests).hex + "-primary.xml" + std::string{extension_of(file.href)});
}

std::optional<Generation> RepoDirectory::load() const {
    auto text = read_file(path_ / repomd_name, max_repomd_size);
    if (!text) {
        return std::nullopt;
    }
    auto repomd = parse_repomd(*text, (path_ / repomd_name).string());
    if (!repomd) {
        return std::nullopt;
    }
    Generation generation{.text = std::move(*text), .sha256 = {}, .repomd = std::move(*repomd), .state = {}};
    generation.sha256 = digest_of(DigestAlgorithm::sha256, generation.text).hex;
    if (const auto state_text = read_file(path_ / state_name, max_state_size)) {
        generation.state = parse_refresh_state(*state_text);
        if (generation.state && generation.state->repomd_sha256 != generation.sha256) {
            generation.state.reset();
        }
    }
    return generation;
}

Result<bool> RepoDirectory::ensure_primary(const Repomd& repomd, std::stop_token stop) const {
    const RepomdFile& file = repomd.primary();
    if (!file.open_digests.empty()) {
        auto same = matches(primary(), file.open_size, file.open_digests);
        if (!same || *same) {
            return same;
        }
    }
    auto intact = matches(downloaded(repomd), file.size, file.digests);
    if (!intact || !*intact) {
        return intact;
    }
    auto made = decompress_primary(repomd, std::move(stop));
    if (!made && made.error().code != RepoErrc::bad_metadata) {
        return std::unexpected(std::move(made.error()));
    }
    return made.has_value();
}

Result<void> RepoDirectory::decompress_primary(const Repomd& repomd, std::stop_token stop) const {
    const RepomdFile& file = repomd.primary();
    return decompress_xml({.from = downloaded(repomd),
                           .to = primary(),
                           .open_size = file.open_size,
                           .open_digests = file.open_digests,
                           .size_limit = max_open_metadata_size},
                          std::move(stop));
}

Result<void> RepoDirectory::publish(std::string_view repomd_text, const Repomd& repomd, const RefreshState& state) const {
    if (auto done = publish_file(path_ / repomd_name, repomd_text); !done) {
        return done;
    }
    if (auto done = publish_state(state); !done) {
        return done;
    }
    const std::string kept = downloaded(repomd).filename().string();
    remove_files(path_, [&](std::string_view name) { return is_digest_name(name) && name != kept; });
    return {};
}

Result<void> RepoDirectory::publish_state(const RefreshState& state) const { return publish_file(path_ / state_name, to_text(state)); }

std::optional<std::string> RepoDirectory::cached_mirrorlist() const {
    auto text = read_file(path_ / mirrorlist_name, download::max_mirror_list_size);
    return text ? std::optional{std::move(*text)} : std::nullopt;
}

Result<void> RepoDirectory::publish_mirrorlist(std::string_view text) const {
    if (cached_mirrorlist() == text) {
        return {};
    }
    return publish_file(path_ / mirrorlist_name, text);
}

}  // namespace lastack::repo
