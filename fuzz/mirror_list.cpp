// Lists of mirrors: URLs that can be asked, or an error that can be shown.
#include "download/mirror_list.hpp"

#include "base/text.hpp"
#include "base/url.hpp"

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
    const auto urls = lastack::download::parse_mirror_list({reinterpret_cast<const char*>(data), size});
    if (!urls) {
        require(!urls.error().cause.empty() && lastack::printable(urls.error().cause) == urls.error().cause);
        return 0;
    }
    require(!urls->empty() && urls->size() <= lastack::download::max_mirrors);
    require(std::set<std::string_view>(urls->begin(), urls->end()).size() == urls->size());
    for (const auto& url : *urls) {
        require(lastack::parse_url(url).has_value());
    }
    return 0;
}
