#include "repo/zchunk_header.hpp"

#include "base/digest_stream.hpp"
#include "base/text.hpp"
#include "repo/error.hpp"
#include "repo/repomd.hpp"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace lastack::repo {

namespace {

using namespace std::string_view_literals;

constexpr auto magic = "\0ZCK1"sv;
constexpr auto detached_magic = "\0ZHR1"sv;
constexpr auto too_short = "the zchunk header ends too early";

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = RepoErrc::bad_metadata, .phase = Phase::parsing, .cause = std::move(cause)});
}

struct Checksum {
    DigestAlgorithm algorithm;
    std::size_t size;  // the bytes of it that the format keeps
};

std::optional<Checksum> checksum_of(std::uint64_t type) {
    switch (type) {
        case 0:
            return Checksum{DigestAlgorithm::sha1, 20};
        case 1:
            return Checksum{DigestAlgorithm::sha256, 32};
        case 2:
            return Checksum{DigestAlgorithm::sha512, 64};
        case 3:
            return Checksum{DigestAlgorithm::sha512, 16};
        default:
            return std::nullopt;
    }
}

std::string hex_of(std::string_view raw) { return to_hex({reinterpret_cast<const unsigned char*>(raw.data()), raw.size()}); }

// Takes one field after the other; after the first that is not there, or is none, all further ones are zero.
class Fields {
public:
    explicit Fields(std::string_view bytes) : rest_{bytes} {}

    // Seven bits per byte, the lowest first; the last byte has its top bit set.
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::string_view byte = bytes(1);
            if (byte.empty()) {
                return 0;
            }
            const auto bits = static_cast<unsigned char>(byte.front());
            const std::uint64_t part = bits & 0x7fu;
            if (shift == 63 && part > 1) {
                break;
            }
            value |= part << shift;
            if ((bits & 0x80u) != 0) {
                return value;
            }
        }
        overflow_ = true;
        rest_ = {};
        return 0;
    }

    std::string_view bytes(std::size_t count) {
        if (count > rest_.size()) {
            ended_ = true;
            rest_ = {};
            return {};
        }
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] bool failed() const { return ended_ || overflow_; }
    [[nodiscard]] std::string cause() const { return overflow_ ? "a number of the zchunk header does not fit into 64 bits" : too_short; }
    [[nodiscard]] std::size_t left() const { return rest_.size(); }

private:
    std::string_view rest_;
    bool ended_ = false;
    bool overflow_ = false;
};

struct Lead {
    Checksum checksum{};
    std::uint64_t size = 0;  // of the header, this lead included
    std::size_t digest_at = 0;
    std::string_view digest;  // raw
};

// Nothing when more bytes are needed.
Result<std::optional<Lead>> read_lead(std::string_view text) {
    if (text.starts_with(detached_magic)) {
        return bad("it is a zchunk header without its file");
    }
    if (!magic.starts_with(text.substr(0, magic.size()))) {
        return bad("it is no zchunk file");
    }
    Fields fields{text};
    (void)fields.bytes(magic.size());
    const auto checksum = checksum_of(fields.number());
    const std::uint64_t size = fields.number();
    if (fields.ended()) {
        return std::optional<Lead>{};
    }
    if (fields.failed()) {
        return bad(fields.cause());
    }
    if (!checksum) {
        return bad("the zchunk header has a checksum of an unknown kind");
    }
    if (size > max_zchunk_header) {
        return bad("the zchunk header has " + std::to_string(size) + " bytes; at most " + std::to_string(max_zchunk_header) +
                   " are accepted");
    }
    Lead lead{.checksum = *checksum, .digest_at = text.size() - fields.left()};
    lead.digest = fields.bytes(checksum->size);
    if (fields.ended()) {
        return std::optional<Lead>{};
    }
    lead.size = lead.digest_at + checksum->size + size;
    return lead;
}

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool digest_matches(const Lead& lead, std::string_view header) {
    DigestStream stream{{lead.checksum.algorithm}};
    stream.update(std::as_bytes(std::span{header.substr(0, lead.digest_at)}));
    stream.update(std::as_bytes(std::span{header.substr(lead.digest_at + lead.checksum.size)}));
    return stream.finish().front().hex.starts_with(hex_of(lead.digest));
}

