// Turns a request into the solver's jobs, in yum's sense of each verb, and says what there is nothing to do for.
#pragma once

#include "package/request.hpp"
#include "package/solv/package_pool.hpp"
#include "package/solv/queue.hpp"

#include <set>
#include <string>
#include <vector>

namespace lastack::package {

struct Jobs {
    solv::IdQueue queue;
    std::set<Id> named;       // packages the user's specs mean, to come or to go
    bool everything = false;  // an update of all that is installed
    std::vector<std::string> notices;
    unsigned unmatched = 0;
};

// The pool must be prepared: with Scope::installed_only for Verb::remove, else with Scope::everything.
void make_jobs(const solv::PackagePool& pool, const Request& request, Jobs& jobs);

}  // namespace lastack::package
