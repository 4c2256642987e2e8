// What will happen and what has happened, as yum 3.4 prints it. Pure: values in, text out; everything that came from metadata is made safe
// to show.
#pragma once

#include "package/solution.hpp"

#include <cstdint>
#include <string>

namespace lastack::cli {

// Bytes of the packages to come, as the metadata names them; never wraps.
[[nodiscard]] std::uint64_t download_size(const package::Solution& solution);

// The table, the summary and the sizes, with a newline at the end; for a solution with steps. `width` is the terminal's; `cached_bytes` are
// those of the packages to come that need not be downloaded.
[[nodiscard]] std::string transaction_table(const package::Solution& solution, unsigned width = 80, std::uint64_t cached_bytes = 0);

// "Installed:", "Dependency Installed:", "Updated:", ... with what was done, an empty line between them.
[[nodiscard]] std::string transaction_result(const package::Solution& solution, unsigned width = 80);

}  // namespace lastack::cli
