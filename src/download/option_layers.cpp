#include "download/option_layers.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace lastack::download {

namespace {

// Path segments are compared whole: what belongs to /pub is not for /public.
bool lies_below(const Url& url, const Url& base) {
    const std::string_view path = url.path();
    std::string_view folder = base.path();
    while (folder.ends_with('/')) {
        folder.remove_suffix(1);
    }
    return url.origin == base.origin && path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

TlsOptions tls_over(TlsOptions above, const TlsOptions& below) {
    above.verify = above.verify.over(below.verify);
    if (above.ca.empty()) {
        above.ca = below.ca;
    }
    if (above.client_certificate.empty() && above.client_key.empty()) {
        above.client_certificate = below.client_certificate;
        above.client_key = below.client_key;
        above.client_key_password = below.client_key_password;
    }
    return above;
}

ConnectionOptions connection_over(ConnectionOptions above, const ConnectionOptions& below) {
    above.tls = tls_over(std::move(above.tls), below.tls);
    // The credentials of one proxy are not for another.
    if (!above.proxy.url) {
        above.proxy.url = below.proxy.url;
        above.proxy.tls = tls_over(std::move(above.proxy.tls), below.proxy.tls);
        if (above.proxy.username.empty() && above.proxy.password.empty()) {
            above.proxy.username = below.proxy.username;
            above.proxy.password = below.proxy.password;
        }
    }
    if (above.username.empty() && above.password.empty()) {
        above.username = below.username;
        above.password = below.password;
    }
    above.ip_family = above.ip_family.over(below.ip_family);
    return above;
}

}  // namespace

RequestOptions options_over(RequestOptions above, const RequestOptions& below) {
    above.timeout = above.timeout ? above.timeout : below.timeout;
    above.retries = above.retries.over(below.retries);
    above.minrate = above.minrate ? above.minrate : below.minrate;
    above.time_budget = above.time_budget ? above.time_budget : below.time_budget;
    above.keepalive = above.keepalive.over(below.keepalive);
    if (above.user_agent.empty()) {
        above.user_agent = below.user_agent;
    }
    above.mirrors.order = above.mirrors.order.over(below.mirrors.order);
    above.mirrors.max_connections = above.mirrors.max_connections.over(below.mirrors.max_connections);
    if (!above.mirrors.on_failure) {
        above.mirrors.on_failure = below.mirrors.on_failure;
    }
    auto headers = below.headers;
    std::erase_if(headers, [&above](const auto& field) {
        return std::ranges::any_of(above.headers, [&field](const auto& own) { return iequals(own.first, field.first); });
    });
    above.headers.insert(above.headers.begin(), std::make_move_iterator(headers.begin()), std::make_move_iterator(headers.end()));
    above.no_cache = above.no_cache.over(below.no_cache);
    above.rate_limit = above.rate_limit.over(below.rate_limit);
    above.max_header_size = above.max_header_size.over(below.max_header_size);
    above.connection = connection_over(std::move(above.connection), below.connection);
    return above;
}

OptionLayers::OptionLayers(RequestOptions client, const std::vector<MirrorOptions>& mirrors) : client_{std::move(client)}, empty_{false} {
    for (const MirrorOptions& mirror : mirrors) {
        if (auto url = parse_url(mirror.url)) {
            mirrors_.push_back({.base = std::move(*url), .options = mirror.options});
        }
    }
}

RequestOptions OptionLayers::of_file(const RequestOptions& request) const { return options_over(request, client_); }

RequestOptions OptionLayers::at(const Url& url, const RequestOptions& request) const {
    const Mirror* nearest = nullptr;
    for (const Mirror& mirror : mirrors_) {
        if (lies_below(url, mirror.base) && (nearest == nullptr || mirror.base.path().size() > nearest->base.path().size())) {
            nearest = &mirror;
        }
    }
    if (nearest == nullptr) {
        return of_file(request);
    }
    return options_over(options_over(request, nearest->options), client_);
}

}  // namespace lastack::download
