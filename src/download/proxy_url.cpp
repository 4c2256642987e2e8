#include "download/proxy_url.hpp"

#include "base/text.hpp"
#include "base/url.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>
#include <optional>
#include <utility>

namespace lastack::download {

namespace {

using net::ProxyTarget;

constexpr std::size_t max_proxy_url = 8192;
constexpr std::size_t max_socks_credential = 255;  // RFC 1929 counts them in one byte
constexpr std::size_t shown_scheme = 16;
constexpr std::uint16_t http_proxy_port = 3128;
constexpr std::uint16_t socks_port = 1080;

std::unexpected<Error> bad_proxy(std::string cause, std::string next_step = {}) {
    return std::unexpected(
        Error{.code = Errc::invalid_argument, .phase = Phase::parsing, .cause = std::move(cause), .next_step = std::move(next_step)});
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_scheme(std::string_view text) {
    return !text.empty() && text.size() <= shown_scheme && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    });
}

std::optional<ProxyTarget::Scheme> scheme_of(std::string_view name) {
    constexpr std::pair<std::string_view, ProxyTarget::Scheme> schemes[] = {{"http", ProxyTarget::Scheme::http},
                                                                            {"https", ProxyTarget::Scheme::https},
                                                                            {"socks5", ProxyTarget::Scheme::socks5},
                                                                            {"socks5h", ProxyTarget::Scheme::socks5h}};
    const auto found = std::ranges::find(schemes, name, &std::pair<std::string_view, ProxyTarget::Scheme>::first);
    return found == std::end(schemes) ? std::nullopt : std::optional{found->second};
}

// A '%' without two digits behind it stands for itself: passwords are often written so.
std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool is_socks(ProxyTarget::Scheme scheme) { return scheme == ProxyTarget::Scheme::socks5 || scheme == ProxyTarget::Scheme::socks5h; }

void read_user_info(std::string_view user_info, ProxyTarget& proxy) {
    const auto colon = user_info.find(':');
    proxy.username = percent_decode(user_info.substr(0, colon));
    proxy.password = colon == std::string_view::npos ? std::string{} : percent_decode(user_info.substr(colon + 1));
}

// The rules for host and port are those of any URL; only the port that is meant when none is written differs.
Result<void> read_host(std::string_view host_and_port, ProxyTarget& proxy) {
    const auto url = parse_url("http://" + std::string{host_and_port});
    if (!url) {
        return bad_proxy(url.error().cause);
    }
    proxy.host = url->origin.host;
    in6_addr ignored{};
    if (host_and_port.starts_with('[') && inet_pton(AF_INET6, proxy.host.c_str(), &ignored) != 1) {
        return bad_proxy("the IPv6 address is not one");
    }
    const auto colon = host_and_port.find(':', host_and_port.starts_with('[') ? host_and_port.find(']') : 0);
    if (colon != std::string_view::npos && colon + 1 < host_and_port.size()) {
        proxy.port = url->origin.port;
    } else {
        proxy.port = is_socks(proxy.scheme) ? socks_port : http_proxy_port;
    }
    return {};
}

}  // namespace

Result<ProxyTarget> parse_proxy_url(std::string_view text) {
    if (text.empty() || text.size() > max_proxy_url) {
        return bad_proxy(text.empty() ? "its URL is empty" : "its URL is longer than 8192 bytes");
    }
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F; })) {
        return bad_proxy("its URL holds a space, a control character or another one that must be percent-encoded");
    }
    ProxyTarget proxy;
    const auto scheme_end = text.find("://");
    if (scheme_end != std::string_view::npos) {
        const std::string name = to_lower(text.substr(0, scheme_end));
        const auto scheme = scheme_of(name);
        if (!scheme) {
            return bad_proxy(
                (is_scheme(name) ? "the scheme '" + name + "'" : std::string{"its scheme"}) + " is not http, https, socks5 or socks5h",
                "write http://HOST:PORT");
        }
        proxy.scheme = *scheme;
        text.remove_prefix(scheme_end + 3);
    }
    const auto path = text.find_first_of("/?#");
    if (path != std::string_view::npos && text.substr(path) != "/") {
        return bad_proxy("something follows its host and port", "percent-encode '/', '?' and '#' in a user name or password");
    }
    text = text.substr(0, path);
    if (const auto at = text.rfind('@'); at != std::string_view::npos) {
        if (text.find('@') != at) {
            return bad_proxy("its URL has two '@'", "write %40 for an '@' in a user name or password");
        }
        read_user_info(text.substr(0, at), proxy);
        text.remove_prefix(at + 1);
    }
    if (auto read = read_host(text, proxy); !read) {
        return std::unexpected(std::move(read.error()));
    }
    if (auto checked = check_credentials(proxy); !checked) {
        return std::unexpected(std::move(checked.error()));
    }
    return proxy;
}

Result<void> check_credentials(const ProxyTarget& proxy) {
    if (std::ranges::any_of(proxy.username, is_control) || std::ranges::any_of(proxy.password, is_control)) {
        return bad_proxy("its user name or password holds a control character");
    }
    if (is_socks(proxy.scheme) && (proxy.username.size() > max_socks_credential || proxy.password.size() > max_socks_credential)) {
        return bad_proxy("its user name or password is longer than 255 bytes, which SOCKS does not allow");
    }
    if (!is_socks(proxy.scheme) && proxy.username.find(':') != std::string::npos) {
        return bad_proxy("its user name holds a ':', which HTTP does not allow");
    }
    return {};
}

}  // namespace lastack::download
