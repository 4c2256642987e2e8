// What an answer to a (range) request means for the bytes at hand (RFC 9110 sections 14 and 15.5.17). Pure.
#pragma once

#include "http/body_framing.hpp"
#include "http/message.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace lastack::download {

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

// What to put into If-Range next time: a strong entity tag, else Last-Modified, else nothing.
[[nodiscard]] std::string validator_of(const http::ResponseHead& head);

}  // namespace lastack::download
