#include "base/nearest_name.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace lastack {

namespace {

constexpr std::size_t longest_word = 128;

// Optimal string alignment, row by row.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last;
    std::vector<std::size_t> last(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::vector<std::size_t> row(b.size() + 1, i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        before_last = std::exchange(last, std::move(row));
    }
    return last.back();
}

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view word, std::span<const std::string_view> names) {
    if (word.empty() || word.size() > longest_word) {
        return std::nullopt;
    }
    const std::string wanted = to_lower(word);
    std::size_t nearest = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::optional<std::string_view> found;
    for (const std::string_view name : names) {
        if (std::max(name.size(), word.size()) - std::min(name.size(), word.size()) > nearest || name == found) {
            continue;  // so many letters more are as many changes
        }
        const std::size_t away = distance(wanted, to_lower(name));
        if (away < nearest) {
            nearest = away;
            found = name;
        } else if (away == nearest) {
            found.reset();
        }
    }
    return found;
}

}  // namespace lastack
