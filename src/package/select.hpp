// What a spec of the command line means in the pool.
#pragma once

#include "package/solv/package_pool.hpp"

#include <string>
#include <vector>

namespace lastack::package {

enum class MatchedBy : unsigned char {
    nothing,
    name,        // one of the forms of nevra_match.hpp
    capability,  // something the packages provide, or a file they own
};

struct Selection {
    MatchedBy by = MatchedBy::nothing;
    std::vector<Id> installed;
    std::vector<Id> available;
};

// Names win: what a package provides is only looked at when no package is named like that. The pool must be prepared.
[[nodiscard]] Selection select(const solv::PackagePool& pool, const std::string& spec);

}  // namespace lastack::package
