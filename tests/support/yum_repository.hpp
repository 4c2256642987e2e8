// A yum repository made of built rpms: packages and repodata in a directory that any static server can serve.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lastack::test {

enum class MetadataCompression : unsigned char { gzip, xz, zstd };

struct RepositoryOptions {
    MetadataCompression compression = MetadataCompression::gzip;
    std::string package_directory = "Packages";  // below the repository; "" puts the rpms beside repodata/
    std::string signed_by{};                     // name of a signing_key: writes repodata/repomd.xml.asc
    std::vector<std::string> extra_arguments{};  // for createrepo_c, for example {"--revision", "7"}
};

// Copies the rpms below `directory` (hard links where possible) and writes repodata. Calling it again with other packages replaces the
// repodata; rpms that are already there stay.
void create_repository(const std::filesystem::path& directory, const std::vector<std::filesystem::path>& packages,
                       const RepositoryOptions& options = {});

}  // namespace lastack::test
