// A request from metadata to the changed root: the story of update, install and remove, from top to bottom.
#pragma once

#include "cli/session.hpp"
#include "package/request.hpp"

namespace lastack::cli {

// Returns the exit status.
[[nodiscard]] int apply_request(Session& session, const package::Request& request);

}  // namespace lastack::cli
