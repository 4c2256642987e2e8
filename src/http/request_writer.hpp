// A request as bytes (RFC 9112 section 3). Pure.
#pragma once

#include "http/message.hpp"

#include "lastack/result.hpp"

#include <string>

namespace lastack::http {

// Errors: Errc::invalid_argument when a field would break the line structure (CR, LF, NUL or another control character).
[[nodiscard]] Result<std::string> write_request(const Request& request);

}  // namespace lastack::http
