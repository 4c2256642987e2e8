// Hashes of short texts and random text, for protocols that need them. The digests of files are in base/digest_stream.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastack {

enum class HashAlgorithm : std::uint8_t { md5, sha256, sha512_256 };

// Lower-case hex digits; nothing when this system's OpenSSL does not offer the algorithm (MD5 under FIPS rules, SHA-512/256 in old ones).
[[nodiscard]] std::optional<std::string> hash_hex(HashAlgorithm algorithm, std::string_view text);

// Twice as many hex digits from the system's cryptographic generator; nothing when that fails.
[[nodiscard]] std::optional<std::string> random_hex(std::size_t bytes);

}  // namespace lastack
