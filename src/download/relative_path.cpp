#include "download/relative_path.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace lastack::download {

namespace {

constexpr std::size_t most_shown = 128;

bool stays_below(std::string_view path) {
    std::size_t begin = 0;
    while (true) {
        const auto end = std::min(path.find('/', begin), path.size());
        const std::string_view segment = path.substr(begin, end - begin);
        if (segment.empty() || segment == "." || segment == "..") {
            return false;
        }
        if (end == path.size()) {
            return true;
        }
        begin = end + 1;
    }
}

}  // namespace

Result<void> check_relative_path(std::string_view path) {
    if (stays_below(path) && printable(path) == path) {
        return {};
    }
    return std::unexpected(Error{.code = Errc::invalid_argument,
                                 .cause = "must be relative and lead nowhere else, not '" + printable(path.substr(0, most_shown)) + "'"});
}

}  // namespace lastack::download
