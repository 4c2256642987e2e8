#include "http/route.hpp"

#include <utility>

namespace lastack::http {

namespace {

Result<std::optional<Credentials>> credentials_for(const Url& url, const Url& asked, const ConnectionOptions& options) {
    if (url.origin != asked.origin) {
        return std::nullopt;
    }
    const auto refuse = [&](std::string cause) {
        return std::unexpected(Error{.code = Errc::invalid_argument, .url = asked.str(), .cause = std::move(cause)});
    };
    if (!options.username.empty()) {
        Credentials given{.username = options.username, .password = options.password};
        if (has_control_character(given)) {
            return refuse("the user name or password holds a control character");
        }
        return given;
    }
    if (asked.user_info.empty()) {
        return std::nullopt;
    }
    auto decoded = decode_user_info(asked.user_info);
    if (!decoded) {
        return refuse("the user name or password in the URL is malformed");
    }
    return decoded;
}

// A character that neither part can hold divides them: no two users are taken for one.
std::string user_of(const std::string& username, const std::string& password) { return username + '\n' + password; }

bool is_http_proxy(const net::ProxyTarget& proxy) {
    return proxy.scheme == net::ProxyTarget::Scheme::http || proxy.scheme == net::ProxyTarget::Scheme::https;
}

}  // namespace

Result<Route> route_to(const Url& url, const Url& asked, const ConnectionOptions& options, const ProxyEnvironment& environment) {
    auto proxy = choose_proxy(url, options.proxy, environment);
    if (!proxy) {
        return std::unexpected(std::move(proxy.error()));
    }
    auto credentials = credentials_for(url, asked, options);
    if (!credentials) {
        return std::unexpected(std::move(credentials.error()));
    }
    Route route{.credentials = std::move(*credentials)};
    if (*proxy && url.origin.scheme == "http" && is_http_proxy(**proxy)) {
        // One connection to the proxy serves all origins behind it.
        const bool secured = (*proxy)->scheme == net::ProxyTarget::Scheme::https;
        net::Way way{.family = options.ip_family,
                     .user = (*proxy)->username.empty() ? "" : user_of((*proxy)->username, (*proxy)->password)};
        if (secured) {
            way.tls = (*proxy)->tls;
        }
        route.key = {Origin{.scheme = secured ? "https" : "http", .host = (*proxy)->host, .port = (*proxy)->port}, std::move(way)};
        route.forward = std::move(*proxy);
        return route;
    }
    net::Way way{.proxy = std::move(*proxy), .family = options.ip_family};
    if (url.origin.scheme == "https") {
        way.tls = options.tls;
    }
    if (route.credentials) {
        way.user = user_of(route.credentials->username, route.credentials->password);
    }
    route.key = {url.origin, std::move(way)};
    return route;
}

}  // namespace lastack::http
