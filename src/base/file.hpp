// Files as the cache needs them: descriptors that close themselves, whole reads with a limit, and publishing by rename so that a name holds
// the old content or the new one, never half. All of it blocks on disk: never on the reactor.
#pragma once

#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lastack {

class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
    ~FileDescriptor();
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_ = -1;
};

// errno (or a value of it) as an Error with phase writing: ENOSPC/EDQUOT → no_space, EACCES/EPERM/EROFS → not_permitted, ENOENT →
// not_found.
[[nodiscard]] Error system_error(int error_number, std::string what);

// Opens with O_CLOEXEC. `flags` as for open(2); `mode` applies whatever the umask.
[[nodiscard]] Result<FileDescriptor> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0644);

// Errors: Errc::not_found when absent; Errc::io_failed when larger than `limit`.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit = 64u << 20);

// Fills `buffer` from `offset` on unless the file ends before; EINTR and short reads are retried. `path` is for the error's words.
[[nodiscard]] Result<std::size_t> read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset, const std::filesystem::path& path);

// Writes all bytes at `offset`; short writes and EINTR are retried.
[[nodiscard]] Result<void> write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset);

// Writes `content` to a temporary name in the same directory, fsyncs it, renames it over `path`, fsyncs the directory.
[[nodiscard]] Result<void> publish_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

// rename(2) then fsync of the directory.
[[nodiscard]] Result<void> rename_file(const std::filesystem::path& from, const std::filesystem::path& to);

// mkdir -p; existing directories are fine.
[[nodiscard]] Result<void> make_directories(const std::filesystem::path& path);

}  // namespace lastack
