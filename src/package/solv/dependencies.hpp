// A package's dependencies out of libsolv's pool, as text.
#pragma once

#include "package/dependencies.hpp"
#include "package/solv/libsolv.hpp"

namespace lastack::package::solv {

// As the metadata has them: without the markers and the file names that libsolv keeps among them.
[[nodiscard]] Dependencies dependencies_of(::Pool* pool, Solvable* solvable);

}  // namespace lastack::package::solv
