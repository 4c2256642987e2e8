// repomd.xml and the watch over the XML prolog: whatever is accepted must keep what the rest of the program relies on.
#include "repo/repomd.hpp"

#include "base/url.hpp"
#include "repo/xml_prolog.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto repomd = lastack::repo::parse_repomd(text, "fuzz")) {
        require(repomd->find("primary") != nullptr);
        for (const auto& file : repomd->files) {
            require(!file.digests.empty());
            require(lastack::join_url("http://host/base", file.href).has_value());
        }
        (void)lastack::repo::is_older(*repomd, *repomd);
        // What our own parser accepts has no DOCTYPE, and the watch must see it the same way.
        lastack::repo::XmlProlog prolog;
        require(prolog.feed(std::as_bytes(std::span{data, size})) || size > (std::size_t{64} << 10));
    }
    return 0;
}
