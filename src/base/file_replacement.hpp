// New content for a file that people look after: beside it until it is whole, then under its name, with the old one's mode, owner, access
// list and label. The name holds the old content or the new one, never half. Blocks on disk.
#pragma once

#include "base/file.hpp"

#include "lastack/result.hpp"

#include <filesystem>
#include <string_view>
#include <utility>

namespace lastack {

class FileReplacement {
public:
    // Takes hold of `path`, which need not exist; it is no symbolic link. Errors: Errc::locked while another process holds it,
    // Errc::not_permitted also for a file that its owner made read-only, Errc::io_failed for what is no regular file.
    [[nodiscard]] static Result<FileReplacement> of(const std::filesystem::path& path);

    FileReplacement(FileReplacement&& other) noexcept = default;
    FileReplacement& operator=(FileReplacement&& other) = delete;
    ~FileReplacement();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    // Where the new content is before commit().
    [[nodiscard]] const std::filesystem::path& staged() const { return staged_; }

    // Written and synced. A file that did not exist gets the mode 0644.
    [[nodiscard]] Result<void> stage(std::string_view content);
    [[nodiscard]] Result<void> commit();

private:
    explicit FileReplacement(std::filesystem::path path);
    [[nodiscard]] Result<void> hold();
    [[nodiscard]] Result<void> open_old();
    [[nodiscard]] Result<void> take_over_attributes();

    std::filesystem::path path_;
    std::filesystem::path staged_;
    FileDescriptor old_;   // not valid: there is none
    FileDescriptor file_;  // locked
};

}  // namespace lastack
