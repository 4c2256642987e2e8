// The body of an answer, piece by piece and without I/O: plain length, chunked (RFC 9112 section 7.1), or until the connection ends.
#pragma once

#include "http/body_framing.hpp"

#include "lastack/result.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace lastack::http {

class BodyDecoder {
public:
    explicit BodyDecoder(Framing framing);

    struct Piece {
        std::size_t consumed = 0;         // input bytes taken, data included
        std::span<const std::byte> data;  // part of the input that is body; may be empty
    };

    // Takes a part of the input; call again with the rest until it is used up or `done()`. Errors: HttpErrc::bad_chunk.
    [[nodiscard]] Result<Piece> next(std::span<const std::byte> input);

    // The connection ended. Errors: HttpErrc::truncated unless the body is complete or lasts until the end.
    [[nodiscard]] Result<void> end_of_input();

    [[nodiscard]] bool done() const noexcept { return done_; }

private:
    enum class ChunkState : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer_start, trailer, trailer_lf, last_lf };

    [[nodiscard]] Result<void> chunk_byte(char c);
    [[nodiscard]] Result<void> end_of_size_line();
    [[nodiscard]] Result<void> count_overhead();

    Framing framing_;
    std::uint64_t remaining_ = 0;  // of the body, or of the chunk
    std::uint64_t body_ = 0;       // data bytes so far
    std::uint64_t overhead_ = 0;   // extension and trailer bytes so far
    unsigned size_digits_ = 0;
    ChunkState state_ = ChunkState::size;
    bool done_ = false;
};

}  // namespace lastack::http
