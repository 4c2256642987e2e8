// Does the package need and give what the metadata said, by which the solver chose it?
#pragma once

#include "transact/channel/message.hpp"
#include "transact/rpm_handles.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::transact {

// A package's own words for what createrepo_c writes about it.
struct Dependencies {
    std::vector<std::string> requires_;
    std::vector<std::string> provides;
    std::vector<std::string> conflicts;
    std::vector<std::string> obsoletes;
    std::vector<std::string> files;
};

// What differs, in words; empty when nothing does. Pure. What createrepo_c leaves out is no difference: requirements of rpm itself
// ("rpmlib(...)"), what the package provides or holds itself, all but one "libc.so.6(...)", repetitions.
[[nodiscard]] std::string compare_dependencies(const Dependencies& header, const Announce& announced);

[[nodiscard]] std::string dependency_difference(Header header, const Announce& announced);

}  // namespace lastack::transact
