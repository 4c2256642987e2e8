// zchunk: the header, whose digest is put right so that the fuzzer gets past it, and the decoder over header and body in pieces.
#include "base/digest_stream.hpp"
#include "repo/zchunk_decoder.hpp"
#include "repo/zchunk_header.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace {

using lastack::repo::parse_zchunk_header;
using lastack::repo::zchunk_header_size;

// Writes the right digest into a header with a sha256 one.
void repair(std::vector<std::byte>& header) {
    constexpr std::size_t digest_size = 32;
    std::size_t at = 6;
    while (at < header.size() && (header[at] & std::byte{0x80}) == std::byte{0}) {
        ++at;
    }
    ++at;
    if (header.size() < at + digest_size || header[5] != std::byte{0x81}) {
        return;
    }
    lastack::DigestStream stream{{lastack::DigestAlgorithm::sha256}};
    stream.update(std::span{header}.first(at));
    stream.update(std::span{header}.subspan(at + digest_size));
    const std::string hex = stream.finish().front().hex;
    for (std::size_t i = 0; i < digest_size; ++i) {
        header[at + i] = static_cast<std::byte>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
    }
}

void decode(std::span<const std::byte> file, std::size_t step, std::uint64_t announced) {
    std::uint64_t written = 0;
    const lastack::repo::Decoder::Sink sink = [&](std::span<const std::byte> bytes) -> lastack::Result<void> {
        written += bytes.size();
        return {};
    };
    const auto decoder = lastack::repo::make_zchunk_decoder();
    while (!file.empty()) {
        const auto piece = file.first(std::min(step, file.size()));
        file = file.subspan(piece.size());
        if (!decoder->feed(piece, sink)) {
            break;
        }
    }
    const bool complete = file.empty() && decoder->finish(sink).has_value();
    if (written > announced || (complete && written != announced)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span{data, size});
    const auto header_size = zchunk_header_size(input);
    if (!header_size || !*header_size || **header_size > size) {
        return 0;
    }
    std::vector<std::byte> file{input.begin(), input.end()};
    std::vector<std::byte> header{input.begin(), input.begin() + static_cast<std::ptrdiff_t>(**header_size)};
    repair(header);
    std::ranges::copy(header, file.begin());
    const auto parsed = parse_zchunk_header(header);
    std::uint64_t body = 0;
    std::uint64_t open = 0;
    if (parsed) {
        body = parsed->dictionary.size;
        for (const auto& piece : parsed->pieces) {
            if (piece.offset != parsed->size + body || piece.size == 0) {
                std::abort();
            }
            body += piece.size;
            open += piece.open_size;
        }
        if (parsed->file_size != parsed->size + body || parsed->open_size != open) {
            std::abort();
        }
    }
    decode(file, size, open);
    decode(file, 7, open);
    return 0;
}
