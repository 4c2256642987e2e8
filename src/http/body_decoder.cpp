#include "http/body_decoder.hpp"

#include "http/error.hpp"

#include <algorithm>

namespace lastack::http {

namespace {

constexpr unsigned max_size_digits = 15;  // 2^60: no overflow, and no file is larger
// Extensions and trailers may cost this much plus an eighth of the body (CVE-2023-39326 is what happens without a limit).
constexpr std::uint64_t free_overhead = std::uint64_t{16} << 10;

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = HttpErrc::bad_chunk, .phase = Phase::receiving, .cause = std::move(cause)});
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char folded = static_cast<char>(c | 0x20);
    return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

}  // namespace

BodyDecoder::BodyDecoder(Framing framing) : framing_{framing} {
    remaining_ = framing.kind == FramingKind::length ? framing.length : 0;
    done_ = framing.kind == FramingKind::none || (framing.kind == FramingKind::length && framing.length == 0);
}

Result<BodyDecoder::Piece> BodyDecoder::next(std::span<const std::byte> input) {
    if (done_ || input.empty()) {
        return Piece{};
    }
    if (framing_.kind == FramingKind::until_close) {
        return Piece{.consumed = input.size(), .data = input};
    }
    if (framing_.kind == FramingKind::length || state_ == ChunkState::data) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
        remaining_ -= n;
        body_ += n;
        if (remaining_ == 0) {
            done_ = framing_.kind == FramingKind::length;
            state_ = ChunkState::data_cr;
        }
        return Piece{.consumed = n, .data = input.first(n)};
    }
    std::size_t used = 0;
    while (used < input.size() && !done_ && state_ != ChunkState::data) {
        if (auto taken = chunk_byte(static_cast<char>(input[used])); !taken) {
            return std::unexpected(std::move(taken.error()));
        }
        ++used;
    }
    return Piece{.consumed = used, .data = {}};
}

Result<void> BodyDecoder::chunk_byte(char c) {
    switch (state_) {
        case ChunkState::size:
            if (const int digit = hex_value(c); digit >= 0) {
                if (++size_digits_ > max_size_digits) {
                    return bad("a chunk size has more than 15 digits");
                }
                remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
                return {};
            }
            if (size_digits_ == 0 || (c != '\r' && c != ';')) {
                return bad("a chunk size is not a hexadecimal number");
            }
            state_ = c == ';' ? ChunkState::extension : ChunkState::size_lf;
            return {};
        case ChunkState::extension:
            if (c == '\r') {
                state_ = ChunkState::size_lf;
                return {};
            }
            if (c == '\n' || c == '\0') {
                return bad("a chunk extension holds a control character");
            }
            return count_overhead();
        case ChunkState::size_lf:
            return c == '\n' ? end_of_size_line() : bad("a chunk size line does not end with CR LF");
        case ChunkState::data_cr:
            state_ = ChunkState::data_lf;
            return c == '\r' ? Result<void>{} : bad("a chunk is longer than its size");
        case ChunkState::data_lf:
            state_ = ChunkState::size;
            return c == '\n' ? Result<void>{} : bad("a chunk does not end with CR LF");
        case ChunkState::trailer_start:
            if (c == '\r') {
                state_ = ChunkState::last_lf;
                return {};
            }
            state_ = ChunkState::trailer;
            return c == '\n' ? bad("a trailer line does not end with CR LF") : count_overhead();
        case ChunkState::trailer:
            if (c == '\r') {
                state_ = ChunkState::trailer_lf;
                return {};
            }
            return c == '\n' || c == '\0' ? bad("a trailer holds a control character") : count_overhead();
        case ChunkState::trailer_lf:
            state_ = ChunkState::trailer_start;
            return c == '\n' ? Result<void>{} : bad("a trailer line does not end with CR LF");
        case ChunkState::last_lf:
            done_ = c == '\n';
            return done_ ? Result<void>{} : bad("the chunked body does not end with CR LF");
        case ChunkState::data:
            break;
    }
    return bad("broken chunked encoding");
}

Result<void> BodyDecoder::end_of_size_line() {
    size_digits_ = 0;
    state_ = remaining_ == 0 ? ChunkState::trailer_start : ChunkState::data;
    return {};
}

Result<void> BodyDecoder::count_overhead() {
    if (++overhead_ > free_overhead + body_ / 8) {
        return bad("the chunked body has more extensions and trailers than data");
    }
    return {};
}

Result<void> BodyDecoder::end_of_input() {
    if (framing_.kind == FramingKind::until_close) {
        done_ = true;
    }
    if (done_) {
        return {};
    }
    std::string cause = "the connection ended before the body did";
    if (framing_.kind == FramingKind::length) {
        cause += ": " + std::to_string(remaining_) + " of " + std::to_string(framing_.length) + " bytes are missing";
    }
    return std::unexpected(Error{.code = HttpErrc::truncated, .phase = Phase::receiving, .cause = std::move(cause)});
}

}  // namespace lastack::http
