#include "download/relative_path.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace lastack::download {

namespace {

constexpr std::size_t most_shown = 128;
constexpr std::size_t longest_segment = 255;  // Linux's NAME_MAX and PATH_MAX
constexpr std::size_t longest_path = 4095;

bool is_too_long(std::string_view path) {
    std::size_t length = 0;
    return path.size() > longest_path ||
           std::ranges::any_of(path, [&length](char c) { return (length = c == '/' ? 0 : length + 1) > longest_segment; });
}

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
    const bool too_long = is_too_long(path);
    if (!too_long && stays_below(path) && printable(path) == path) {
        return {};
    }
    return std::unexpected(Error{.code = Errc::invalid_argument,
                                 .cause = std::string{"must be "} + (too_long ? "shorter" : "relative and lead nowhere else") + ", not '" +
                                          printable(path.substr(0, most_shown)) + "'"});
}

}  // namespace lastack::download
