// Several parts of a file in one answer: multipart/byteranges (RFC 9110 section 14.6). Pure.
#pragma once

#include "lastack/request.hpp"
#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::download {

inline constexpr std::size_t max_ranges = 256;        // of one request
inline constexpr std::uint64_t part_overhead = 2048;  // most bytes of an answer that surround one part
inline constexpr std::size_t max_part_head = 1024;

// The value of Range.
[[nodiscard]] std::string range_field(std::span<const ByteRange> ranges);

// The bytes of each range, in the order asked for. `content_type` is the answer's; of an answer with a single part, `content_range` says
// which. A server may have joined ranges; every part must hold bytes that were asked for, and no more parts may come than ranges.
// Errors: HttpErrc::bad_range: no such body, without its end, parts that overlap or lie elsewhere, a range that is not whole in one part.
[[nodiscard]] Result<std::vector<std::string>> parts_of(std::string_view body, std::string_view content_type,
                                                        std::span<const std::string_view> content_ranges,
                                                        std::span<const ByteRange> ranges);

}  // namespace lastack::download
