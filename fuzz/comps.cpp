// comps.xml: what is accepted has ids and names, and types that are known.
#include "repo/comps.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto comps = lastack::repo::parse_comps({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!comps) {
        return 0;
    }
    const auto has_id = [](const auto& item) { return !item.id.empty(); };
    bool holds = std::ranges::all_of(comps->groups, has_id) && std::ranges::all_of(comps->categories, has_id) &&
                 std::ranges::all_of(comps->environments, has_id);
    for (const auto& group : comps->groups) {
        holds = holds && std::ranges::none_of(group.packages, [](const auto& package) { return package.name.empty(); });
    }
    if (!holds) {
        std::abort();
    }
    return 0;
}
