// A new zchunk file made of an older one and of what a server has in place of the rest: its header, then the chunks that differ, by
// requests for several ranges each.
#pragma once

#include "repo/metadata_file.hpp"

#include "lastack/client.hpp"
#include "lastack/request.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace lastack::repo {

struct ZchunkJob {
    std::vector<std::string> urls;   // of the new file, one for each mirror, best first
    RepomdFile file;                 // what repomd.xml says of it; size, header_size and header_digests must be there
    std::filesystem::path old_file;  // an earlier one of its kind
    std::filesystem::path to;        // in an existing directory; TO.XXXXXX is used beside it
    RequestOptions options;
};

struct ZchunkSaving {
    std::uint64_t fetched = 0;  // bytes of the file that crossed the network
    std::uint64_t copied = 0;   // and that did not
};

// Blocks. When it succeeds, `to` has the size and all digests of `file`, and every chunk that of the header; else there is nothing new, and
// the caller downloads the file as a whole: after RepoErrc::bad_metadata (something is not as announced, also in the old file; or little
// would be saved), HttpErrc::bad_range (the server knows no ranges) and whatever else the network or the disk has to say.
[[nodiscard]] Result<ZchunkSaving> assemble_zchunk(Client& client, const ZchunkJob& job, std::stop_token stop = {});

}  // namespace lastack::repo
