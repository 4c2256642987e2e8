// CACHEDIR/objects: the files that repomd.xml names, each once under its digest, shared by all repositories. Any thread; blocks on disk.
#pragma once

#include "repo/cache.hpp"
#include "repo/metadata_file.hpp"
#include "repo/repomd.hpp"

#include "lastack/result.hpp"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace lastack::repo {

class ObjectStore {
public:
    explicit ObjectStore(const Cache& cache) : cache_{cache} {}

    // Makes the directory. Errors: RepoErrc::cache_unusable and of the local system.
    [[nodiscard]] Result<void> open() const;

    // The name under which the file is or will be kept: its strongest digest.
    [[nodiscard]] std::filesystem::path path_of(const RepomdFile& file) const;

    // Whether it is here with the right size and all digests; read anew each time. Errors: of the local system.
    [[nodiscard]] Result<bool> has(const RepomdFile& file) const;

    // The same by its size alone: for a file of which the content is known from elsewhere.
    [[nodiscard]] Result<bool> has_unread(const RepomdFile& file) const;

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
    std::mutex mutex_;
    std::condition_variable released_;
    std::set<std::filesystem::path> claimed_;  // at this moment
    std::set<std::string> used_;               // names claimed in this run
};

}  // namespace lastack::repo
