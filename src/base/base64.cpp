#include "base/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace lastack {

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::string_view group = bytes.substr(i, 3);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = (bits << 8) | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0u);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= group.size() ? letters[(bits >> (18 - 6 * k)) & 0x3F] : '=';
        }
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string out;
    out.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const std::string_view group = text.substr(i, 4);
        const bool last = i + 4 == text.size();
        const std::size_t padding = !last || group[3] != '=' ? 0 : (group[2] == '=' ? 2 : 1);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const auto value = k < 4 - padding ? letters.find(group[k]) : 0;
            if (value == std::string_view::npos) {
                return std::nullopt;
            }
            bits = (bits << 6) | static_cast<std::uint32_t>(value);
        }
        for (std::size_t k = 0; k < 3 - padding; ++k) {
            out += static_cast<char>((bits >> (16 - 8 * k)) & 0xFF);
        }
        if (padding > 0 && (bits & ((1u << (8 * padding)) - 1)) != 0) {
            return std::nullopt;  // bits that encode nothing
        }
    }
    return out;
}

}  // namespace lastack
