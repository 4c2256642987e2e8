// A request as bytes (RFC 9112 section 3). Pure.
#pragma once

#include "http/message.hpp"

#include "lastack/result.hpp"

#include <string>

namespace lastack::http {

// How this request is written on the connection that it goes over.
struct WrittenFor {
    bool proxy = false;               // with the absolute URL, for a proxy that it is handed to
    std::string authorization;        // the value of Authorization; empty: none
    std::string proxy_authorization;  // that of Proxy-Authorization
};

// The target as the request line has it.
[[nodiscard]] std::string request_target(const Request& request, bool for_proxy);

// The head, and the body of a POST. Errors: Errc::invalid_argument when a field would break the line structure (CR, LF, NUL or another
// control character).
[[nodiscard]] Result<std::string> write_request(const Request& request, const WrittenFor& way = {});

}  // namespace lastack::http
