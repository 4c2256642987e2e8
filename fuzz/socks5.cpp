// A SOCKS5 proxy's answers, whole and in pieces: both must come to the same, and no byte behind the last answer may ever be wanted.
#include "net/socks5_handshake.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

namespace {

struct Outcome {
    std::size_t used = 0;
    bool done = false;
    std::string cause;  // when it failed
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome talk(std::span<const std::byte> bytes, std::size_t step, bool login) {
    lastack::net::Socks5Request request{.host = "example.org", .port = 443};
    if (login) {
        request.credentials = lastack::net::Socks5Credentials{"anna", "s3cret"};
    }
    auto handshake = lastack::net::Socks5Handshake::make(request).value();
    Outcome outcome;
    while (!handshake.done() && outcome.used < bytes.size()) {
        (void)handshake.take_output();
        const std::size_t n = std::min({handshake.wanted(), step, bytes.size() - outcome.used});
        if (n == 0) {
            std::abort();
        }
        const auto fed = handshake.feed(bytes.subspan(outcome.used, n));
        outcome.used += n;
        if (!fed) {
            outcome.cause = fed.error().cause;
            outcome.used = 0;  // a refusal may be seen before all that was wanted
            return outcome;
        }
    }
    outcome.done = handshake.done();
    if (outcome.done != (handshake.wanted() == 0)) {
        std::abort();
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const bool login = (data[0] & 1U) != 0;
    const std::size_t step = 1 + data[0] / 2 % 8;
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
    const Outcome whole = talk(bytes, SIZE_MAX, login);
    if (whole != talk(bytes, step, login) || whole.cause.find("s3cret") != std::string::npos) {
        std::abort();
    }
    // What lies behind the last answer changes nothing.
    if (whole.done && talk(bytes.first(whole.used), SIZE_MAX, login) != whole) {
        std::abort();
    }
    // The same without regard to what is wanted: more than that is not looked at.
    auto careless = lastack::net::Socks5Handshake::make({.host = "example.org", .port = 443}).value();
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        (void)careless.feed(bytes.subspan(at, std::min(step, bytes.size() - at)));
    }
    return 0;
}
