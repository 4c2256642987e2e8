#include "repo/nearest_option.hpp"

#include "repo/options.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace lastack::repo {

namespace {

constexpr std::size_t longest_key = 64;

// How many characters must be put in, taken out, exchanged, or swapped with their neighbour.
std::size_t slips_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = a[i - 1] == b[j - 1];
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

std::vector<std::string_view> names_for(OptionPlace place) {
    std::vector<std::string_view> names;
    for (const KnownOption& option : known_options()) {
        if (option.place == OptionPlace::both || option.place == place) {
            names.push_back(option.name);
        }
    }
    const auto foreign = foreign_options();
    names.insert(names.end(), foreign.begin(), foreign.end());
    return names;
}

}  // namespace

std::string_view nearest_option(std::string_view key, OptionPlace place) {
    if (key.size() > longest_key) {
        return {};
    }
    std::string_view nearest;
    std::size_t fewest = key.size() < 6 ? 2 : 3;  // one slip in a short word, two in a longer one
    for (const std::string_view name : names_for(place)) {
        if (const std::size_t slips = slips_between(key, name); slips > 0 && slips < fewest && slips * 2 < key.size()) {
            fewest = slips;
            nearest = name;
        }
    }
    return nearest;
}

}  // namespace lastack::repo
