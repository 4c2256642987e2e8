#include "http/tunnel.hpp"

#include "http/error.hpp"
#include "http/head_parser.hpp"
#include "net/error.hpp"
#include "net/lifecycle.hpp"

#include <utility>
#include <vector>

namespace lastack::http {

namespace {

constexpr std::size_t read_size = std::size_t{8} << 10;

Error in_tunnel(Error error) {
    error.phase = Phase::tunnelling;
    if (error.code == Errc::timed_out) {
        error.cause = "the proxy did not answer in time";
    }
    return error;
}

}  // namespace

net::Task<Result<ResponseHead>> ask_for_tunnel(net::Stream& stream, TunnelRequest request, TimePoint deadline) {
    std::string text = "CONNECT " + request.authority + " HTTP/1.1\r\nHost: " + request.authority + "\r\n";
    if (!request.user_agent.empty()) {
        text += "User-Agent: " + request.user_agent + "\r\n";
    }
    if (!request.authorization.empty()) {
        text += "Proxy-Authorization: " + request.authorization + "\r\n";
    }
    text += "\r\n";
    auto written = co_await stream.write_all(std::as_bytes(std::span{text}), deadline);
    if (written.error && written.error->code != net::NetErrc::reset) {  // what the proxy said before a reset is still there
        co_return std::unexpected(in_tunnel(std::move(*written.error)));
    }
    HeadParser parser;
    ResponseHead head;
    unsigned informational = 0;
    std::vector<std::byte> buffer(read_size);
    while (!parser.done()) {
        auto n = co_await stream.read_some(buffer, deadline);
        if (!n) {
            co_return std::unexpected(in_tunnel(std::move(n.error())));
        }
        if (*n == 0) {
            co_return std::unexpected(Error{
                .code = net::NetErrc::closed, .phase = Phase::tunnelling, .cause = "the proxy closed the connection without an answer"});
        }
        auto unread = std::span<const std::byte>{buffer}.first(*n);
        while (!unread.empty() && !parser.done()) {
            auto used = parser.feed(unread);
            if (!used) {
                co_return std::unexpected(in_tunnel(std::move(used.error())));
            }
            unread = unread.subspan(*used);
            if (!parser.done()) {
                continue;
            }
            head = parser.take();
            if (head.status >= 200) {
                break;
            }
            if (++informational > net::Lifecycle::most_informational) {
                co_return std::unexpected(Error{.code = HttpErrc::unexpected_status,
                                                .phase = Phase::tunnelling,
                                                .cause = "the proxy sends one provisional answer after the other"});
            }
            parser = HeadParser{};
        }
        if (parser.done() && head.status < 300 && !unread.empty()) {
            co_return std::unexpected(Error{.code = net::NetErrc::unsolicited,
                                            .phase = Phase::tunnelling,
                                            .cause = "bytes came through the tunnel before it was used"});
        }
    }
    co_return head;
}

}  // namespace lastack::http
