// Bytes as lower case hex digits, as key ids and fingerprints are shown.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace lastack::transact {

[[nodiscard]] inline std::string hex(std::span<const std::uint8_t> bytes) {
    constexpr auto* digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

}  // namespace lastack::transact
