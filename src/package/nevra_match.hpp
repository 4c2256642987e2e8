// Which packages a pattern of the command line means, and which names are fit to be used at all. Pure.
#pragma once

#include "package/nevra.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lastack::package {

[[nodiscard]] bool is_glob(std::string_view pattern);

// True when the pattern is, or as a glob matches, one of yum's seven forms: name, name.arch, name-version, name-version-release,
// name-version-release.arch, name-epoch:version-release.arch, epoch:name-version-release.arch.
[[nodiscard]] bool matches(const std::string& pattern, const Nevra& nevra);
[[nodiscard]] bool matches_any(const std::vector<std::string>& patterns, const Nevra& nevra);

// Whether the parts can become part of a file's name, a line of output and rpm's input unchanged: letters, digits and "._+-~^@" only, no
// '-' in version or release, no leading '-' or '.', nothing empty, an epoch of digits.
[[nodiscard]] bool is_acceptable(const Nevra& nevra);

}  // namespace lastack::package
