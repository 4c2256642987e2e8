// Makes the index of a repository's packages before a refresh publishes them, and finds it made where the metadata is unchanged.
#pragma once

#include "repo/indexer.hpp"

#include <cstdint>

namespace lastack::package {

// How closely an index that is there is looked at before it is taken for one: at what it says of itself, or at all of it.
enum class IndexCheck : std::uint8_t { header, whole };

class SolvIndexer final : public repo::Indexer {
public:
    explicit SolvIndexer(IndexCheck check = IndexCheck::header) : check_{check} {}

    [[nodiscard]] bool has(const repo::MetadataFile& file) const override;
    [[nodiscard]] Result<void> build(const repo::RepoConfig& repo, std::span<const repo::MetadataFile> files,
                                     std::stop_token stop) override;

private:
    IndexCheck check_;
};

}  // namespace lastack::package
