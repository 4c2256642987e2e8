#include "repo/shared_cache.hpp"

#include "base/file.hpp"
#include "repo/cache.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

// Files that belong to one generation are small: lists of mirrors are the largest.
constexpr std::uint64_t max_file = std::uint64_t{8} << 20;

// A symbolic link is not what it leads to: who put it there is unknown.
bool is_ours_or_roots(const fs::path& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 && (S_ISDIR(info.st_mode) || S_ISREG(info.st_mode)) &&
           (info.st_uid == 0 || info.st_uid == ::geteuid()) && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

bool SharedCache::is_trusted(const fs::path& below) const {
    if (directory_.empty() || !is_ours_or_roots(directory_)) {
        return false;
    }
    fs::path walked = directory_;
    for (const fs::path& part : below) {
        walked /= part;
        if (!is_ours_or_roots(walked)) {
            return false;
        }
    }
    return true;
}

std::optional<std::string> SharedCache::text(const fs::path& below) const {
    if (!is_trusted(below)) {
        return std::nullopt;
    }
    auto content = read_file(directory_ / below, max_file);
    return content ? std::optional{std::move(*content)} : std::nullopt;
}

std::optional<SharedCache::Copy> SharedCache::load(std::string_view repo_id) const {
    const fs::path place{repo_id};
    for (const char* name : {RepoDirectory::repomd_name, RepoDirectory::state_name}) {
        if (!is_trusted(place / name)) {
            return std::nullopt;
        }
    }
    auto generation = load_generation(directory_ / place);
    if (!generation || !generation->state) {
        return std::nullopt;
    }
    return Copy{.generation = std::move(*generation),
                .signature = text(place / RepoDirectory::signature_name).value_or(""),
                .mirrorlist = text(place / RepoDirectory::name_of(RepoDirectory::List::mirrorlist)),
                .metalink = text(place / RepoDirectory::name_of(RepoDirectory::List::metalink))};
}

std::optional<fs::path> SharedCache::object(const fs::path& name) const {
    const fs::path below = fs::path{Cache::objects_name} / name;
    return is_trusted(below) ? std::optional{directory_ / below} : std::nullopt;
}

}  // namespace lastack::repo
