// CACHEDIR/objects: the files that repomd.xml names, each once under its digest, shared by all repositories. Any thread; blocks on disk.
#pragma once

#include "repo/cache.hpp"
#include "repo/metadata_file.hpp"
#include "repo/repomd.hpp"
#include "repo/shared_cache.hpp"

#include "lastack/result.hpp"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lastack::repo {

class ObjectStore {
public:
    explicit ObjectStore(const Cache& cache) : cache_{cache}, shared_{cache.shared()} {}

    // Makes the directory. Errors: RepoErrc::cache_unusable and of the local system.
    [[nodiscard]] Result<void> open() const;

    // Where the system's cache has it, if that is read at all; its bytes were not looked at.
    [[nodiscard]] std::optional<std::filesystem::path> shared_path_of(const RepomdFile& file) const;
    [[nodiscard]] const SharedCache& shared() const { return shared_; }

    // The name under which the file is or will be kept: its strongest digest.
    [[nodiscard]] std::filesystem::path path_of(const RepomdFile& file) const;

    // Whether it is here with the right size and all digests; read anew each time. Errors: of the local system.
    [[nodiscard]] Result<bool> has(const RepomdFile& file) const { return is_here(path_of(file), file, Look::whole); }

    // By its size alone: for a file of which the content is known from elsewhere.
    enum class Look : unsigned char { size, whole };
    [[nodiscard]] static Result<bool> is_here(const std::filesystem::path& path, const RepomdFile& file, Look look);

    // The right to look for, download and remove these objects: of two repositories that name the same one, the second waits and finds it.
    class Claim {
    public:
        Claim(ObjectStore& store, std::set<std::filesystem::path> paths) : store_{&store}, paths_{std::move(paths)} {}
        ~Claim();
        Claim(Claim&& other) noexcept : store_{std::exchange(other.store_, nullptr)}, paths_{std::move(other.paths_)} {}
        Claim& operator=(Claim&&) = delete;

    private:
        ObjectStore* store_;
        std::set<std::filesystem::path> paths_;
    };
    [[nodiscard]] Claim claim(const std::vector<RepomdFile>& files);

    // Removes what no repository's repomd.xml refers to and nobody claimed in this run: an unfinished download stays for the next one.
    void remove_unreferenced() const;

private:
    const Cache& cache_;
    SharedCache shared_;
    std::mutex mutex_;
    std::condition_variable released_;
    std::set<std::filesystem::path> claimed_;  // at this moment
    std::set<std::string> used_;               // names claimed in this run
};

}  // namespace lastack::repo
