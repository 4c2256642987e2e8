// Text that came from somewhere else, made safe to show, and small parsing words. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lastack {

// Control characters (C0, DEL, C1), bidirectional overrides, invisible characters and invalid UTF-8 become "\x1b"-style escapes; of the
// combining marks on one character the first eight stay, and "..." stands for the rest; all else stays. Newline and tab are escaped too
// unless `keep_lines`.
enum class KeepLines : bool { no, yes };
[[nodiscard]] std::string printable(std::string_view text, KeepLines keep_lines = KeepLines::no);

// Decimal digits only (no sign, no space, no prefix); nothing for anything else or for overflow.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text);

[[nodiscard]] std::string_view trim(std::string_view text);          // SP and HTAB at both ends
[[nodiscard]] std::string to_lower(std::string_view text);           // ASCII
[[nodiscard]] bool iequals(std::string_view a, std::string_view b);  // ASCII case-insensitive

// Two lower-case digits per byte.
[[nodiscard]] std::string to_hex(std::span<const unsigned char> bytes);

// Split at any of the characters, empty pieces left out.
[[nodiscard]] std::vector<std::string> split(std::string_view text, std::string_view separators);

// "1.2 k", "34 M" as yum prints sizes: 1024-based, three significant places.
[[nodiscard]] std::string format_number(std::uint64_t number);

}  // namespace lastack
