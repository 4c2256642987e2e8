// Streaming decompressors behind one interface. Pure: bytes in, bytes out; no file and no limit on the output, which the sink has.
#pragma once

#include "lastack/result.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace lastack::repo {

class Decoder {
public:
    // Takes decoded bytes; an error ends the decoding.
    using Sink = std::function<Result<void>(std::span<const std::byte>)>;

    virtual ~Decoder() = default;
    [[nodiscard]] virtual Result<void> feed(std::span<const std::byte> in, const Sink& sink) = 0;
    // The input is at its end: an error when the stream is not.
    [[nodiscard]] virtual Result<void> finish(const Sink& sink) = 0;
};

inline constexpr std::size_t magic_size = 6;  // the most bytes make_decoder looks at

// By the first bytes: gzip, zstd, xz, bzip2, zchunk, or plain for all else.
// Errors have a cause and RepoErrc::bad_metadata.
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_decoder(std::span<const std::byte> first);

}  // namespace lastack::repo
