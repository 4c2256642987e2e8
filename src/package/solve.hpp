// Runs libsolv over a request and turns what it decided into plain values.
#pragma once

#include "package/request.hpp"
#include "package/solution.hpp"
#include "package/solv/package_pool.hpp"

#include "lastack/result.hpp"

namespace lastack::package {

// Errors: PackageErrc::solver_failed.
[[nodiscard]] Result<Outcome> solve(solv::PackagePool& pool, const Request& request);

}  // namespace lastack::package
