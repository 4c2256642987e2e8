// The protocol's decoder: whatever it accepts must encode to the same bytes again.
#include "transact/channel/message.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    if (size >= lastack::transact::frame_prefix_size) {
        (void)lastack::transact::frame_size(bytes.first<lastack::transact::frame_prefix_size>());
    }
    if (const auto message = lastack::transact::decode(bytes)) {
        const auto frame = lastack::transact::encode(*message);
        const std::string body(reinterpret_cast<const char*>(data), size);
        if (frame.substr(lastack::transact::frame_prefix_size) != body) {
            std::abort();
        }
    }
    return 0;
}
