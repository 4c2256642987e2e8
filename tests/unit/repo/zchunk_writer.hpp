// Zchunk files for tests, honest and not: every field can be given another value than the right one.
#pragma once

#include "base/digest_stream.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <zstd.h>

namespace lastack::repo::test {

inline std::string raw_digest(DigestAlgorithm algorithm, std::string_view bytes, std::size_t keep) {
    const std::string hex = digest_of(algorithm, bytes).hex;
    std::string raw;
    for (std::size_t i = 0; i < keep; ++i) {
        raw += static_cast<char>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
    }
    return raw;
}

inline std::string compressed_integer(std::uint64_t value) {
    std::string out;
    for (; value > 0x7f; value >>= 7) {
        out += static_cast<char>(value & 0x7f);
    }
    return out + static_cast<char>(value | 0x80);
}

struct WrittenChunk {
    std::string stored;  // as it stands in the body
    std::uint64_t open_size = 0;
    std::string digest;               // raw; of `stored` unless given
    std::uint64_t size = UINT64_MAX;  // of `stored` unless given
};

// What a test changes before the header is put together.
struct ZchunkFile {
    std::string magic{"\0ZCK1", 5};
    std::uint64_t checksum = 1;  // of the header: sha256
    std::uint64_t chunk_checksum = 3;
    std::uint64_t flags = 0;
    std::uint64_t compression = 2;
    std::string elements;  // optional elements, with their count
    WrittenChunk dictionary;
    std::vector<WrittenChunk> chunks;
    std::uint64_t count = UINT64_MAX;  // the right one unless given
    std::uint64_t signatures = 0;
    std::string after_index;
    std::string after_signatures;
    std::int64_t header_size_off = 0;

    [[nodiscard]] std::string header() const {
        const std::string index = compressed_integer(chunk_checksum) + compressed_integer(count == UINT64_MAX ? chunks.size() + 1 : count) +
                                  entries() + after_index;
        const std::string rest = std::string(32, 'b') + compressed_integer(flags) + compressed_integer(compression) + elements +
                                 compressed_integer(index.size()) + index + compressed_integer(signatures) + after_signatures;
        const std::string lead = magic + compressed_integer(checksum) +
                                 compressed_integer(static_cast<std::uint64_t>(static_cast<std::int64_t>(rest.size()) + header_size_off));
        return lead + raw_digest(DigestAlgorithm::sha256, lead + rest, 32) + rest;
    }
    [[nodiscard]] std::string body() const {
        std::string out = dictionary.stored;
        for (const WrittenChunk& chunk : chunks) {
            out += chunk.stored;
        }
        return out;
    }
    [[nodiscard]] std::string file() const { return header() + body(); }

private:
    [[nodiscard]] std::string entries() const {
        std::string out = dictionary.stored.empty() && dictionary.size == UINT64_MAX
                              ? std::string(16, '\0') + compressed_integer(0) + compressed_integer(0)
                              : entry(dictionary);
        for (const WrittenChunk& chunk : chunks) {
            out += entry(chunk);
        }
        return out;
    }
    [[nodiscard]] std::string entry(const WrittenChunk& chunk) const {
        const std::string digest = chunk.digest.empty() ? raw_digest(DigestAlgorithm::sha512, chunk.stored, 16) : chunk.digest;
        return digest + ((flags & 4) != 0 ? digest : "") + compressed_integer(chunk.size == UINT64_MAX ? chunk.stored.size() : chunk.size) +
               compressed_integer(chunk.open_size);
    }
};

inline std::string zstd_chunk(std::string_view text, std::string_view dictionary = {}) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    ZSTD_CCtx* context = ZSTD_createCCtx();
    const std::size_t size =
        ZSTD_compress_usingDict(context, out.data(), out.size(), text.data(), text.size(), dictionary.data(), dictionary.size(), 3);
    ZSTD_freeCCtx(context);
    if (ZSTD_isError(size) != 0) {
        throw std::runtime_error("zstd");
    }
    out.resize(size);
    return out;
}

inline ZchunkFile zchunk_file(const std::vector<std::string_view>& texts, std::string_view dictionary = {}) {
    ZchunkFile file;
    if (!dictionary.empty()) {
        file.dictionary = {.stored = zstd_chunk(dictionary), .open_size = dictionary.size()};
    }
    for (const std::string_view text : texts) {
        file.chunks.push_back({.stored = zstd_chunk(text, dictionary), .open_size = text.size()});
    }
    return file;
}

// Empty texts are left out: there are no empty chunks.
inline std::string zchunk(std::initializer_list<std::string_view> texts) {
    std::vector<std::string_view> kept;
    for (const std::string_view text : texts) {
        if (!text.empty()) {
            kept.push_back(text);
        }
    }
    return zchunk_file(kept).file();
}

}  // namespace lastack::repo::test
