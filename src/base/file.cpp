#include "base/file.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace lastack {

namespace {

// Reads nothing and follows nothing: a name that another process put there is not taken for ours.
Result<void> sync_directory(const std::filesystem::path& directory) {
    auto handle = open_file(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
    if (!handle) {
        return std::unexpected(std::move(handle.error()));
    }
    // EINVAL: a file system that has nothing to sync for directories.
    if (fsync(handle->get()) != 0 && errno != EINVAL) {
        return std::unexpected(system_error(errno, "cannot sync " + directory.string()));
    }
    return {};
}

}  // namespace

FileDescriptor::~FileDescriptor() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

Error system_error(int error_number, std::string what) {
    Error error{.code = Errc::io_failed, .phase = Phase::writing, .cause = std::move(what)};
    std::array<char, 256> buffer{};
    error.cause += ": ";
    error.cause += strerror_r(error_number, buffer.data(), buffer.size());
    switch (error_number) {
        case ENOSPC:
        case EDQUOT:
            error.code = Errc::no_space;
            error.next_step = "free some space and run the command again; what was downloaded is kept";
            break;
        case EACCES:
        case EPERM:
        case EROFS:
            error.code = Errc::not_permitted;
            error.next_step = "run it as a user who may write there, or choose another directory";
            break;
        case ENOENT:
            error.code = Errc::not_found;
            break;
        default:
            break;
    }
    return error;
}

Result<FileDescriptor> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
    int fd = -1;
    do {
        fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return std::unexpected(system_error(errno, "cannot open " + path.string()));
    }
    FileDescriptor file{fd};
    if ((flags & O_CREAT) != 0) {
        ::fchmod(fd, mode);  // the mode asked for, whatever the umask; a file system without modes may refuse
    }
    return file;
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit) {
    auto file = open_file(path, O_RDONLY | O_NONBLOCK);
    if (!file) {
        return std::unexpected(std::move(file.error()));
    }
    struct stat info{};
    if (fstat(file->get(), &info) != 0) {
        return std::unexpected(system_error(errno, "cannot read " + path.string()));
    }
    if (!S_ISREG(info.st_mode)) {
        return std::unexpected(Error{.code = Errc::io_failed, .phase = Phase::parsing, .cause = path.string() + " is not a regular file"});
    }
    std::string content;
    std::vector<std::byte> buffer(std::size_t{64} << 10);
    while (true) {
        auto n = read_at(file->get(), buffer, content.size(), path);
        if (!n) {
            return std::unexpected(std::move(n.error()));
        }
        if (*n == 0) {
            return content;
        }
        content.append(reinterpret_cast<const char*>(buffer.data()), *n);
        if (content.size() > limit) {
            return std::unexpected(Error{.code = Errc::io_failed,
                                         .phase = Phase::parsing,
                                         .cause = path.string() + " is larger than " + std::to_string(limit) + " bytes"});
        }
    }
}

Result<std::size_t> read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset, const std::filesystem::path& path) {
    std::size_t got = 0;
    while (got < buffer.size()) {
        const ssize_t n = ::pread(fd, buffer.data() + got, buffer.size() - got, static_cast<off_t>(offset + got));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return std::unexpected(system_error(errno, "cannot read " + path.string()));
        }
        if (n == 0) {
            break;
        }
        got += static_cast<std::size_t>(n);
    }
    return got;
}

Result<void> write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return std::unexpected(system_error(errno, "cannot write"));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

Result<void> publish_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    std::string temporary = path.string() + ".XXXXXX";
    const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (fd < 0) {
        return std::unexpected(system_error(errno, "cannot write " + path.string()));
    }
    const FileDescriptor file{fd};
    auto done = write_at(fd, std::as_bytes(std::span{content}), 0);
    if (!done) {
        done.error().cause = "writing " + path.string() + ": " + done.error().cause;
    }
    if (done && (::fchmod(fd, mode) != 0 || ::fsync(fd) != 0)) {
        done = std::unexpected(system_error(errno, "cannot write " + path.string()));
    }
    if (done) {
        done = rename_file(temporary, path);
    }
    if (!done) {
        ::unlink(temporary.c_str());
    }
    return done;
}

Result<void> rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return std::unexpected(system_error(errno, "cannot give " + to.string() + " its name"));
    }
    return sync_directory(to.parent_path());
}

Result<void> make_directories(const std::filesystem::path& path) {
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    std::error_code ignored;
    if (failure && !std::filesystem::is_directory(path, ignored)) {
        return std::unexpected(system_error(failure.value(), "cannot make the directory " + path.string()));
    }
    return {};
}

}  // namespace lastack
