// From a solution to the list of files to download: where each may come from, what it must be, where it goes. Pure: no disk, no network.
// What the metadata says about locations is not trusted: an href stays below its repository, an xml:base is http or https, a name cannot
// leave the cache, and a package without a usable digest is not fetched at all.
#pragma once

#include "package/solution.hpp"
#include "repo/refresh.hpp"

#include "lastack/client.hpp"
#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::package {

// Larger than any rpm; what is accepted when the metadata names no size, and the most that it may name.
inline constexpr std::uint64_t largest_package = std::uint64_t{64} << 30;

struct FetchPlan {
    std::vector<DownloadRequest> requests;
    std::vector<std::size_t> step_of_request;  // the index in Solution::steps of the package of each request
    std::uint64_t bytes = 0;                   // sum of the sizes the metadata names
};

// One request per step that brings a package. `user_agent` as in RequestOptions. Errors: PackageErrc::bad_location, no_digest, bad_metadata
// (an impossible size); Errc::invalid_argument when a step's repository is not among `repos`. `cause` names package, repository and href.
[[nodiscard]] Result<FetchPlan> plan_fetch(const Solution& solution, const std::vector<repo::ReadyRepo>& repos,
                                           std::string_view user_agent = {});

}  // namespace lastack::package
