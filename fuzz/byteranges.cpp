// multipart/byteranges: what is given for a range has its length, and every byte of it stood in the body.
#include "download/byteranges.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    const std::vector<lastack::ByteRange> ranges{{2, 4}, {10, 11}};
    const std::string_view content_range = "bytes 2-11/20";
    for (const std::string_view type : {"multipart/byteranges; boundary=SEP", "text/plain"}) {
        const auto parts = lastack::download::parts_of(body, type, {&content_range, 1}, ranges);
        if (!parts) {
            continue;
        }
        if (parts->size() != 2 || parts->front().size() != 3 || parts->back().size() != 2 || !body.contains(parts->front()) ||
            !body.contains(parts->back())) {
            std::abort();
        }
    }
    return 0;
}
