#include "repo/mirrorlist.hpp"

#include "base/text.hpp"
#include "base/url.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

std::vector<std::string> parse_mirrorlist(std::string_view text) {
    constexpr std::string_view document = "/repodata/repomd.xml";
    std::vector<std::string> urls;
    text = text.substr(0, max_mirrorlist_size);
    while (!text.empty() && urls.size() < max_mirrors) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        while (line.ends_with(' ') || line.ends_with('\t')) {
            line.remove_suffix(1);
        }
        // Most lines of a hostile list are not worth the full check.
        if (!iequals(line.substr(0, 4), "http") || !parse_url(line)) {
            continue;
        }
        if (line.ends_with(document)) {
            line.remove_suffix(document.size());
        }
        while (line.ends_with('/')) {
            line.remove_suffix(1);
        }
        if (std::ranges::find(urls, line) == urls.end()) {
            urls.emplace_back(line);
        }
    }
    return urls;
}

bool looks_like_metalink(std::string_view text) {
    const auto begin = text.substr(0, 4096);
    return begin.find("<metalink") != std::string_view::npos;
}

}  // namespace lastack::repo
