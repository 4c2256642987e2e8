// Whether a request makes sense, before anything is done for it. Pure. Errors: Errc::invalid_argument.
#pragma once

#include "lastack/request.hpp"
#include "lastack/result.hpp"

namespace lastack::download {

[[nodiscard]] Result<void> check_request(const DownloadRequest& request);
[[nodiscard]] Result<void> check_request(const FetchRequest& request);

}  // namespace lastack::download
