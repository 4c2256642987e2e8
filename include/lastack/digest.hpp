// The digest a file is expected to have. Names are those of repomd.xml ("sha256"; "sha" is an alias of "sha1").
#pragma once

#include "lastack/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lastack {

enum class DigestAlgorithm : std::uint8_t { md5, sha1, sha224, sha256, sha384, sha512 };

struct Digest {
    DigestAlgorithm algorithm = DigestAlgorithm::sha256;
    std::string hex;  // lower case, full length for the algorithm

    friend bool operator==(const Digest&, const Digest&) = default;
};

// Checks the algorithm's name, the length and that every character is a hex digit; upper case is folded.
// Errors: Errc::invalid_argument. An empty digest is an error: nothing is trusted without one.
[[nodiscard]] Result<Digest> parse_digest(std::string_view algorithm, std::string_view hex);

[[nodiscard]] const char* to_string(DigestAlgorithm algorithm) noexcept;

}  // namespace lastack
