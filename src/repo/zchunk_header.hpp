// The header of a zchunk file: where each chunk lies, what it weighs and its digest. Pure: bytes in, checked values out. All that a header
// can lie about is refused here, before a decoder or a request for a range is built on it.
#pragma once

#include "lastack/digest.hpp"
#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lastack::repo {

inline constexpr std::uint64_t max_zchunk_header = std::uint64_t{16} << 20;
inline constexpr std::uint64_t max_zchunk_dictionary = std::uint64_t{4} << 20;  // decompressed; zstd trains 110 KiB
inline constexpr std::size_t max_zchunk_lead = 5 + 2 + 10 + 64;                 // magic, algorithm, size, digest

struct ZchunkPiece {
    std::string digest;        // raw bytes, of the compressed chunk
    std::uint64_t offset = 0;  // in the file
    std::uint64_t size = 0;
    std::uint64_t open_size = 0;

    friend bool operator==(const ZchunkPiece&, const ZchunkPiece&) = default;
};

enum class ZchunkCompression : std::uint8_t { none, zstd };

struct ZchunkHeader {
    std::uint64_t size = 0;  // of the header, lead included: where the body begins
    Digest digest;           // of the header, as the lead says it; checked
    ZchunkCompression compression = ZchunkCompression::none;
    DigestAlgorithm piece_algorithm = DigestAlgorithm::sha256;
    std::size_t piece_digest_size = 0;  // bytes of it that are kept
    ZchunkPiece dictionary;             // size 0: none
    std::vector<ZchunkPiece> pieces;    // in the order of the file, none of them empty
    std::uint64_t file_size = 0;        // header and body
    std::uint64_t open_size = 0;        // of all pieces
};

// How long the header is, lead included, by the first bytes of the file; nothing when these are too few (never with max_zchunk_lead of
// them). Errors as parse_zchunk_header.
[[nodiscard]] Result<std::optional<std::uint64_t>> zchunk_header_size(std::span<const std::byte> first);

// `header` is the file's beginning up to where the body starts, neither more nor less. Errors: RepoErrc::bad_metadata: a detached header,
// another size or digest than the lead says, flags, algorithms and signatures that are not known, numbers beyond the limits, a count that
// is not that of the pieces, pieces that are empty or contradict each other.
[[nodiscard]] Result<ZchunkHeader> parse_zchunk_header(std::span<const std::byte> header);

// Whether these bytes are that piece, by its size and digest.
[[nodiscard]] bool is_piece(const ZchunkHeader& header, const ZchunkPiece& piece, std::span<const std::byte> bytes);
// The same for a digest computed on the way; `hex` is of piece_algorithm.
[[nodiscard]] bool is_digest_of(const ZchunkPiece& piece, std::string_view hex);

}  // namespace lastack::repo
