// Words of JSON output.
#pragma once

#include <string>
#include <string_view>

namespace lastack::cli {

// In quotes. Control characters and what is no UTF-8 are written as `\x1b`, so that the line is safe to show too.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace lastack::cli
