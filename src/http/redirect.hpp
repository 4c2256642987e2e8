// Where an answer sends us (RFC 9110 section 15.4). Pure.
#pragma once

#include "http/message.hpp"

#include "lastack/result.hpp"

#include <optional>

namespace lastack::http {

constexpr unsigned max_redirects = 10;

// Nothing: not a redirect. Errors: HttpErrc::bad_redirect for a missing or unusable Location, a scheme other than http and https, and a
// step from https down to http.
[[nodiscard]] Result<std::optional<Url>> redirect_target(const Url& from, const ResponseHead& head);

}  // namespace lastack::http
