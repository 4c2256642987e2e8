#include "repo/openpgp_armour.hpp"

#include "base/base64.hpp"
#include "base/text.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace lastack::repo {

namespace {

constexpr std::string_view begin_words = "-----BEGIN PGP ";
constexpr std::string_view end_words = "-----END PGP ";
constexpr std::string_view dashes = "-----";
constexpr std::string_view key_type = "PUBLIC KEY BLOCK";
constexpr std::size_t line_length = 64;

std::string checksum(std::string_view bytes) {
    std::uint32_t crc = 0xB704CE;
    for (const char c : bytes) {
        crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 16;
        for (int bit = 0; bit < 8; ++bit) {
            crc <<= 1;
            crc ^= (crc & 0x1000000) != 0 ? 0x1864CFB : 0;
        }
    }
    const char text[] = {static_cast<char>((crc >> 16) & 0xFF), static_cast<char>((crc >> 8) & 0xFF), static_cast<char>(crc & 0xFF)};
    return base64_encode({text, sizeof text});
}

// Line by line, without the ends of lines and the blanks before them.
class Lines {
public:
    explicit Lines(std::string_view text) : rest_{text} {}

    std::optional<std::string_view> next() {
        if (rest_.empty()) {
            return std::nullopt;
        }
        const auto end = rest_.find('\n');
        auto line = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        const auto last = line.find_last_not_of(" \t\r");
        return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
    }

private:
    std::string_view rest_;
};

// The type of "-----BEGIN PGP type-----".
std::optional<std::string_view> type_of(std::string_view line, std::string_view words) {
    if (!line.starts_with(words) || !line.ends_with(dashes) || line.size() < words.size() + dashes.size()) {
        return std::nullopt;
    }
    line.remove_prefix(words.size());
    line.remove_suffix(dashes.size());
    return line;
}

// From the line after the first one of a block to its last.
std::expected<std::string, std::string> read_block(Lines& lines, std::string_view type) {
    auto line = lines.next();
    while (line && !line->empty()) {
        if (!line->contains(": ") && !line->ends_with(':')) {
            return std::unexpected("the armour has no blank line after its headers");
        }
        line = lines.next();
    }
    std::string encoded;
    std::optional<std::string> crc;
    for (line = lines.next(); line; line = lines.next()) {
        if (const auto ending = type_of(*line, end_words)) {
            if (*ending != type) {
                return std::unexpected("a block of the armour ends as one of another type");
            }
            auto packets = base64_decode(encoded);
            if (!packets || packets->empty()) {
                return std::unexpected("the armour's base64 is damaged");
            }
            if (crc && *crc != checksum(*packets)) {
                return std::unexpected("the armour's checksum does not match");
            }
            return std::move(*packets);
        }
        if (crc) {
            return std::unexpected("something stands between the armour's checksum and its end");
        }
        if (line->starts_with('=') && line->size() == 5) {
            crc = line->substr(1);
        } else {
            encoded += *line;
        }
    }
    return std::unexpected("the armour has no end");
}

}  // namespace

std::expected<std::string, std::string> dearmour_signature(std::string_view text) {
    if (text.size() > max_armoured_size) {
        return std::unexpected("it is larger than " + std::to_string(max_armoured_size) + " bytes");
    }
    Lines lines(text);
    std::optional<std::string> packets;
    for (auto line = lines.next(); line; line = lines.next()) {
        if (line->empty()) {
            continue;
        }
        const auto type = type_of(*line, begin_words);
        if (type != "SIGNATURE") {
            return std::unexpected(type ? "it is a PGP " + std::string(*type) + ", not a detached signature"
                                        : "something stands beside the signature");
        }
        if (packets) {
            return std::unexpected("it holds two signature blocks");
        }
        auto block = read_block(lines, *type);
        if (!block) {
            return block;
        }
        packets = std::move(*block);
    }
    if (!packets) {
        return std::unexpected("it is empty");
    }
    return std::move(*packets);
}

std::expected<std::vector<std::string>, std::string> dearmour_keys(std::string_view text) {
    if (text.size() > max_armoured_size) {
        return std::unexpected("the file is larger than " + std::to_string(max_armoured_size) + " bytes");
    }
    Lines lines(text);
    std::vector<std::string> blocks;
    for (auto line = lines.next(); line; line = lines.next()) {
        if (type_of(*line, begin_words) != key_type) {
            continue;
        }
        auto block = read_block(lines, key_type);
        if (!block) {
            return std::unexpected(std::move(block.error()));
        }
        blocks.push_back(std::move(*block));
    }
    if (blocks.empty()) {
        return std::unexpected("the file holds no armoured public key");
    }
    return blocks;
}

std::string armour_key(std::string_view packets) {
    std::string text = std::string(begin_words) + std::string(key_type) + std::string(dashes) + "\n\n";
    const std::string encoded = base64_encode(packets);
    for (std::size_t i = 0; i < encoded.size(); i += line_length) {
        text += encoded.substr(i, line_length) + "\n";
    }
    return text + "=" + checksum(packets) + "\n" + std::string(end_words) + std::string(key_type) + std::string(dashes) + "\n";
}

}  // namespace lastack::repo
