#include "repo/declared_packages.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "repo/decoder.hpp"
#include "repo/error.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <span>
#include <string>

namespace lastack::repo {

namespace {

constexpr std::size_t enough = 4096;  // of decoded text: the root element stands at the beginning
constexpr std::size_t piece_size = 4096;
constexpr std::size_t most_read = std::size_t{1} << 20;

}  // namespace

std::optional<std::uint64_t> packages_attribute(std::string_view xml) {
    const auto root = xml.find("<metadata");
    const std::string_view element = root == std::string_view::npos ? std::string_view{} : xml.substr(root, xml.find('>', root) - root);
    constexpr std::string_view name = " packages=";
    const auto at = element.find(name);
    if (at == std::string_view::npos || at + name.size() + 1 >= element.size()) {
        return std::nullopt;
    }
    const std::string_view value = element.substr(at + name.size());
    const char quote = value.front();
    const auto end = value.find(quote, 1);
    return (quote == '"' || quote == '\'') && end != std::string_view::npos ? parse_decimal(value.substr(1, end - 1)) : std::nullopt;
}

std::optional<std::uint64_t> declared_packages(const MetadataFile& primary) {
    const auto opened = open_file(primary.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened) {
        return std::nullopt;
    }
    std::string text;
    const Decoder::Sink sink = [&](std::span<const std::byte> bytes) -> Result<void> {
        text.append(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), enough - std::min(enough, text.size())));
        return {};
    };
    std::unique_ptr<Decoder> decoder;
    std::array<std::byte, piece_size> piece{};
    for (std::uint64_t offset = 0; offset < most_read && text.size() < enough;) {
        const auto got = read_at(opened->get(), piece, offset, primary.path);
        if (!got || *got == 0) {
            break;
        }
        offset += *got;
        const auto bytes = std::span{piece}.first(*got);
        if (!decoder) {
            auto made = make_decoder(bytes.first(std::min(bytes.size(), magic_size)));
            if (!made) {
                return std::nullopt;
            }
            decoder = std::move(*made);
        }
        if (!decoder->feed(bytes, sink)) {
            break;
        }
    }
    return packages_attribute(text);
}

}  // namespace lastack::repo
