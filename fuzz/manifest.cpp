// Manifests: whatever is accepted keeps what the download of its files relies on.
#include "download/manifest.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "download/local_file.hpp"
#include "download/mirror_list.hpp"
#include "download/relative_path.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto files = lastack::download::parse_manifest({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!files) {
        require(files.error().cause.starts_with("fuzz:") && lastack::printable(files.error().cause) == files.error().cause);
        return 0;
    }
    std::set<std::string_view> paths;
    for (const auto& file : *files) {
        require(file.path.empty() || (lastack::download::check_relative_path(file.path).has_value() && paths.insert(file.path).second));
        require(!file.urls.empty() && file.urls.size() <= lastack::download::max_mirrors);
        for (const auto& url : file.urls) {
            require(lastack::download::is_file_url(url) || lastack::parse_url(url).has_value());
        }
        for (const auto& digest : file.digests) {
            require(lastack::parse_digest(lastack::to_string(digest.algorithm), digest.hex) == digest);
        }
    }
    return 0;
}
