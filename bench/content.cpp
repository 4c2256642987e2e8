#include "bench/content.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <vector>

namespace lastack::bench {

namespace {

constexpr std::size_t word = sizeof(std::uint64_t);
constexpr std::size_t digest_piece = std::size_t{256} << 10;

}  // namespace

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
    std::uint64_t x = a ^ (b * 0x9e3779b97f4a7c15U);  // splitmix64's finish
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

void Content::fill(std::uint64_t offset, std::span<char> into) const {
    std::size_t done = 0;
    while (done < into.size()) {
        const std::uint64_t at = offset + done;
        const std::uint64_t value = mixed(key, at / word);
        const std::size_t skip = at % word;
        const std::size_t n = std::min(word - skip, into.size() - done);
        std::memcpy(into.data() + done, reinterpret_cast<const char*>(&value) + skip, n);
        done += n;
    }
}

std::string Content::sha256() const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    std::vector<char> piece(std::min<std::uint64_t>(digest_piece, size));
    for (std::uint64_t at = 0; at < size; at += piece.size()) {
        piece.resize(std::min<std::uint64_t>(piece.size(), size - at));
        fill(at, piece);
        EVP_DigestUpdate(context.get(), piece.data(), piece.size());
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned length = 0;
    EVP_DigestFinal_ex(context.get(), bytes.data(), &length);
    std::string hex;
    for (unsigned i = 0; i < length; ++i) {
        constexpr std::string_view digits = "0123456789abcdef";
        hex += digits[bytes[i] >> 4];
        hex += digits[bytes[i] & 15];
    }
    return hex;
}

std::string Content::entity_tag() const { return '"' + std::to_string(key) + '"'; }

std::optional<std::uint64_t> size_in(std::string_view path) {
    const auto dash = path.rfind('-');
    std::uint64_t size = 0;
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(path.data() + dash + 1, path.data() + path.size(), size);
    return error == std::errc{} && end == path.data() + path.size() ? std::optional{size} : std::nullopt;
}

Content content_of(std::uint64_t seed, std::string_view path, unsigned version) {
    std::uint64_t key = mixed(seed, version);
    for (const char c : path) {
        key = mixed(key, static_cast<unsigned char>(c));
    }
    return {.key = key, .size = size_in(path).value_or(0)};
}

}  // namespace lastack::bench
