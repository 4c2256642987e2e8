// The cache directory: its layout, its lock, what a kill may leave in it. Layout (docs/design/cache.md): CACHEDIR/<repoid>/ with
// repomd.xml, refresh.state, <digest>-primary.xml.*, gen/primary.xml and packages/.
#pragma once

#include "base/file.hpp"

#include "lastack/digest.hpp"
#include "lastack/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace lastack::repo {

class Cache {
public:
    // Makes the directory when absent, checks that it is ours alone to write, takes the lock (an open-file-description lock on
    // CACHEDIR/lock that ends with the process). Errors: RepoErrc::cache_unusable, RepoErrc::cache_locked (with the holder's pid).
    // `shared` is read beside it (repo/shared_cache); empty: nothing is.
    [[nodiscard]] static Result<Cache> open(const std::filesystem::path& directory, std::filesystem::path shared = {});

    [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }
    [[nodiscard]] const std::filesystem::path& shared() const noexcept { return shared_; }
    [[nodiscard]] std::filesystem::path repo_directory(std::string_view repo_id) const { return directory_ / repo_id; }
    // What downloads learnt of mirrors (ClientOptions::mirror_history); no repository's id begins with a dot.
    [[nodiscard]] std::filesystem::path mirror_history() const { return directory_ / ".mirrors"; }
    static constexpr std::string_view objects_name = "objects";  // no repository has this id: is_repo_id
    // Where the file with this digest is kept once for all repositories: CACHEDIR/objects/ALGORITHM-HEX. What is made from it (its index)
    // has the same name with an extension.
    [[nodiscard]] std::filesystem::path object(const Digest& digest) const;

    enum class Clean : unsigned char {
        packages,
        metadata,  // with the indexes made of it
        index,     // what can be made again from the metadata
        expire,    // what says that the metadata is current
        all,
    };
    // Removes what `clean` names of every repository; never follows a symlink. Returns the number of files removed.
    [[nodiscard]] Result<std::size_t> clean(Clean what);

private:
    Cache(std::filesystem::path directory, std::filesystem::path shared, FileDescriptor lock)
        : directory_{std::move(directory)}, shared_{std::move(shared)}, lock_{std::move(lock)} {}
    std::filesystem::path directory_;
    std::filesystem::path shared_;
    FileDescriptor lock_;
};

}  // namespace lastack::repo
