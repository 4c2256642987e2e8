#include "package/solv_indexer.hpp"

#include "package/error.hpp"
#include "package/solv/index_file.hpp"
#include "repo/error.hpp"
#include "repo/metadata_check.hpp"

namespace lastack::package {

bool SolvIndexer::has(const repo::MetadataFile& file) const {
    return file.file.type == "primary" && (check_ == IndexCheck::whole ? solv::has_whole_index(file) : solv::has_index(file));
}

Result<void> SolvIndexer::build(const repo::RepoConfig&, std::span<const repo::MetadataFile> files, std::stop_token stop) {
    for (const repo::MetadataFile& file : files) {
        if (file.file.type != "primary") {
            if (auto checked = repo::check_metadata(file, stop); !checked) {
                return checked;
            }
            continue;
        }
        if (has(file)) {
            continue;
        }
        auto made = solv::make_index(file, stop);
        if (!made) {
            Error error = std::move(made.error());
            if (error.code == PackageErrc::bad_metadata) {
                error.code = repo::RepoErrc::bad_metadata;
            }
            return std::unexpected{std::move(error)};
        }
    }
    return {};
}

}  // namespace lastack::package
