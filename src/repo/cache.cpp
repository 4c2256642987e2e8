#include "repo/cache.hpp"

#include "base/text.hpp"
#include "repo/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr mode_t directory_mode = 0755;
constexpr unsigned lock_mode = 0644;
constexpr int lock_attempts = 8;
constexpr auto other_directory = "name a directory of your own with --setopt=cachedir=DIR";

Error unusable(std::string cause, std::string next_step) {
    return {.code = RepoErrc::cache_unusable, .phase = Phase::writing, .cause = std::move(cause), .next_step = std::move(next_step)};
}

// Of the local system's errors only the codes that say more than "unusable" are kept.
Error as_cache_error(Error error) {
    if (error.code == Errc::no_space) {
        return error;
    }
    const bool refused = error.code == Errc::not_permitted;
    return unusable(std::move(error.cause), std::string{refused ? "run it as root, or " : ""} + other_directory);
}

// Each directory we make has our mode whatever the umask; those that exist are left as they are.
Result<void> make_cache_directory(const fs::path& path) {
    fs::path walked;
    for (const fs::path& part : path.lexically_normal()) {
        walked /= part;
        if (::mkdir(walked.c_str(), directory_mode) == 0) {
            ::chmod(walked.c_str(), directory_mode);
        } else if (errno != EEXIST) {
            // A read-only or forbidden parent says so before it says that the directory exists.
            const int failure = errno;
            std::error_code ignored;
            if (!fs::is_directory(walked, ignored)) {
                return std::unexpected(as_cache_error(system_error(failure, "cannot make the cache directory " + walked.string())));
            }
        }
    }
    return {};
}

// What somebody else can write, somebody else can fill with metadata and packages.
Result<void> check_owner(const FileDescriptor& directory, const fs::path& path) {
    struct stat info{};
    if (::fstat(directory.get(), &info) != 0) {
        return std::unexpected(as_cache_error(system_error(errno, "cannot look at " + path.string())));
    }
    const uid_t user = ::geteuid();
    const mode_t too_open = user == 0 ? (S_IWGRP | S_IWOTH) : S_IWOTH;
    if (info.st_uid != user && info.st_uid != 0) {
        return std::unexpected(
            unusable("the cache directory " + path.string() + " belongs to user " + std::to_string(info.st_uid), other_directory));
    }
    if ((info.st_mode & too_open) != 0) {
        return std::unexpected(
            unusable("other users may write to the cache directory " + path.string(),
                     "take the permission away (chmod go-w " + path.string() + ") and clean it with 'lastack clean all'"));
    }
    return {};
}

Error held_by(const fs::path& lock, const fs::path& directory) {
    std::string holder = "another process";
    const auto content = read_file(lock, 64);
    const auto pid = content ? parse_decimal(split(*content, " \n").empty() ? "" : split(*content, " \n").front()) : std::nullopt;
    if (pid) {
        holder = "process " + std::to_string(*pid);
        if (const auto name = read_file("/proc/" + std::to_string(*pid) + "/comm", 64)) {
            holder += " (" + printable(std::string_view{*name}.substr(0, name->find('\n'))) + ")";
        }
    }
    return {.code = RepoErrc::cache_locked,
            .phase = Phase::none,
            .cause = "the cache " + directory.string() + " is in use by " + holder,
            .next_step = "wait until it has finished"};
}

enum class Attempt : unsigned char { locked, replaced };

// The lock counts only while the name leads to the file we locked: another process may have removed it in between.
Result<Attempt> lock_file(const FileDescriptor& file, const fs::path& path, const fs::path& directory) {
    struct flock whole{};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(file.get(), F_OFD_SETLK, &whole) != 0) {
        if (errno == EAGAIN || errno == EACCES) {
            return std::unexpected(held_by(path, directory));
        }
        return std::unexpected(as_cache_error(system_error(errno, "cannot lock " + path.string())));
    }
    struct stat ours{};
    struct stat named{};
    const bool same = ::fstat(file.get(), &ours) == 0 && ::lstat(path.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
                      ours.st_ino == named.st_ino && S_ISREG(ours.st_mode);
    return same ? Attempt::locked : Attempt::replaced;
}

Result<FileDescriptor> take_lock(const fs::path& directory) {
    const fs::path path = directory / "lock";
    for (int i = 0; i < lock_attempts; ++i) {
        auto file = open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, lock_mode);
        if (!file) {
            return std::unexpected(as_cache_error(std::move(file.error())));
        }
        const auto attempt = lock_file(*file, path, directory);
        if (!attempt) {
            return std::unexpected(attempt.error());
        }
        if (*attempt == Attempt::replaced) {
            continue;
        }
        // Only for others' messages: on a full disk the run goes on without it, `clean` above all.
        const std::string pid = std::to_string(::getpid()) + "\n";
        if (::ftruncate(file->get(), 0) == 0) {
            (void)write_at(file->get(), std::as_bytes(std::span{pid}), 0);
        }
        return std::move(*file);
    }
    return std::unexpected(unusable("the lock " + path.string() + " keeps being replaced or is no regular file", "remove it"));
}

}  // namespace

fs::path Cache::object(const Digest& digest) const {
    return directory_ / objects_name / (std::string{to_string(digest.algorithm)} + "-" + digest.hex);
}

Result<Cache> Cache::open(const fs::path& directory, fs::path shared) {
    if (auto made = make_cache_directory(directory); !made) {
        return std::unexpected(std::move(made.error()));
    }
    const auto handle = open_file(directory, O_RDONLY | O_DIRECTORY);
    if (!handle) {
        return std::unexpected(as_cache_error(handle.error()));
    }
    if (auto checked = check_owner(*handle, directory); !checked) {
        return std::unexpected(std::move(checked.error()));
    }
    auto lock = take_lock(directory);
    if (!lock) {
        return std::unexpected(std::move(lock.error()));
    }
    return Cache{directory, std::move(shared), std::move(*lock)};
}

}  // namespace lastack::repo
