#include "base/hash.hpp"

#include "base/text.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <limits>
#include <span>
#include <vector>

namespace lastack {

namespace {

const EVP_MD* evp_of(HashAlgorithm algorithm) {
    switch (algorithm) {
        case HashAlgorithm::md5:
            return EVP_md5();
        case HashAlgorithm::sha256:
            return EVP_sha256();
        case HashAlgorithm::sha512_256:
            return EVP_sha512_256();
    }
    return nullptr;
}

}  // namespace

std::optional<std::string> hash_hex(HashAlgorithm algorithm, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned length = 0;
    const EVP_MD* evp = evp_of(algorithm);
    if (evp == nullptr || EVP_Digest(text.data(), text.size(), value.data(), &length, evp, nullptr) != 1) {
        return std::nullopt;
    }
    return to_hex(std::span{value}.first(length));
}

std::optional<std::string> random_hex(std::size_t bytes) {
    std::vector<unsigned char> value(bytes);
    if (bytes > std::numeric_limits<int>::max() || RAND_bytes(value.data(), static_cast<int>(bytes)) != 1) {
        return std::nullopt;
    }
    return to_hex(value);
}

}  // namespace lastack
