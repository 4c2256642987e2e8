// What an answer to a (range) request means for the bytes at hand (RFC 9110 sections 14 and 15.5.17). Pure.
#pragma once

#include "http/body_framing.hpp"
#include "http/message.hpp"

#include "lastack/request.hpp"
#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lastack::download {

// The value of Content-Range.
struct ContentRange {
    std::optional<std::uint64_t> first;  // unset for the "*/size" form of 416
    std::optional<std::uint64_t> last;   // set with `first`, and not below it
    std::optional<std::uint64_t> total;  // unset for "*"
};

// "bytes 5-9/10", "bytes 5-9/*", "bytes */10"
[[nodiscard]] std::optional<ContentRange> parse_content_range(std::string_view text);

enum class ReplyUse : std::uint8_t {
    from_start,  // 200: the whole file; bytes at hand are thrown away
    append,      // 206: goes on exactly where the bytes at hand end
    complete,    // 416: the bytes at hand are all there is; verify them
    restart,     // 416: the bytes at hand fit no file of this server; ask again from the start
};

struct RangeQuestion {
    std::uint64_t offset = 0;           // bytes at hand; 0: no range was asked for
    std::optional<std::uint64_t> size;  // of the file, when known
    std::uint64_t size_limit = UINT64_MAX;
};

// Errors: DownloadErrc::size_mismatch or too_large when the announced length is wrong, HttpErrc::bad_range for a 206 that was not asked for
// or begins elsewhere, and the status' error for everything that is no success.
[[nodiscard]] Result<ReplyUse> range_reply(const http::ResponseHead& head, const http::Framing& framing, const RangeQuestion& question);

// What of an answer's body is the range that was asked for.
struct PartUse {
    std::uint64_t skip = 0;             // bytes before it
    std::optional<std::uint64_t> take;  // its length; unset: to the end of the body
    bool exact = false;                 // a body with less than `take` was cut short
    bool more_follows = false;          // bytes after it need not be read
};

// The answer to a request for `range`: 206, or 200 by a server that knows no ranges, of which only the range is used. `question` has the
// size expected of the range and the limit. Errors: HttpErrc::bad_range for another part than asked for and for a file that ends before
// the range begins (416); otherwise as range_reply.
[[nodiscard]] Result<PartUse> part_reply(const http::ResponseHead& head, const http::Framing& framing, const ByteRange& range,
                                         const RangeQuestion& question);

// The value of Range.
[[nodiscard]] std::string range_field(const ByteRange& range);

// Cuts the range out of a body as it comes.
class PartCutter {
public:
    explicit PartCutter(const PartUse& use = {}) : use_{use} {}
    [[nodiscard]] std::span<const std::byte> cut(std::span<const std::byte> piece);
    // All is there and the rest of the body is of no use.
    [[nodiscard]] bool is_enough() const { return use_.more_follows && use_.take && taken_ == *use_.take; }
    // At the end of the body. Errors: HttpErrc::truncated; HttpErrc::bad_range when it ended before the range began.
    [[nodiscard]] Result<void> end() const;

private:
    PartUse use_;
    std::uint64_t taken_ = 0;
};

// What to put into If-Range next time: a strong entity tag, else Last-Modified, else nothing.
[[nodiscard]] std::string validator_of(const http::ResponseHead& head);

}  // namespace lastack::download
