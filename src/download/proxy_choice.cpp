#include "download/proxy_choice.hpp"

#include "base/text.hpp"
#include "download/proxy_url.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdlib>
#include <utility>

namespace lastack::download {

namespace {

using net::ProxyTarget;

std::string variable(const char* name, const char* second_name = nullptr) {
    const char* value = std::getenv(name);
    if ((value == nullptr || *value == '\0') && second_name != nullptr) {
        value = std::getenv(second_name);
    }
    return value == nullptr ? std::string{} : std::string{value};
}

struct IpAddress {
    std::array<unsigned char, 16> bytes{};
    unsigned bits = 0;  // 32 or 128
};

std::optional<IpAddress> parse_ip(std::string_view text) {
    const std::string terminated{text};
    IpAddress address;
    if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
        address.bits = 32;
        return address;
    }
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
        address.bits = 128;
        return address;
    }
    return std::nullopt;
}

bool share_prefix(const IpAddress& a, const IpAddress& b, unsigned bits) {
    const unsigned whole = bits / 8;
    if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || ((a.bytes[whole] ^ b.bytes[whole]) >> (8 - rest)) == 0;
}

// One entry of no_proxy, taken apart.
struct Entry {
    std::string_view host;  // without brackets
    std::optional<std::string_view> prefix;
    std::optional<std::string_view> port;
};

Entry take_apart(std::string_view text) {
    Entry entry;
    const auto bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
    std::string_view rest;
    if (bracket != std::string_view::npos) {
        entry.host = text.substr(1, bracket - 1);
        rest = text.substr(bracket + 1);
    } else {
        // Two colons without brackets are an IPv6 address, which then has no port.
        const bool v6 = std::ranges::count(text, ':') > 1;
        const auto end = text.find_first_of(v6 ? "/" : "/:");
        entry.host = text.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    }
    if (rest.starts_with('/')) {
        const auto colon = rest.find(':');
        entry.prefix = rest.substr(1, colon == std::string_view::npos ? colon : colon - 1);
        rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon);
    }
    if (!rest.empty()) {
        entry.port = rest.starts_with(':') ? rest.substr(1) : rest;
    }
    return entry;
}

bool covers_address(const Entry& entry, const IpAddress& address) {
    const auto listed = parse_ip(entry.host);
    if (!listed || listed->bits != address.bits) {
        return false;
    }
    const auto bits = entry.prefix ? parse_decimal(*entry.prefix) : std::optional<std::uint64_t>{address.bits};
    return bits && *bits <= address.bits && share_prefix(*listed, address, static_cast<unsigned>(*bits));
}

bool covers_name(const Entry& entry, std::string_view name) {
    std::string_view listed = entry.host;
    if (listed.ends_with('.')) {
        listed.remove_suffix(1);
    }
    if (listed.starts_with('.')) {
        listed.remove_prefix(1);
    }
    if (listed.empty() || entry.prefix || listed.size() > name.size() || !iequals(name.substr(name.size() - listed.size()), listed)) {
        return false;
    }
    return listed.size() == name.size() || name[name.size() - listed.size() - 1] == '.';
}

struct Source {
    std::string_view url;
    std::string_view name;  // for messages
};

Source find_in_environment(const Url& url, const ProxyEnvironment& environment) {
    const bool https = url.origin.scheme == "https";
    const std::string& own = https ? environment.https_proxy : environment.http_proxy;
    if (!own.empty()) {
        return {own, https ? "https_proxy of the environment" : "http_proxy of the environment"};
    }
    return {environment.all_proxy, "all_proxy of the environment"};
}

Result<ProxyTarget> with_credentials(std::string_view url, const ProxyOptions& options) {
    auto proxy = parse_proxy_url(url);
    if (!proxy) {
        return proxy;
    }
    if (!options.username.empty()) {
        proxy->username = options.username;
        proxy->password = options.password;
    } else if (!options.password.empty() && !proxy->username.empty()) {
        proxy->password = options.password;
    }
    if (proxy->scheme == ProxyTarget::Scheme::https) {
        proxy->tls = options.tls;
    }
    if (auto checked = check_credentials(*proxy); !checked) {
        return std::unexpected(std::move(checked.error()));
    }
    return proxy;
}

Result<std::optional<ProxyTarget>> proxy_of(Source source, const ProxyOptions& options) {
    auto proxy = with_credentials(source.url, options);
    if (!proxy) {
        proxy.error().cause = "the proxy (" + std::string{source.name} + ") cannot be used: " + proxy.error().cause;
        return std::unexpected(std::move(proxy.error()));
    }
    return std::optional{*std::move(proxy)};
}

}  // namespace

ProxyEnvironment read_proxy_environment() {
    return {.http_proxy = variable("http_proxy"),
            .https_proxy = variable("https_proxy", "HTTPS_PROXY"),
            .all_proxy = variable("all_proxy", "ALL_PROXY"),
            .no_proxy = variable("no_proxy", "NO_PROXY")};
}

bool is_exempt(const Origin& origin, std::string_view no_proxy) {
    constexpr std::string_view separators = ", \t\r\n";
    const auto address = parse_ip(origin.host);
    while (true) {
        no_proxy.remove_prefix(std::min(no_proxy.find_first_not_of(separators), no_proxy.size()));
        if (no_proxy.empty()) {
            return false;
        }
        const std::string_view text = no_proxy.substr(0, no_proxy.find_first_of(separators));
        no_proxy.remove_prefix(text.size());
        if (text == "*") {
            return true;
        }
        const Entry entry = take_apart(text);
        const bool covers = address ? covers_address(entry, *address) : covers_name(entry, origin.host);
        if (covers && (!entry.port || parse_decimal(*entry.port) == std::optional<std::uint64_t>{origin.port})) {
            return true;
        }
    }
}

Result<std::optional<ProxyTarget>> choose_proxy(const Url& url, const ProxyOptions& options, const ProxyEnvironment& environment) {
    if (options.url) {
        if (options.url->empty() || iequals(*options.url, no_proxy_word)) {
            return std::nullopt;
        }
        return proxy_of({*options.url, "option proxy"}, options);
    }
    const Source source = find_in_environment(url, environment);
    if (source.url.empty() || is_exempt(url.origin, environment.no_proxy)) {
        return std::nullopt;
    }
    return proxy_of(source, options);
}

}  // namespace lastack::download