class Reader {
public:
    Reader(const Lead& lead, std::string_view header) : lead_{lead}, header_{header} {}

    Result<ZchunkHeader> read() {
        Fields fields{header_.substr(lead_.digest_at + lead_.checksum.size)};
        result_.size = lead_.size;
        result_.digest = {lead_.checksum.algorithm, hex_of(lead_.digest)};
        (void)fields.bytes(lead_.checksum.size);  // the body's digest: each piece has its own
        if (auto preface = read_preface(fields); !preface) {
            return std::unexpected(std::move(preface.error()));
        }
        const std::uint64_t index_size = fields.number();
        const std::string_view index = fields.bytes(index_size > fields.left() ? fields.left() + 1 : index_size);
        const std::uint64_t signatures = fields.number();
        if (fields.failed()) {
            return bad(fields.cause());
        }
        if (signatures != 0) {
            return bad("the zchunk header has signatures, of which no kind is known");
        }
        if (fields.left() != 0) {
            return bad(std::to_string(fields.left()) + " bytes of the zchunk header belong to nothing");
        }
        if (auto indexed = read_index(Fields{index}); !indexed) {
            return std::unexpected(std::move(indexed.error()));
        }
        return std::move(result_);
    }

private:
    Result<void> read_preface(Fields& fields) {
        constexpr std::uint64_t optional_elements = 2;
        constexpr std::uint64_t uncompressed_source = 4;
        constexpr std::uint64_t most_elements = 64;
        const std::uint64_t flags = fields.number();
        if ((flags & ~(optional_elements | uncompressed_source)) != 0) {
            return bad("the zchunk header has flags that are not known");
        }
        two_digests_ = (flags & uncompressed_source) != 0;
        const std::uint64_t compression = fields.number();
        if (compression != 0 && compression != 2) {
            return bad("the zchunk file is compressed in an unknown way");
        }
        result_.compression = compression == 0 ? ZchunkCompression::none : ZchunkCompression::zstd;
        const std::uint64_t elements = (flags & optional_elements) != 0 ? fields.number() : 0;
        if (elements > most_elements) {
            return bad("the zchunk header has more than " + std::to_string(most_elements) + " optional elements");
        }
        for (std::uint64_t i = 0; i < elements; ++i) {
            (void)fields.number();
            const std::uint64_t size = fields.number();
            (void)fields.bytes(size > fields.left() ? fields.left() + 1 : size);
        }
        return fields.failed() ? bad(fields.cause()) : Result<void>{};
    }

    Result<void> read_index(Fields fields) {
        const auto checksum = checksum_of(fields.number());
        const std::uint64_t count = fields.number();
        if (fields.failed()) {
            return bad(fields.cause());
        }
        if (!checksum) {
            return bad("the chunks have checksums of an unknown kind");
        }
        result_.piece_algorithm = checksum->algorithm;
        result_.piece_digest_size = checksum->size;
        // Each takes its digests and two numbers, so no count makes us reserve more than the header is long.
        const std::uint64_t each = checksum->size * (two_digests_ ? 2 : 1) + 2;
        if (count == 0 || count > fields.left() / each) {
            return bad("the zchunk header says that it has " + std::to_string(count) + " chunks, for which it has no room");
        }
        result_.pieces.reserve(static_cast<std::size_t>(count - 1));
        result_.file_size = lead_.size;
        for (std::uint64_t i = 0; i < count; ++i) {
            if (auto read = read_piece(fields, i == 0); !read) {
                return read;
            }
        }
        return fields.left() == 0 ? Result<void>{} : bad("the zchunk header has more chunks than it says");
    }

