// Which proxy, if any, a URL is asked through: the options' one, else the environment's, as curl reads it. Pure but for
// read_proxy_environment.
#pragma once

#include "base/url.hpp"
#include "net/proxy_target.hpp"

#include "lastack/connection_options.hpp"
#include "lastack/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lastack::download {

// Empty is unset.
struct ProxyEnvironment {
    std::string http_proxy;
    std::string https_proxy;
    std::string all_proxy;  // for a scheme without a variable of its own
    std::string no_proxy;
};

// http_proxy in lower case only (a web server may set HTTP_PROXY from a request's field); the others in lower case, else in capitals.
[[nodiscard]] ProxyEnvironment read_proxy_environment();

// Whether a host is listed in `no_proxy`: names and IP addresses separated by commas or spaces. A name, with or without a leading dot,
// stands for itself and all names below it; an address may be a network ("10.0.0.0/8", "fd00::/8"); ":PORT" limits an entry to that port;
// "*" is every host. localhost and 127.0.0.1 are like any other: asked through the proxy unless listed.
[[nodiscard]] bool is_exempt(const Origin& origin, std::string_view no_proxy);

// Nothing: the URL's host is asked itself. no_proxy has a say about the environment's proxies only. Errors: Errc::invalid_argument for a
// proxy that is no usable one; `cause` says where it was set, and shows nothing of it.
[[nodiscard]] Result<std::optional<net::ProxyTarget>> choose_proxy(const Url& url, const ProxyOptions& options,
                                                                   const ProxyEnvironment& environment);

// The spelling of `ProxyOptions::url` that asks for no proxy, besides the empty one; in any case.
inline constexpr std::string_view no_proxy_word = "_none_";

}  // namespace lastack::download
