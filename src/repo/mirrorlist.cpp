#include "repo/mirrorlist.hpp"

#include "download/mirror_list.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

Result<std::vector<std::string>> parse_mirrorlist(std::string_view text) {
    constexpr std::string_view document = "/repodata/repomd.xml";
    auto listed = download::parse_mirror_list(text);
    if (!listed) {
        return listed;
    }
    std::vector<std::string> bases;
    for (std::string_view url : *listed) {
        if (url.ends_with(document)) {
            url.remove_suffix(document.size());
        }
        while (url.ends_with('/')) {
            url.remove_suffix(1);
        }
        if (std::ranges::find(bases, url) == bases.end()) {
            bases.emplace_back(url);
        }
    }
    return bases;
}

}  // namespace lastack::repo
