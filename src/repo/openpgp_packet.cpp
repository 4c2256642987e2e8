#include "repo/openpgp_packet.hpp"

#include "base/text.hpp"

#include <span>

namespace lastack::repo {

namespace {

constexpr std::uint8_t always_set = 0x80;
constexpr std::uint8_t new_format = 0x40;

std::uint8_t byte_at(std::string_view bytes, std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); }

std::string hex_of(std::string_view bytes) { return to_hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}); }

struct Length {
    std::size_t of_field = 0;
    std::size_t of_body = 0;
};

// The length of a packet of the new format, and of a subpacket, whose two-octet lengths reach further.
std::optional<Length> new_length(std::string_view bytes, std::uint8_t last_two_octet) {
    if (bytes.empty()) {
        return std::nullopt;
    }
    const auto first = byte_at(bytes, 0);
    if (first < 192) {
        return Length{1, first};
    }
    if (first <= last_two_octet) {
        return bytes.size() < 2 ? std::nullopt : std::optional{Length{2, (std::size_t{first} - 192) * 256 + byte_at(bytes, 1) + 192}};
    }
    if (first == 255 && bytes.size() >= 5) {
        return Length{5, big_endian(bytes.substr(1, 4))};
    }
    return std::nullopt;
}

std::optional<Length> old_length(std::string_view bytes, unsigned kind) {
    const std::size_t size = std::size_t{1} << kind;
    if (kind == 3 || bytes.size() < size) {
        return std::nullopt;
    }
    return Length{size, big_endian(bytes.substr(0, size))};
}

enum class Covered : bool { no, yes };

void take_subpacket(std::uint8_t type, std::string_view body, Covered covered, Signature& signature) {
    if (type == 33 && body.size() > 1) {
        signature.issuer = hex_of(body.substr(1));
    } else if (type == 16 && body.size() == 8 && signature.issuer.empty()) {
        signature.issuer = hex_of(body);
    }
    if (covered == Covered::no) {
        return;
    }
    if (type == 2 && body.size() == 4) {
        signature.created = big_endian(body);
    } else if (type == 9 && body.size() == 4) {
        signature.key_lifetime = big_endian(body);
    } else if (type == 27 && !body.empty()) {
        signature.key_flags = byte_at(body, 0);
    }
}

bool take_subpackets(std::string_view area, Covered covered, Signature& signature) {
    constexpr std::uint8_t critical = 0x80;
    while (!area.empty()) {
        const auto length = new_length(area, 254);
        if (!length || length->of_body == 0 || length->of_body > area.size() - length->of_field) {
            return false;
        }
        area.remove_prefix(length->of_field);
        const auto subpacket = area.substr(0, length->of_body);
        area.remove_prefix(length->of_body);
        take_subpacket(byte_at(subpacket, 0) & static_cast<std::uint8_t>(~critical), subpacket.substr(1), covered, signature);
    }
    return true;
}

// A length of two octets and as many bytes; nothing when there are fewer.
std::optional<std::string_view> take_area(std::string_view& rest) {
    if (rest.size() < 2) {
        return std::nullopt;
    }
    const std::size_t size = big_endian(rest.substr(0, 2));
    rest.remove_prefix(2);
    if (rest.size() < size) {
        return std::nullopt;
    }
    const auto area = rest.substr(0, size);
    rest.remove_prefix(size);
    return area;
}

}  // namespace

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char c : bytes) {
        value = (value << 8) | static_cast<unsigned char>(c);
    }
    return value;
}

std::expected<Packet, std::string> PacketReader::next() {
    const auto rest = bytes_.substr(offset_);
    const auto head = byte_at(rest, 0);
    if ((head & always_set) == 0) {
        return std::unexpected("no packet begins at byte " + std::to_string(offset_));
    }
    const bool is_new = (head & new_format) != 0;
    const auto tag = static_cast<PacketTag>(is_new ? head & 0x3F : (head >> 2) & 0x0F);
    const auto length = is_new ? new_length(rest.substr(1), 223) : old_length(rest.substr(1), head & 3u);
    if (!length || length->of_body > rest.size() - 1 - length->of_field) {
        return std::unexpected("the packet at byte " + std::to_string(offset_) + " has no usable length");
    }
    offset_ += 1 + length->of_field + length->of_body;
    return Packet{.tag = tag, .body = rest.substr(1 + length->of_field, length->of_body)};
}

std::optional<Signature> parse_signature(std::string_view body) {
    constexpr std::size_t fixed_size = 4;  // version, type, two algorithms
    if (body.size() < fixed_size || body[0] != 4) {
        return std::nullopt;
    }
    Signature signature{.type = static_cast<SignatureType>(body[1])};
    auto rest = body.substr(fixed_size);
    const auto covered = take_area(rest);
    const auto loose = covered ? take_area(rest) : std::nullopt;
    if (!loose || !take_subpackets(*covered, Covered::yes, signature) || !take_subpackets(*loose, Covered::no, signature)) {
        return std::nullopt;
    }
    return signature;
}

}  // namespace lastack::repo
