// What the solver decided, a line per package in yum's words. Pure.
#pragma once

#include "package/solution.hpp"

#include <string>

namespace lastack::cli {

// "---> Package foo.noarch 0:1-1 will be updated" and so on, in the order of the steps.
[[nodiscard]] std::string resolution_text(const package::Solution& solution);

}  // namespace lastack::cli
