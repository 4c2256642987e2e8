// Makes the index of a repository's packages before a refresh publishes them, and finds it made where the metadata is unchanged.
#pragma once

#include "repo/indexer.hpp"

namespace lastack::package {

class SolvIndexer final : public repo::Indexer {
public:
    [[nodiscard]] Result<void> build(const repo::RepoConfig& repo, std::span<const repo::MetadataFile> files,
                                     std::stop_token stop) override;
};

}  // namespace lastack::package
