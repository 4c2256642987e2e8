// Base64 (RFC 4648 section 4). Pure.
#pragma once

#include <string>
#include <string_view>

namespace lastack {

// With padding, without line breaks.
[[nodiscard]] std::string base64_encode(std::string_view bytes);

}  // namespace lastack
