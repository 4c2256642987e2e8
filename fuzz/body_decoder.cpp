// Bodies whole and in pieces: the same data, the same end, the same verdict.
#include "http/body_decoder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

namespace {

using lastack::http::BodyDecoder;
using lastack::http::Framing;
using lastack::http::FramingKind;

struct Decoded {
    std::string body;
    std::size_t used = 0;
    bool done = false;
    bool failed = false;
    bool complete = false;

    friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode(const Framing& framing, std::span<const std::byte> bytes, std::size_t step) {
    BodyDecoder decoder{framing};
    Decoded out;
    while (!decoder.done() && out.used < bytes.size()) {
        const auto piece = decoder.next(bytes.subspan(out.used, std::min(step, bytes.size() - out.used)));
        if (!piece) {
            out.failed = true;
            out.used = 0;  // where the error is noticed may differ, that it is may not
            return out;
        }
        if (piece->consumed == 0 || piece->data.size() > piece->consumed) {
            std::abort();
        }
        out.used += piece->consumed;
        out.body.append(reinterpret_cast<const char*>(piece->data.data()), piece->data.size());
    }
    out.done = decoder.done();
    out.complete = decoder.end_of_input().has_value();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    Framing framing{.kind = static_cast<FramingKind>(data[0] % 4)};
    if (framing.kind == FramingKind::length) {
        framing.length = data[1];
    }
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(2);
    const Decoded whole = decode(framing, bytes, SIZE_MAX);
    const Decoded pieces = decode(framing, bytes, 1 + data[1] % 32);
    if (whole != pieces || whole.body.size() > bytes.size()) {
        std::abort();
    }
    if (framing.kind == FramingKind::length && whole.done && whole.body.size() != framing.length) {
        std::abort();
    }
    return 0;
}
