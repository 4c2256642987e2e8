// The ASCII armour of OpenPGP (RFC 4880 section 6.2). Pure: bytes in, bytes out, whatever they are.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

inline constexpr std::size_t max_armoured_size = std::size_t{1} << 20;  // of a signature or of a file of keys

// The packets of a detached signature. One block of the type SIGNATURE and nothing beside it but blank lines: a signed message, two
// blocks, or words around one are refused, as two readers could then see two different things. The error is a part of a sentence.
[[nodiscard]] std::expected<std::string, std::string> dearmour_signature(std::string_view text);

// The packets of each PUBLIC KEY BLOCK, in order. What stands between blocks is for humans, as in the key files of distributions.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> dearmour_keys(std::string_view text);

// Packets as a PUBLIC KEY BLOCK.
[[nodiscard]] std::string armour_key(std::string_view packets);

}  // namespace lastack::repo
