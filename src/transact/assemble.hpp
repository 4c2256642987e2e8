// Builds a transaction set out of a Setup.
#pragma once

#include "transact/channel/message.hpp"
#include "transact/rpm_handles.hpp"

#include <expected>
#include <string>

namespace lastack::transact {

struct Assembled {
    TransactionSet set;
    rpmprobFilterFlags filter = 0;
};

// Every element added, the level of verification set: digests always, signatures too when every package must be signed. The key of an
// installed element is its Incoming (so `setup` must outlive the set). A package of `incoming` whose very version is also in `remove` is
// reinstalled.
[[nodiscard]] std::expected<Assembled, Failed> assemble(const Setup& setup);

// The number of the package in setup.incoming from an element's key.
[[nodiscard]] std::size_t index_of(const Setup& setup, const void* key);

// librpm's problems in its own words, one per line; empty when there are none.
[[nodiscard]] std::string problem_lines(rpmts set);

// rpm's dependency check, then its order. Failure::check with the problems.
[[nodiscard]] std::expected<void, Failed> check_and_order(rpmts set);

}  // namespace lastack::transact
