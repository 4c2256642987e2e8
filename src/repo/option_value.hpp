// yum's value syntax: booleans, seconds, bytes, lists. Pure. The error is a sentence part that names the value and what was expected.
#pragma once

#include "repo/rate_limit.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

template <typename T>
using Parsed = std::expected<T, std::string>;

// 0 1 no yes false true off on, in any case.
[[nodiscard]] Parsed<bool> parse_boolean(std::string_view text);

// "90", "90s", "1.5m", "1.2h", "2d"; "never" and "-1" are no value. At most ten years.
[[nodiscard]] Parsed<std::optional<std::chrono::milliseconds>> parse_seconds(std::string_view text);

// "1000", "1.5k", "2M", "1g"; 1024-based.
[[nodiscard]] Parsed<std::uint64_t> parse_bytes(std::string_view text);

// As parse_bytes, or "50%" of the bandwidth, to 100.
[[nodiscard]] Parsed<RateLimit> parse_throttle(std::string_view text);

// "<off>" is yum's other word for 0.
[[nodiscard]] Parsed<std::uint64_t> parse_number(std::string_view text, std::uint64_t lowest, std::uint64_t highest);

// Split at commas, spaces and line ends.
[[nodiscard]] std::vector<std::string> parse_list(std::string_view text);

}  // namespace lastack::repo
