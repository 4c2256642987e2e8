#include "base/url.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace lastack {

namespace {

constexpr std::size_t max_url_length = 8192;
constexpr std::size_t max_host_length = 255;

std::unexpected<Error> bad_url(std::string_view text, std::string cause) {
    return std::unexpected(Error{.code = Errc::invalid_argument,
                                 .phase = Phase::parsing,
                                 .url = redact_url(text.substr(0, 200)),
                                 .cause = std::move(cause),
                                 .next_step = ""});
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_unsafe(char c) {
    const auto u = static_cast<unsigned char>(c);
    return u <= 0x20 || u >= 0x7F || c == '\\' || c == '"' || c == '<' || c == '>' || c == '^' || c == '`' || c == '{' || c == '|' ||
           c == '}';
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > max_host_length || host.front() == '.' || host.back() == '.' ||
        host.find("..") != std::string_view::npos) {
        return false;
    }
    return std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

bool is_ipv6_literal(std::string_view host) {
    return host.size() >= 2 && host.size() <= 45 && host.find(':') != std::string_view::npos &&
           std::ranges::all_of(host, [](char c) { return is_hex(c) || c == ':' || c == '.'; });
}

struct Authority {
    std::string host;
    std::string_view port;
};

Result<Authority> split_authority(std::string_view text, std::string_view authority) {
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos || !is_ipv6_literal(authority.substr(1, end - 1))) {
            return bad_url(text, "the IPv6 address is not one");
        }
        const std::string_view rest = authority.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') {
            return bad_url(text, "something follows the IPv6 address");
        }
        return Authority{to_lower(authority.substr(1, end - 1)), rest.empty() ? rest : rest.substr(1)};
    }
    const auto colon = authority.find(':');
    const std::string_view host = authority.substr(0, colon);
    if (!is_host_name(host)) {
        return bad_url(text, host.empty() ? "the host is missing" : "the host name holds a character that is not allowed");
    }
    return Authority{to_lower(host), colon == std::string_view::npos ? std::string_view{} : authority.substr(colon + 1)};
}

// "/a/./b/../c" → "/a/c" (RFC 3986 section 5.2.4), on the path alone.
std::string remove_dot_segments(std::string_view path) {
    std::vector<std::string_view> kept;
    std::string_view rest = path;
    bool ends_with_slash = false;
    while (!rest.empty()) {
        rest.remove_prefix(1);  // the '/' before the segment
        const auto end = rest.find('/');
        const std::string_view segment = rest.substr(0, end);
        const bool last = end == std::string_view::npos;
        if (segment == "..") {
            if (!kept.empty()) {
                kept.pop_back();
            }
            ends_with_slash = last;
        } else if (segment == ".") {
            ends_with_slash = last;
        } else if (last && segment.empty()) {
            ends_with_slash = true;
        } else {
            kept.push_back(segment);
            ends_with_slash = false;
        }
        rest = last ? std::string_view{} : rest.substr(end);
    }
    std::string out;
    for (const std::string_view segment : kept) {
        out += '/';
        out += segment;
    }
    if (ends_with_slash || out.empty()) {
        out += '/';
    }
    return out;
}

std::string percent_encode_path(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool valid_escape = c == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
        if (is_unsafe(c) || c == '?' || c == '#' || (c == '%' && !valid_escape)) {
            const auto u = static_cast<unsigned char>(c);
            out += '%';
            out += digits[u >> 4];
            out += digits[u & 0xF];
        } else {
            out += c;
        }
    }
    return out;
}

int hex_value(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
            out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : scheme == "ftp" ? 21 : 80; }

}  // namespace

std::string to_string(const Origin& origin) {
    const bool v6 = origin.host.find(':') != std::string::npos;
    return origin.scheme + "://" + (v6 ? "[" + origin.host + "]" : origin.host) + ":" + std::to_string(origin.port);
}

std::string Url::host_field() const {
    const bool v6 = origin.host.find(':') != std::string::npos;
    std::string out = v6 ? "[" + origin.host + "]" : origin.host;
    if (origin.port != default_port(origin.scheme)) {
        out += ":" + std::to_string(origin.port);
    }
    return out;
}

std::string Url::str() const { return origin.scheme + "://" + host_field() + target; }

std::string_view Url::path() const { return std::string_view{target}.substr(0, target.find('?')); }

std::string redact_url(std::string_view text) {
    const auto scheme_end = text.find("://");
    const auto begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
    const auto authority_end = text.find_first_of("/?#", begin);
    auto at = text.substr(0, authority_end).rfind('@');
    if (at == std::string_view::npos || at < begin) {
        // A password with a bare '/' ends the authority too early: what should be a port is no number then.
        const std::string_view authority =
            text.substr(begin, authority_end == std::string_view::npos ? authority_end : authority_end - begin);
        const auto colon = authority.starts_with('[') ? std::string_view::npos : authority.find(':');
        const bool is_port = colon == std::string_view::npos || colon + 1 == authority.size() || parse_decimal(authority.substr(colon + 1));
        at = is_port ? std::string_view::npos : text.rfind('@');
        if (at == std::string_view::npos || at < begin) {
            return std::string{text};
        }
    }
    return std::string{text.substr(0, begin)} + std::string{text.substr(at + 1)};
}

