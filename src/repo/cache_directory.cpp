#include "repo/cache_directory.hpp"

#include "repo/error.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <unistd.h>

namespace lastack::repo {

namespace {

struct DirectoryDeleter {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

}  // namespace

Error cannot_clean(int error_number, const std::string& what) {
    Error error = system_error(error_number, "cannot clean the cache: " + what);
    error.code = RepoErrc::cache_unusable;
    return error;
}

Result<std::vector<std::string>> names_in(int directory) {
    const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, DirectoryDeleter> stream{copy < 0 ? nullptr : ::fdopendir(copy)};
    if (!stream) {
        const int failure = errno;
        if (copy >= 0) {
            ::close(copy);
        }
        return std::unexpected(cannot_clean(failure, "a directory cannot be read"));
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    }
    return names;
}

Result<FileDescriptor> open_directory_at(int parent, const std::string& name) {
    const int fd = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOTDIR && errno != ELOOP && errno != ENOENT) {
        return std::unexpected(cannot_clean(errno, name + " cannot be opened"));
    }
    return FileDescriptor{fd};
}

}  // namespace lastack::repo
