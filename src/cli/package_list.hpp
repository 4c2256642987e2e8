// The rows of `list` and `check-update`. Pure; names from metadata are made safe to show.
#pragma once

#include "package/solution.hpp"

#include <string>
#include <vector>

namespace lastack::cli {

struct PackageSection {
    std::string heading;  // "Installed Packages"; empty (check-update): an empty line instead
    std::vector<package::Package> packages;
    std::string key{};  // in JSON
};

// Sections without packages are left out; the columns are the same in all of them.
[[nodiscard]] std::string package_list(const std::vector<PackageSection>& sections, unsigned width = 80);

// One document: {"installed": [...], "available": [...], "updates": [...]}, of the sections that were asked for.
[[nodiscard]] std::string package_list_json(const std::vector<PackageSection>& sections);

}  // namespace lastack::cli
