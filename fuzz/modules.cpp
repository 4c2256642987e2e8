// modules.yaml: what is accepted names modules and streams with which a path or a terminal can do no harm.
#include "repo/modules.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto modules = lastack::repo::parse_modules({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!modules) {
        return 0;
    }
    for (const auto& stream : modules->streams) {
        for (const std::string_view word : {std::string_view{stream.name}, std::string_view{stream.stream}}) {
            if (word.empty() || word.contains('/') || word.contains('\x1b') || word.contains('\0')) {
                std::abort();
            }
        }
    }
    return 0;
}
