// What the pace of servers means for the choice of a mirror and for the budget of attempts.
#pragma once

#include "http/pace_gate.hpp"

#include "lastack/error.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace lastack::download {

// Rejections of one file by servers that serve others and only want less at a time: so many do not use up its attempts. 429 is about
// our pace by definition; 503 may be about this file alone.
[[nodiscard]] constexpr unsigned most_free_rejections(int status) { return status == 429 ? 20 : 2; }

// The mirror to ask instead of `mirror`: itself unless its server wants no requests for a while and another is ready sooner.
[[nodiscard]] std::size_t ready_mirror(const http::PaceGate& pace, const std::vector<std::string>& urls,
                                       const std::vector<bool>& struck_out, std::size_t mirror);

// Whether `error` is a rejection (429, 503) by a server that serves others of our requests at this time. `asked` is the URL asked for.
[[nodiscard]] bool is_only_limited(const http::PaceGate& pace, const Error& error, const std::string& asked);

}  // namespace lastack::download
