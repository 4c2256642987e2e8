// Whether a request makes sense, before anything is done for it. Pure. Errors: Errc::invalid_argument.
#pragma once

#include "download/option_layers.hpp"

#include "lastack/request.hpp"
#include "lastack/result.hpp"

namespace lastack::download {

[[nodiscard]] Result<void> check_request(const DownloadRequest& request, const OptionLayers& layers = {});
[[nodiscard]] Result<void> check_request(const FetchRequest& request, const OptionLayers& layers = {});

}  // namespace lastack::download