Result<Url> parse_url(std::string_view text, Schemes schemes) {
    if (text.empty() || text.size() > max_url_length) {
        return bad_url(text, text.empty() ? "the URL is empty" : "the URL is longer than 8192 bytes");
    }
    if (std::ranges::any_of(text, is_unsafe)) {
        return bad_url(text, "the URL holds a space, a control character or another character that must be percent-encoded");
    }
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        return bad_url(text, "the URL has no scheme; http://HOST/PATH is expected");
    }
    Url url;
    url.origin.scheme = to_lower(text.substr(0, scheme_end));
    const bool takes_ftp = schemes == Schemes::http_and_ftp;
    if (url.origin.scheme != "http" && url.origin.scheme != "https" && !(takes_ftp && url.origin.scheme == "ftp")) {
        return bad_url(text, "the scheme '" + printable(url.origin.scheme.substr(0, 32)) + "' is not http" +
                                 (takes_ftp ? ", https or ftp" : " or https"));
    }
    std::string_view rest = text.substr(scheme_end + 3);
    const auto authority_end = rest.find_first_of("/?#");
    std::string_view authority = rest.substr(0, authority_end);
    rest = authority_end == std::string_view::npos ? std::string_view{} : rest.substr(authority_end);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        if (authority.find('@') != at) {
            return bad_url(text, "the URL has two '@' before its path");
        }
        url.user_info = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    auto split_result = split_authority(text, authority);
    if (!split_result) {
        return std::unexpected(std::move(split_result.error()));
    }
    url.origin.host = std::move(split_result->host);
    url.origin.port = default_port(url.origin.scheme);
    if (!split_result->port.empty()) {
        const auto port = parse_decimal(split_result->port);
        if (!port || *port == 0 || *port > 65535) {
            return bad_url(text, "the port is not a number from 1 to 65535");
        }
        url.origin.port = static_cast<std::uint16_t>(*port);
    }
    url.target = rest.substr(0, rest.find('#'));
    if (!url.target.starts_with('/')) {
        url.target.insert(0, "/");
    }
    return url;
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
    reference = reference.substr(0, reference.find('#'));
    const auto colon = reference.find(':');
    if (colon != std::string_view::npos && colon < reference.find_first_of("/?")) {
        return parse_url(reference);
    }
    const std::string prefix = base.origin.scheme + ":";
    if (reference.starts_with("//")) {
        return parse_url(prefix + std::string{reference});
    }
    const std::string authority = prefix + "//" + base.host_field();
    const auto query_at = reference.find('?');
    const std::string_view path = reference.substr(0, query_at);
    const std::string_view query = query_at == std::string_view::npos ? std::string_view{} : reference.substr(query_at);
    if (path.empty()) {
        return parse_url(authority + (query.empty() ? base.target : std::string{base.path()} + std::string{query}));
    }
    std::string merged{path};
    if (!path.starts_with('/')) {
        const std::string_view base_path = base.path();
        merged = std::string{base_path.substr(0, base_path.rfind('/') + 1)} + merged;
    }
    return parse_url(authority + remove_dot_segments(merged) + std::string{query});
}

Result<std::string> join_url(std::string_view base, std::string_view relative) {
    const auto refuse = [&](std::string cause) {
        return std::unexpected(Error{.code = Errc::invalid_argument,
                                     .phase = Phase::parsing,
                                     .url = redact_url(base.substr(0, 200)),
                                     .cause = "'" + printable(relative.substr(0, 200)) + "' " + std::move(cause)});
    };
    if (relative.empty() || relative.size() > 4096) {
        return refuse(relative.empty() ? "is empty" : "is longer than 4096 bytes");
    }
    // A colon before the first slash would be read as a scheme.
    if (const auto colon = relative.find(':'); colon != std::string_view::npos && colon < relative.find('/')) {
        return refuse("is not a path inside the repository: it has a scheme of its own");
    }
    const std::string decoded = percent_decode(relative);
    if (decoded.front() == '/') {
        return refuse("is not a path inside the repository: it is absolute");
    }
    std::string_view rest = decoded;
    while (true) {
        const auto end = rest.find('/');
        const std::string_view segment = rest.substr(0, end);
        if (segment.empty() || segment == "." || segment == "..") {
            return refuse("is not a path inside the repository: it has the segment '" + std::string{segment} + "'");
        }
        if (std::ranges::any_of(segment, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\'; })) {
            return refuse("holds a control character or a backslash");
        }
        if (end == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(end + 1);
    }
    std::string out{base};
    while (out.ends_with('/')) {
        out.pop_back();
    }
    return out + "/" + percent_encode_path(relative);
}

}  // namespace lastack
