// The journal beside a partial file: what is accepted must read the same when it is written again.
#include "download/partial_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto journal = lastack::download::parse_journal(text)) {
        if (lastack::download::parse_journal(lastack::download::write_journal(*journal)) != journal) {
            std::abort();
        }
    }
    return 0;
}
