// What a server says during and after a TLS handshake, in pieces of any size: no crash, no leak, and an end. Nothing of it can be a whole
// handshake, so what is tried is all that comes before the keys are agreed on.
#include "net/tls_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace {

using namespace lastack;
using namespace lastack::net;

constexpr std::size_t most_reads = 1U << 20;

// The server: says `bytes` in pieces, then ends; what it is told is dropped.
class Memory final : public Stream {
public:
    Memory(std::span<const std::byte> bytes, std::size_t piece) : bytes_{bytes}, piece_{piece} {}

    Task<Result<std::size_t>> read_some(std::span<std::byte> buffer, TimePoint) override { co_return next(buffer); }
    Task<Written> write_all(std::span<const std::byte> bytes, TimePoint) override { co_return Written{.bytes = bytes.size(), .error = {}}; }
    void watch(std::move_only_function<void(Input)>) override {}
    void unwatch() override {}
    Input probe() override { return bytes_.empty() ? Input::end : Input::bytes; }
    Taken take(std::span<std::byte> buffer) override {
        const std::size_t n = next(buffer);
        return {.bytes = n, .then = bytes_.empty() ? Input::end : Input::bytes};
    }
    std::size_t give(std::span<const std::byte> bytes) noexcept override { return bytes.size(); }
    void close(Close) noexcept override {}
    void interrupt() noexcept override {}
    const std::string& peer() const override { return peer_; }

private:
    std::size_t next(std::span<std::byte> buffer) {
        if (++reads_ > most_reads) {
            std::abort();  // it spins
        }
        const std::size_t n = std::min({piece_, buffer.size(), bytes_.size()});
        std::memcpy(buffer.data(), bytes_.data(), n);
        bytes_ = bytes_.subspan(n);
        return n;
    }

    std::span<const std::byte> bytes_;
    std::size_t piece_;
    std::size_t reads_ = 0;
    std::string peer_ = "192.0.2.1:443";
};

Task<void> talk(std::unique_ptr<Stream> server, std::shared_ptr<TlsContext> context) {
    auto stream = co_await tls_connect(std::move(server), std::move(context), {.host = "example.org", .session_key = "example.org:443"},
                                       TimePoint::max());
    if (!stream && (stream.error().cause.empty() || stream.error().phase != Phase::securing)) {
        std::abort();
    }
    if (stream) {
        (void)(*stream)->probe();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::shared_ptr<TlsContext> context =
        TlsContext::load({.verify = false, .ca = {}, .client_certificate = {}, .client_key = {}}).value();
    if (size == 0) {
        return 0;
    }
    const std::size_t piece = data[0] == 0 ? SIZE_MAX : data[0];
    asio::io_context reactor;
    asio::co_spawn(reactor, talk(std::make_unique<Memory>(std::as_bytes(std::span(data, size)).subspan(1), piece), context),
                   asio::detached);
    reactor.run();
    return 0;
}
