// A metadata file that is here: as it was downloaded (compressed or not), its size and all digests of repomd.xml verified.
#pragma once

#include "repo/repomd.hpp"

#include <filesystem>

namespace lastack::repo {

struct MetadataFile {
    RepomdFile file;  // what repomd.xml says of it: the type ("primary"), the size and digests when open
    std::filesystem::path path;
};

}  // namespace lastack::repo
