// What the cache holds and for whom: for `lastack cache`. Reads directories and repomd.xml files; changes nothing.
#pragma once

#include "repo/cache.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lastack::repo {

struct CacheReport {
    struct Amount {
        std::uint64_t files = 0;
        std::uint64_t bytes = 0;

        friend bool operator==(const Amount&, const Amount&) = default;
    };
    struct Repository {
        std::string id;
        std::optional<std::int64_t> checked_at;  // seconds since 1970; unset: nobody knows
        std::string revision;                    // empty: no usable repomd.xml
        Amount packages;
        Amount metadata;  // its own files and the objects that its repomd.xml names, which it may share with others

        friend bool operator==(const Repository&, const Repository&) = default;
    };
    std::vector<Repository> repositories;  // sorted by id
    Amount objects;                        // metadata files, each once
    Amount shared;                         // of them named by more than one repository
    Amount indexes;
    Amount unfinished;    // downloads that can be resumed
    Amount unreferenced;  // objects and indexes that no repository names: gone with the next refresh
    Amount total;         // everything in the directory
};

// Errors: of the local system.
[[nodiscard]] Result<CacheReport> report_cache(const Cache& cache);

}  // namespace lastack::repo
