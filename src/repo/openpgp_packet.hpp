// The packets of OpenPGP: their frames, and the fields of signatures that this program looks at. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace lastack::repo {

enum class PacketTag : std::uint8_t {
    signature = 2,
    public_key = 6,
    marker = 10,
    trust = 12,
    user_id = 13,
    public_subkey = 14,
    user_attribute = 17,
};

struct Packet {
    PacketTag tag{};  // any of 0 to 63, not only those with a name
    std::string_view body;
};

// Packets of a known length only: partial and indeterminate lengths have no place in keys and signatures.
class PacketReader {
public:
    explicit PacketReader(std::string_view bytes) : bytes_{bytes} {}

    [[nodiscard]] bool at_end() const { return offset_ == bytes_.size(); }
    [[nodiscard]] std::size_t offset() const { return offset_; }
    // Not after an error, not at the end.
    [[nodiscard]] std::expected<Packet, std::string> next();

private:
    std::string_view bytes_;
    std::size_t offset_ = 0;
};

enum class SignatureType : std::uint8_t {
    generic_certification = 0x10,
    persona_certification = 0x11,
    casual_certification = 0x12,
    positive_certification = 0x13,
    subkey_binding = 0x18,
    direct_key = 0x1F,
    key_revocation = 0x20,
    subkey_revocation = 0x28,
};

struct Signature {
    SignatureType type{};
    std::int64_t created = 0;
    std::string issuer{};           // the end of a fingerprint in lower-case hex digits, or all of it; empty: it does not say
    std::int64_t key_lifetime = 0;  // seconds from the key's creation; 0: for ever
    std::optional<std::uint8_t> key_flags{};
};

// The body of a signature packet of version 4; nothing for another version or when it is damaged. Only what the signature covers counts,
// but for the issuer.
[[nodiscard]] std::optional<Signature> parse_signature(std::string_view body);

[[nodiscard]] std::uint32_t big_endian(std::string_view bytes);  // at most four

}  // namespace lastack::repo