    Result<void> read_piece(Fields& fields, bool is_dictionary) {
        ZchunkPiece piece{.digest = std::string{fields.bytes(result_.piece_digest_size)}, .offset = result_.file_size};
        (void)fields.bytes(two_digests_ ? result_.piece_digest_size : 0);
        piece.size = fields.number();
        piece.open_size = fields.number();
        if (fields.failed()) {
            return bad(fields.cause());
        }
        if (piece.size > max_metadata_size - result_.file_size) {
            return bad("the zchunk file is larger than " + std::to_string(max_metadata_size) + " bytes");
        }
        if ((piece.size == 0) != (piece.open_size == 0) || (piece.size == 0 && !is_dictionary)) {
            return bad("a chunk is empty");
        }
        if (result_.compression == ZchunkCompression::none && piece.size != piece.open_size) {
            return bad("a chunk that is not compressed has two sizes");
        }
        result_.file_size += piece.size;
        return is_dictionary ? take_dictionary(std::move(piece)) : take_piece(std::move(piece));
    }

    Result<void> take_dictionary(ZchunkPiece piece) {
        if (piece.size > max_zchunk_dictionary || piece.open_size > max_zchunk_dictionary) {
            return bad("the dictionary is larger than " + std::to_string(max_zchunk_dictionary) + " bytes");
        }
        result_.dictionary = std::move(piece);
        return {};
    }

    Result<void> take_piece(ZchunkPiece piece) {
        if (piece.open_size > max_open_metadata_size - result_.open_size) {
            return bad("it is larger than " + std::to_string(max_open_metadata_size) + " bytes when decompressed");
        }
        result_.open_size += piece.open_size;
        result_.pieces.push_back(std::move(piece));
        // The same content may come twice; what it weighs cannot differ then.
        const ZchunkPiece& taken = result_.pieces.back();
        const auto [known, is_new] = seen_.try_emplace(taken.digest, taken.size, taken.open_size);
        return is_new || known->second == std::pair{taken.size, taken.open_size} ? Result<void>{}
                                                                                 : bad("two chunks with one digest differ in size");
    }

    const Lead& lead_;
    std::string_view header_;
    ZchunkHeader result_;
    bool two_digests_ = false;
    std::unordered_map<std::string, std::pair<std::uint64_t, std::uint64_t>> seen_;
};

}  // namespace

Result<std::optional<std::uint64_t>> zchunk_header_size(std::span<const std::byte> first) {
    const auto lead = read_lead(text_of(first.first(std::min(first.size(), max_zchunk_lead))));
    if (!lead) {
        return std::unexpected(lead.error());
    }
    if (!*lead && first.size() >= max_zchunk_lead) {
        return bad("a number of the zchunk header does not fit into 64 bits");
    }
    return *lead ? std::optional{(*lead)->size} : std::nullopt;
}

Result<ZchunkHeader> parse_zchunk_header(std::span<const std::byte> header) {
    const std::string_view text = text_of(header);
    const auto lead = read_lead(text);
    if (!lead) {
        return std::unexpected(lead.error());
    }
    if (!*lead || text.size() < (*lead)->size) {
        return bad(too_short);
    }
    if (text.size() > (*lead)->size) {
        return bad("the zchunk header has " + std::to_string((*lead)->size) + " bytes, not " + std::to_string(text.size()));
    }
    if (!digest_matches(**lead, text)) {
        return bad("the checksum of the zchunk header does not match");
    }
    return Reader{**lead, text}.read();
}

bool is_digest_of(const ZchunkPiece& piece, std::string_view hex) { return hex.starts_with(hex_of(piece.digest)); }

bool is_piece(const ZchunkHeader& header, const ZchunkPiece& piece, std::span<const std::byte> bytes) {
    return bytes.size() == piece.size && is_digest_of(piece, digest_of(header.piece_algorithm, bytes).hex);
}

}  // namespace lastack::repo
