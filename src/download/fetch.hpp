// A small document to memory, conditional when a copy is at hand.
#pragma once

#include "download/attempts.hpp"
#include "download/need.hpp"
#include "download/throttle.hpp"
#include "net/workers.hpp"

#include "lastack/client.hpp"

#include <optional>

namespace lastack::download {

[[nodiscard]] net::Task<Result<FetchResult>> run_fetch(Transport transport, net::Workers& disk, Throttle& throttle, FetchRequest request,
                                                       std::optional<Need> need);

}  // namespace lastack::download
