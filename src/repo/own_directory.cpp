#include "repo/own_directory.hpp"

#include "base/file.hpp"
#include "repo/error.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace lastack::repo {

namespace fs = std::filesystem;

Result<void> make_own_directory(const fs::path& path) {
    constexpr mode_t directory_mode = 0755;
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

bool is_temporary_of(std::string_view name, std::string_view base) {
    constexpr std::size_t random_length = 6;
    if (name.size() != base.size() + 1 + random_length || !name.starts_with(base) || name[base.size()] != '.') {
        return false;
    }
    return std::ranges::all_of(name.substr(base.size() + 1),
                               [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

void remove_files(const fs::path& directory, const std::function<bool(std::string_view name)>& unwanted) {
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

}  // namespace lastack::repo
