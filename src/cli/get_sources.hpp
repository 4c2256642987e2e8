// The documents that name files for `lastack get`: lists (-i), metalinks and manifests.
#pragma once

#include "cli/get_plan.hpp"
#include "cli/session.hpp"

#include <vector>

namespace lastack::cli {

// The files of all documents of the command line: of lists, then metalinks, then manifests. Metalinks with a URL are fetched with
// `options`, but whole. Errors: those of reading and fetching; Errc::invalid_argument and DownloadErrc::bad_list for what a document says:
// a bad line spoils it, because nobody knows what it meant; Errc::cancelled.
[[nodiscard]] Result<std::vector<WantedFile>> read_sources(Session& session, const RequestOptions& options);

}  // namespace lastack::cli
