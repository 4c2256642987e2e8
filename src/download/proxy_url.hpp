// "[SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/]" as a proxy. Pure.
#pragma once

#include "net/proxy_target.hpp"

#include "lastack/result.hpp"

#include <string_view>

namespace lastack::download {

// Schemes http (also when none is written), https, socks5, socks5h; port 3128, or 1080 for socks. USER and PASSWORD are percent-decoded.
// Errors: Errc::invalid_argument; nothing of the text but its scheme is in them, for what is wrong may be the password.
[[nodiscard]] Result<net::ProxyTarget> parse_proxy_url(std::string_view text);

// Whether its user name and password can be said in its protocol: no control character, no ':' in the name for HTTP, 255 bytes for SOCKS.
[[nodiscard]] Result<void> check_credentials(const net::ProxyTarget& proxy);

}  // namespace lastack::download
