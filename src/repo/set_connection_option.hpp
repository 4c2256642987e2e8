// yum.conf's and dnf.conf's options about the way to a server: TLS, proxy, credentials, address family. Pure.
#pragma once

#include "repo/option_value.hpp"
#include "repo/variables.hpp"

#include "lastack/connection_options.hpp"

#include <optional>
#include <string_view>

namespace lastack::repo {

// Nothing when `key` (in lower case) is not one of them. The error never holds a value that may be secret. An empty value, and "_none_" for
// the proxy, switch off what was inherited. Files need not exist: a connection that wants one tells of it.
[[nodiscard]] std::optional<Parsed<void>> set_connection_option(ConnectionOptions& options, std::string_view key, std::string_view value);

// Expands the variables in paths, proxy and credentials, as yum and dnf do. Whether $releasever was wanted and has no value.
[[nodiscard]] bool expand_connection(ConnectionOptions& options, const Variables& variables);

[[nodiscard]] bool is_connection_option(std::string_view key);

// Whether messages must not show what is set: what holds a password by its nature or by mistake.
[[nodiscard]] bool is_secret_option(std::string_view key);

}  // namespace lastack::repo
