// Base64 (RFC 4648 section 4). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lastack {

// With padding, without line breaks.
[[nodiscard]] std::string base64_encode(std::string_view bytes);

// With padding, without line breaks or anything else between; nothing for what base64_encode would not have written.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace lastack
