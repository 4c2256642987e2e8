// The head of an answer, whole and in pieces: both must come to the same, and the framing drawn from it must never depend on the cut.
#include "http/head_parser.hpp"

#include "http/body_framing.hpp"
#include "http/redirect.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

namespace {

struct Parsed {
    std::optional<lastack::http::ResponseHead> head;
    std::size_t used = 0;
    bool failed = false;
};

Parsed parse(std::span<const std::byte> bytes, std::size_t step) {
    lastack::http::HeadParser parser;
    Parsed parsed;
    while (!parser.done() && parsed.used < bytes.size()) {
        const auto piece = bytes.subspan(parsed.used, std::min(step, bytes.size() - parsed.used));
        const auto used = parser.feed(piece);
        if (!used) {
            parsed.failed = true;
            return parsed;
        }
        parsed.used += *used;
    }
    if (parser.done()) {
        parsed.head = parser.take();
    }
    return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t step = 1 + data[0] % 16;
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
    const Parsed whole = parse(bytes, SIZE_MAX);
    const Parsed pieces = parse(bytes, step);
    if (whole.failed != pieces.failed || whole.head != pieces.head || (whole.head && whole.used != pieces.used)) {
        std::abort();
    }
    if (whole.head) {
        static const lastack::Url from = lastack::parse_url("https://base/a/b").value();
        const auto framing = lastack::http::body_framing(lastack::http::Method::get, *whole.head);
        if (framing) {
            (void)lastack::http::keeps_connection(*whole.head, *framing);
        }
        const auto target = lastack::http::redirect_target(from, *whole.head);
        if (target && *target && (*target)->origin.scheme != "https") {
            std::abort();
        }
    }
    return 0;
}
