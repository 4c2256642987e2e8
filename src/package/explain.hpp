// Why there is no solution, in libsolv's words.
#pragma once

#include "package/solv/libsolv.hpp"

#include <string>
#include <vector>

namespace lastack::package {

// One element per problem of a solver that failed: what is wrong first, then what follows from it, separated by "; ".
[[nodiscard]] std::vector<std::string> explain(::Solver* solver);

}  // namespace lastack::package
