// Metalinks: whatever is accepted keeps what the download of its files relies on.
#include "download/metalink.hpp"

#include "base/url.hpp"
#include "download/mirror_list.hpp"
#include "download/relative_path.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

namespace {

using lastack::Digest;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void require_digests(const std::vector<Digest>& digests) {
    for (std::size_t i = 0; i < digests.size(); ++i) {
        require(lastack::parse_digest(lastack::to_string(digests[i].algorithm), digests[i].hex) == digests[i]);
        require(i == 0 || digests[i].algorithm < digests[i - 1].algorithm);
    }
    require(lastack::download::digests_to_check(digests).empty() == digests.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto metalink = lastack::download::parse_metalink({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!metalink) {
        require(metalink.error().cause.starts_with("fuzz:"));
        return 0;
    }
    std::set<std::string_view> names;
    require(!metalink->files.empty());
    for (const auto& file : metalink->files) {
        require(lastack::download::check_relative_path(file.name).has_value() && !file.name.starts_with('.'));
        require(names.insert(file.name).second);
        require(!file.urls.empty() && file.urls.size() <= lastack::download::max_mirrors);
        for (const auto& url : file.urls) {
            require(lastack::parse_url(url, lastack::Schemes::http_and_ftp).has_value());
        }
        require_digests(file.digests);
        require(file.alternates.size() <= lastack::download::max_alternates);
        for (const auto& alternate : file.alternates) {
            require_digests(alternate.digests);
        }
    }
    return 0;
}
