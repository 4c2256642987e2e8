// A value or the Error that took its place. The alias is the only spot that knows which library provides it.
#pragma once

#include "lastack/error.hpp"

#include <expected>

namespace lastack {

template <typename T>
using Result = std::expected<T, Error>;

}  // namespace lastack
